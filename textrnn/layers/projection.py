"""The part of a step that does not look at the state, W_x x_t + b, for all steps at once.

The gradient is stated by hand, because automatic differentiation sums a bias over a sequence several times slower
than a product does: here the bias is one more column of the weights, and its gradient falls out of theirs.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from textrnn.layers.cell import Cell, flatten_steps, sum_of_products

LARGEST_TABLE = 1024  # symbols; with more of them a table is as much work as projecting a batch


def project(cell: Cell, sequence: tf.Tensor) -> tf.Tensor:
    """W_x x_t + b: `sequence` `[B, T, D]` to `[T, blocks * H, B]`."""

    @tf.custom_gradient
    def projection(sequence: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        rows, steps, width = tf.shape(sequence)[0], tf.shape(sequence)[1], sequence.shape[2]
        inputs = tf.reshape(tf.transpose(sequence, [2, 1, 0]), [width, steps * rows])
        inputs = tf.concat([inputs, tf.ones([1, steps * rows], inputs.dtype)], axis=0)
        weights = tf.concat([tf.transpose(kernel), bias[:, None]], axis=1)
        projected = tf.reshape(tf.matmul(weights, inputs), [kernel.shape[1], steps, rows])

        def gradient(d_projected: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            dz = flatten_steps(d_projected)
            d_weights = sum_of_products(inputs, dz)
            d_sequence = tf.reshape(tf.matmul(kernel, dz), [width, steps, rows])
            return tf.transpose(d_sequence, [2, 1, 0]), d_weights[:-1], d_weights[-1]

        return tf.transpose(projected, [1, 0, 2]), gradient

    projected = projection(sequence, cell.read(cell.kernel), cell.input_bias())
    projected.set_shape([sequence.shape[1], cell.blocks * cell.units, sequence.shape[0]])
    return projected


def project_ids(cell: Cell, ids: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
    """W_x E[id] + b: `ids` int `[B, T]` and `embeddings` `[V, D]` to `[T, blocks * H, B]`.

    Where there are more ids than symbols, each symbol is projected once and the results are looked up.
    """

    def embed() -> tf.Tensor:
        return project(cell, tf.gather(embeddings, ids))

    def look_up() -> tf.Tensor:
        table = tf.matmul(embeddings, cell.read(cell.kernel)) + cell.input_bias()
        return _look_up(table, ids)

    symbols = embeddings.shape[0]
    if symbols > LARGEST_TABLE:
        return embed()
    if ids.shape.num_elements() is not None:
        return look_up() if ids.shape.num_elements() >= symbols else embed()
    projected = tf.cond(tf.size(ids) >= symbols, look_up, embed)
    projected.set_shape([ids.shape[1], cell.blocks * cell.units, ids.shape[0]])
    return projected


@tf.custom_gradient
def _look_up(table: tf.Tensor, ids: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    by_time = tf.transpose(ids)

    def gradient(d_projected: tf.Tensor) -> tuple[tf.Tensor, None]:
        dz = flatten_steps(d_projected)
        # A product with few rows sums the steps of each symbol faster than a scatter, which runs on one core.
        which = tf.one_hot(tf.reshape(by_time, [-1]), table.shape[0], axis=0, dtype=dz.dtype)
        return sum_of_products(which, dz), None

    return tf.transpose(tf.gather(table, by_time), [0, 2, 1]), gradient
