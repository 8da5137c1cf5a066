"""The part of a step that does not look at the state, W_x x_t + b, for many steps at once.

Its gradient is stated by hand beside it, because the engine runs both a chunk of time at a time, and because automatic
differentiation sums a bias over a sequence several times slower than a product does: here the bias is one more column
of the weights, and its gradient falls out of theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from textrnn.layers.cell import Cell, flatten_steps, sum_of_products

LARGEST_TABLE = 1024  # symbols; with more of them a table is as much work as projecting a batch


@dataclass(frozen=True)
class Projection:
    """What enters a layer and how it is projected."""

    source: tf.Tensor
    """Time first: `[T, D, B]`, or ids `[T, B]`."""
    weights: tf.Tensor
    project: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    """From the weights and some steps of the source to `[steps, blocks * H, B]`."""
    gradients: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor | None, tf.Tensor]]
    """From the weights, some steps of the source and the gradient of their projection, laid out as `flatten_steps`
    does, to the gradients of these steps, None for ids, and of the weights."""

    def at_once(self) -> tf.Tensor:
        """The projection of all steps, `[T, blocks * H, B]`."""
        return self.project(self.weights, self.source)


def project_sequence(cell: Cell, sequence: tf.Tensor) -> Projection:
    """W_x x_t + b of a sequence `[B, T, D]`."""
    weights = tf.concat([tf.transpose(cell.read(cell.kernel)), cell.input_bias()[:, None]], axis=1)
    return Projection(tf.transpose(sequence, [1, 2, 0]), weights, _multiply, _multiply_gradients)


def project_ids(cell: Cell, ids: tf.Tensor, embeddings: tf.Tensor) -> Projection:
    """W_x E[id] + b of ids int `[B, T]` and `embeddings` `[V, D]`.

    Each symbol is projected once, or each id where there are fewer of them, and the results are looked up.
    """
    symbols = embeddings.shape[0]
    if symbols > LARGEST_TABLE:
        return project_sequence(cell, tf.gather(embeddings, ids))
    number, shape = tf.size(ids), tf.shape(ids)
    rows, places = tf.cond(
        number >= symbols,
        lambda: (tf.range(symbols, dtype=ids.dtype), ids),
        lambda: (tf.reshape(ids, [-1]), tf.reshape(tf.range(number, dtype=ids.dtype), shape)),
    )
    places.set_shape(ids.shape)
    table = tf.matmul(tf.gather(embeddings, rows), cell.read(cell.kernel)) + cell.input_bias()
    return Projection(tf.transpose(places), table, _look_up, _look_up_gradients)


def _multiply(weights: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    width, count, rows = weights.shape[0], tf.shape(steps)[0], tf.shape(steps)[2]
    projected = tf.matmul(weights, _with_ones(flatten_steps(steps)))
    return tf.transpose(tf.reshape(projected, [width, count, rows]), [1, 0, 2])


def _multiply_gradients(weights: tf.Tensor, steps: tf.Tensor, dz: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    shape = tf.shape(steps)
    flat = tf.matmul(weights[:, :-1], dz, transpose_a=True)
    d_steps = tf.transpose(tf.reshape(flat, tf.gather(shape, [1, 0, 2])), [1, 0, 2])
    return d_steps, sum_of_products(dz, _with_ones(flatten_steps(steps)))


def _with_ones(columns: tf.Tensor) -> tf.Tensor:
    return tf.concat([columns, tf.ones([1, tf.shape(columns)[1]], columns.dtype)], axis=0)


def _look_up(table: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    return tf.transpose(tf.gather(table, ids), [0, 2, 1])


def _look_up_gradients(table: tf.Tensor, ids: tf.Tensor, dz: tf.Tensor) -> tuple[None, tf.Tensor]:
    # A product with few rows sums the steps of each symbol faster than a scatter, which runs on one core.
    which = tf.one_hot(tf.reshape(ids, [-1]), tf.shape(table)[0], axis=0, dtype=dz.dtype)
    return None, sum_of_products(which, dz)
