"""The part of a step that does not depend on the state, W_x x_t + b, for many steps at once.

Its gradient is stated by hand, for two reasons. The engine runs both a chunk of time at a time. And automatic
differentiation sums a bias over a sequence several times slower than a product does: here the bias is one more row of
the weights, and its gradient is a row of theirs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import tensorflow as tf

from textrnn.layers.cell import Cell, sum_of_products

LARGEST_TABLE = 1024  # tokens; with more of them a table is as much work as projecting a batch


@dataclass(frozen=True)
class Projection(ABC):
    """A layer's inputs and their projection."""

    source: tf.Tensor
    """Time first: `[T, B, D]`, or ids `[T, B]`."""
    weights: tf.Tensor

    @abstractmethod
    def prepare(self) -> tf.Tensor:
        """The weights in the form that `project` and `gradients` take, made once for all steps."""

    @abstractmethod
    def project(self, prepared: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
        """The projection `[steps, blocks * H, B]` of some steps of the source."""

    @abstractmethod
    def gradients(self, prepared: tf.Tensor, steps: tf.Tensor, dz: tf.Tensor) -> tuple[tf.Tensor | None, tf.Tensor]:
        """Gradients of some steps, None for ids, and of the weights, from that of their projection, laid out as by
        `flatten_steps`."""

    def at_once(self) -> tf.Tensor:
        """The projection of all steps, `[T, blocks * H, B]`."""
        return self.project(self.prepare(), self.source)


class Product(Projection):
    """W_x x_t + b. The weights are the kernel above the bias, `[D + 1, blocks * H]`."""

    def prepare(self) -> tf.Tensor:
        return tf.transpose(self.weights)

    def project(self, prepared: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
        return tf.matmul(prepared, _with_ones(steps), transpose_b=True)

    def gradients(self, prepared: tf.Tensor, steps: tf.Tensor, dz: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        d_steps = tf.matmul(dz, prepared[:, :-1])
        entered = tf.reshape(_with_ones(steps), [tf.shape(dz)[0], self.weights.shape[0]])
        return tf.reshape(d_steps, tf.shape(steps)), sum_of_products(entered, dz)


class LookUp(Projection):
    """Rows of a table `[tokens, blocks * H]`, which are the weights."""

    def prepare(self) -> tf.Tensor:
        return self.weights

    def project(self, prepared: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
        return tf.transpose(tf.gather(prepared, steps), [0, 2, 1])

    def gradients(self, prepared: tf.Tensor, steps: tf.Tensor, dz: tf.Tensor) -> tuple[None, tf.Tensor]:
        # A product with few rows sums the steps of each token faster than a scatter, which runs on one core.
        which = tf.one_hot(tf.reshape(steps, [-1]), tf.shape(self.weights)[0], dtype=dz.dtype)
        return None, sum_of_products(which, dz)


def project_sequence(cell: Cell, sequence: tf.Tensor) -> Product:
    """W_x x_t + b of a sequence `[B, T, D]`."""
    weights = tf.concat([cell.read(cell.kernel), cell.input_bias()[None]], axis=0)
    return Product(tf.transpose(sequence, [1, 0, 2]), weights)


def project_ids(cell: Cell, ids: tf.Tensor, embeddings: tf.Tensor) -> Projection:
    """W_x E[id] + b of ids int32 `[B, T]` and `embeddings` `[V, D]`.

    Each token is projected once, or each id where there are fewer of them, and the results are looked up.
    """
    tokens = embeddings.shape[0]
    if tokens > LARGEST_TABLE:
        return project_sequence(cell, tf.gather(embeddings, ids))
    number = tf.size(ids)
    size, are_many = tf.minimum(number, tokens), number >= tokens
    rows = tf.where(are_many, tf.range(size), tf.reshape(ids, [-1])[:size])
    places = tf.where(are_many, ids, tf.reshape(tf.range(number), tf.shape(ids)))
    return LookUp(tf.transpose(places), project_tokens(cell, tf.gather(embeddings, rows)))


def project_tokens(cell: Cell, embeddings: tf.Tensor) -> tf.Tensor:
    """W_x E + b of all tokens, the table `[V, blocks * H]` of a `LookUp`, from `embeddings` `[V, D]`."""
    return tf.matmul(embeddings, cell.read(cell.kernel)) + cell.input_bias()


def _with_ones(steps: tf.Tensor) -> tf.Tensor:
    """`steps` `[T, B, D]` with a one at the end of each row, which the bias is multiplied by."""
    return tf.concat([steps, tf.ones_like(steps[:, :, :1])], axis=-1)
