"""The reading of a batch step by step, each step through all layers of an encoder."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from textrnn.layers.cell import Cell, Tensors, product
from textrnn.layers.masks import select
from textrnn.layers.pooling import Pooled
from textrnn.layers.tables import look_up
from textrnn.models.text_encoder import TextEncoder
from textrnn.text import PAD_ID


class Step(NamedTuple):
    """One layer of a step; columns are rows of the batch.

    Attributes:
        cell: The cell.
        kernel: W_x, `[blocks * H, D]`.
        bias: b, float32 `[blocks * H, 1]`.
        weights: The other weights of `cell.step`.
    """

    cell: Cell
    kernel: tf.Tensor
    bias: tf.Tensor
    weights: Tensors


def can_read_by_steps(encoder: TextEncoder) -> bool:
    """Whether an encoder reads in one direction, with cells of `textrnn.layers`."""
    return not encoder.bidirectional and all(isinstance(layer.cell, Cell) for layer in encoder.recurrent_layers)


def read_by_steps(encoder: TextEncoder, ids: tf.Tensor, table: tf.Tensor | None = None) -> tf.Tensor:
    """Logits float32 `[B, labels]` of an encoder at inference, as of a call, for a large batch.

    Time is not projected ahead, as the engine of `Recurrent` does: the rows of a large batch fill a product already,
    and all that a step leaves behind, states and pooled outputs, stays in the processor's cache.

    Args:
        encoder: An encoder that reads in one direction.
        ids: Int32 `[B, T]`, padded at their end.
        table: Result of `TextEncoder.project_tokens`, if it is known.
    """
    rows, length = tf.unstack(tf.shape(ids))
    steps, by_time = [_step_of(layer.cell) for layer in encoder.recurrent_layers], tf.transpose(ids)
    padded = tf.pad(ids, [[0, 0], [encoder.remembered, 0]])

    def enter(t: tf.Tensor) -> tf.Tensor:
        """Projected input of the first layer, float32 `[blocks * H, B]`."""
        if table is not None:
            return tf.transpose(tf.gather(table, by_time[t]))
        embedded = _embed(encoder, ids[:, t : t + 1], padded[:, t : t + encoder.remembered])
        return _project(steps[0], tf.transpose(embedded[:, 0]))

    def read(done: tf.Tensor, states: Tensors, pooled: Pooled) -> tuple[tf.Tensor, Tensors, Pooled]:
        t = length - 1 - done if encoder.reverse else done
        real, after, projected = tf.not_equal(by_time[t], PAD_ID)[None], list[tf.Tensor](), enter(t)
        for number, step in enumerate(steps):
            before = states[len(after) :][: step.cell.number_of_states]
            stepped = select(real, step.cell.step(projected, before, step.weights)[0], before)
            after += stepped
            if number + 1 < len(steps):
                projected = _project(steps[number + 1], stepped[0])
        return done + 1, tuple(after), encoder.pooling.add_step(pooled, stepped[0], real)

    states, pooled, last_ids = encoder.start(rows)
    start: Any = (0, tuple(map(tf.transpose, states)), tuple(map(tf.transpose, pooled)))
    _, states, pooled = tf.while_loop(lambda done, *_: done < length, read, start, parallel_iterations=1)
    return encoder.answer((tuple(map(tf.transpose, states)), tuple(map(tf.transpose, pooled)), last_ids))


def _embed(encoder: TextEncoder, ids: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """Embeddings float32 `[B, 1, D]` of one step."""
    embedded = look_up(encoder.embedding.embeddings, ids)
    if encoder.ngram_embedding is None:
        return embedded
    return embedded + tf.cast(encoder.ngram_embedding(ids, before), embedded.dtype)


def _step_of(cell: Cell) -> Step:
    weights = tuple(tf.transpose(weight) for weight in cell.recurrent_weights())
    bias = tf.cast(cell.input_bias(), cell.variable_dtype)[:, None]
    return Step(cell, tf.transpose(cell.read(cell.kernel)), bias, weights)


def _project(step: Step, columns: tf.Tensor) -> tf.Tensor:
    """W_x x + b, float32, of `[D, B]`."""
    return product(step.kernel, tf.cast(columns, step.bias.dtype)) + step.bias
