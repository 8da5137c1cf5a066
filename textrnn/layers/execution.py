"""Each engine as a function of the same `Run`: the loop, the scan, cuDNN and Keras's own RNN layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from textrnn.layers import cudnn
from textrnn.layers.cell import Cell, States
from textrnn.layers.engine import Engine
from textrnn.layers.masks import zero_masked
from textrnn.layers.projection import Projection
from textrnn.layers.recurrence import run_recurrence
from textrnn.layers.scan import run_scan
from textrnn.layers.shards import count_shards, map_shards
from textrnn.layers.zoneout import Zoneout

Outcome = tuple[tf.Tensor, tf.Tensor, States]
"""Outputs `[B, T, H]`, the last real one `[B, H]`, and the final states."""


@dataclass(frozen=True)
class Run:
    """A cell and everything it is run on.

    Attributes:
        cell: A built cell.
        source: A sequence `[B, T, D]`, or ids int32 `[B, T]`.
        project: From a cell and a source to its projection; not used by Keras's engine.
        weights: The recurrent weights; not used by Keras's engine.
        initial: The states before the first step, each `[B, H]`.
        mask: Bool `[B, T]`, or None when all steps are real.
        reverse: Whether to read from the last step to the first.
        make_zoneout: Draws the zoneout of one part of a batch.
        training: Whether to save the tensors that a gradient needs; passed on to a cell of Keras.
        policy: The dtype policy of the layer, for Keras's engine.
    """

    cell: Any
    source: tf.Tensor
    project: Callable[[Cell, tf.Tensor], Projection]
    weights: tuple[tf.Tensor, ...]
    initial: list[tf.Tensor]
    mask: tf.Tensor | None
    reverse: bool
    make_zoneout: Callable[[], Zoneout | None]
    training: bool | None
    policy: Any


def run_loop(run: Run) -> Outcome:
    def loop(projection: Projection, initial: States, mask: tf.Tensor | None, zoneout: Zoneout | None) -> Any:
        saves = bool(run.training)
        return run_recurrence(run.cell, projection, run.weights, initial, mask, zoneout=zoneout, saves=saves)

    return _outcome(run, *_run_in_parts(run, loop))


def run_in_log_depth(run: Run) -> Outcome:
    def scan(projection: Projection, initial: States, mask: tf.Tensor | None, zoneout: Zoneout | None) -> Any:
        return run_scan(run.cell, projection.at_once(), initial, mask)

    return _outcome(run, *_run_in_parts(run, scan))


def run_cudnn(run: Run) -> Outcome:
    return _outcome(run, *cudnn.run(run.cell, run.source, run.weights, tuple(run.initial), run.mask, run.reverse))


def run_cudnn_or_loop(run: Run) -> Outcome:
    is_served = cudnn.is_right_padded(run.mask)
    outputs, _, states = tf.cond(is_served, lambda: run_cudnn(run), lambda: run_loop(run))
    return _outcome(run, outputs, states)


def run_keras(run: Run) -> Outcome:
    layer = keras.layers.RNN(run.cell, return_sequences=True, return_state=True, dtype=run.policy)
    sequence, mask = _turned(run.source, run.mask) if run.reverse else (run.source, run.mask)
    nested = tf.nest.pack_sequence_as(run.cell.state_size, run.initial)
    outputs, *states = layer(sequence, initial_state=nested, mask=mask, training=run.training)
    # Keras repeats the last output at masked steps, so the last one is the last real one.
    last, outputs = outputs[:, -1], zero_masked(outputs, mask)
    states = [tf.cast(state, run.cell.variable_dtype) for state in tf.nest.flatten(states)]
    return tf.reverse(outputs, [1]) if run.reverse else outputs, last, tuple(states)


ENGINES: dict[Engine, Callable[[Run], Outcome]] = {
    "loop": run_loop,
    "scan": run_in_log_depth,
    "cudnn": run_cudnn,
    "cudnn_or_loop": run_cudnn_or_loop,
    "keras": run_keras,
}


def _run_in_parts(run: Run, engine: Callable[..., tuple[tf.Tensor, States]]) -> tuple[tf.Tensor, States]:
    """Outputs `[B, T, H]` and final states `[B, H]`, each core with a part of the rows.

    Inside `engine` time comes first, then units, then rows: a step is one block of memory, a gate is another.
    """

    def run_part(source: tf.Tensor, mask: tf.Tensor | None, initial: States) -> tuple[tf.Tensor, ...]:
        if run.reverse:
            source, mask = _turned(source, mask)
        projection, zoneout = run.project(run.cell, source), run.make_zoneout()
        columns, by_time = tuple(map(tf.transpose, initial)), None if mask is None else tf.transpose(mask)
        outputs, states = engine(projection, columns, by_time, zoneout)
        outputs = tf.transpose(outputs, [2, 0, 1])
        return tf.reverse(outputs, [1]) if run.reverse else outputs, *map(tf.transpose, states)

    rows = run.source.shape[0]
    count = 1 if rows is None and not run.training else count_shards(rows)
    parts = map_shards(run_part, count, run.source, run.mask, tuple(run.initial))
    outputs, *states = (_join(list(column)) for column in zip(*parts, strict=True))
    return outputs, tuple(states)


def _outcome(run: Run, outputs: tf.Tensor, states: States) -> Outcome:
    """The outcome of a `Cell`, whose first state is its output; its shapes as far as they are known."""
    outputs.set_shape([*run.source.shape[:2], run.cell.units])
    for state in states:
        state.set_shape([run.source.shape[0], run.cell.units])
    return outputs, states[0], states


def _turned(sequence: tf.Tensor, mask: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor | None]:
    return tf.reverse(sequence, [1]), None if mask is None else tf.reverse(mask, [1])


def _join(parts: list[tf.Tensor]) -> tf.Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
