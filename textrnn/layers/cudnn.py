"""LSTM and GRU on a GPU by cuDNN, which runs the whole recurrence as one kernel.

It serves float32 and float64 sequences whose padding, if any, is on the right and leaves every row a real step.
Anything else runs in the loop of `layers/recurrence.py`, on a GPU as on a CPU.
"""

from __future__ import annotations

import tensorflow as tf

from textrnn.layers.cell import Cell, States
from textrnn.layers.gru_cell import GRUCell
from textrnn.layers.lstm_cell import LSTMCell

GATE_ORDERS = {LSTMCell: (0, 1, 2, 3), GRUCell: (1, 0, 2)}
"""Keras's blocks of gates in cuDNN's order: i, f, g, o and r, z, g."""


def why_not(cell: Cell) -> str | None:
    """The reason cuDNN cannot run `cell`, or None if it can."""
    if type(cell) not in GATE_ORDERS:
        return f"cuDNN has no {type(cell).__name__}"
    if isinstance(cell, GRUCell) and not cell.reset_after:
        return "cuDNN has no GRU with reset_after=False"
    if cell.compute_dtype not in ("float32", "float64"):
        return f"its compute dtype is {cell.compute_dtype}"
    return None


def is_right_padded(mask: tf.Tensor) -> tf.Tensor:
    """Whether every row of `mask` `[B, T]` is some real steps, at least one, and then padding: a bool scalar."""
    has_real_step = tf.reduce_all(mask[:, :1])
    return has_real_step & tf.reduce_all(mask[:, :-1] | ~mask[:, 1:])


def run(
    cell: Cell,
    sequence: tf.Tensor,
    weights: tuple[tf.Tensor, ...],
    initial: States,
    mask: tf.Tensor | None,
    reverse: bool,
) -> tuple[tf.Tensor, States]:
    """The outputs `[B, T, H]` and final states `[B, H]`; the mask, if any, is right-padded."""
    rows, steps = tf.shape(sequence)[0], tf.shape(sequence)[1]
    lengths = tf.fill([rows], steps) if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    if reverse:
        sequence = tf.reverse_sequence(sequence, lengths, seq_axis=1)
    h, c = initial if len(initial) == 2 else (initial[0], None)
    outputs, h, c, _, _ = tf.raw_ops.CudnnRNNV3(
        input=tf.transpose(sequence, [1, 0, 2]),
        input_h=h[None],
        input_c=tf.zeros([], h.dtype) if c is None else c[None],
        params=pack_weights(cell, weights),
        sequence_lengths=lengths,
        rnn_mode="gru" if c is None else "lstm",
        is_training=True,
        time_major=True,
    )
    outputs = tf.transpose(outputs, [1, 0, 2])
    if reverse:
        outputs = tf.reverse_sequence(outputs, lengths, seq_axis=1)
    return outputs, (h[0], c[0])[: len(initial)]


def pack_weights(cell: Cell, weights: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """All weights in cuDNN's layout and gate order: the transposed blocks of W_x, of W_h, then b and b_h."""
    order = GATE_ORDERS[type(cell)]

    def blocks(weight: tf.Tensor) -> list[tf.Tensor]:
        parts = tf.split(weight, cell.blocks, axis=-1)
        return [tf.reshape(tf.transpose(parts[n]), [-1]) for n in order]

    kernel, (recurrent_kernel, *recurrent_bias) = cell.read(cell.kernel), weights
    bias = cell.input_bias()
    b_h = recurrent_bias[0][0] if recurrent_bias else tf.zeros_like(bias)
    return tf.concat([part for weight in (kernel, recurrent_kernel, bias, b_h) for part in blocks(weight)], axis=0)
