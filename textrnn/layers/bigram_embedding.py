"""Embedding a symbol together with the one before it."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn import checks

MIXER = 1_000_003  # a prime: neighbouring ids spread over all buckets


@keras.saving.register_keras_serializable("textrnn")
class BigramEmbedding(keras.layers.Layer):
    """One vector for each pair of neighbours, beside the vectors of single symbols::

        y_t = E[hash(x_{t-1}, x_t)]     hash(a, b) = (a * 1000003 + b) mod buckets

    or, where the vectors of pairs are smaller than those of symbols, y_t = E[hash(x_{t-1}, x_t)] K.

    Weights: `embeddings` `[buckets, dim]` and, with `dim`, `kernel` `[dim, output_dim]`.

    A recurrent layer can learn that "not bad" is good, but from a few thousand sentences it does not; given the
    pair as a symbol of its own it need not. Pairs are hashed, so nothing is fitted and an unseen pair costs nothing.
    The pair at t depends on the ids at t - 1 and t alone, so padding on the right changes nothing.

    Paper: Joulin et al., 2016, Bag of tricks for efficient text classification, arXiv 1607.01759.

    Example:
        >>> BigramEmbedding(buckets=100, output_dim=8)(np.array([[3, 4, 5]])).shape
        TensorShape([1, 3, 8])

    Args:
        buckets: How many vectors there are; pairs that share a bucket share a vector.
        output_dim: Size of a vector.
        embeddings_initializer: For the vectors.
        dim: Size of what is kept of a pair, made a vector by a matrix that all pairs share; None keeps whole vectors.
        kernel_initializer: For that matrix.
    """

    def __init__(
        self,
        buckets: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        dim: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.buckets = checks.positive_integer("buckets", buckets)
        self.output_dim = checks.positive_integer("output_dim", output_dim)
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.dim = None if dim is None else checks.positive_integer("dim", dim)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any = None) -> None:
        shape = (self.buckets, self.output_dim if self.dim is None else self.dim)
        self.embeddings = self.add_weight(shape=shape, initializer=self.embeddings_initializer, name="embeddings")
        if self.dim is not None:
            shape = (self.dim, self.output_dim)
            self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.built = True

    def call(self, ids: tf.Tensor, before: tf.Tensor | None = None) -> tf.Tensor:
        """From ids int `[B, T]`, and those before the first, int `[B]`, if the sequence goes on, to vectors
        `[B, T, output_dim]`."""
        ids = tf.cast(ids, tf.int64)
        first = tf.zeros_like(ids[:, :1]) if before is None else tf.cast(before, tf.int64)[:, None]
        previous = tf.concat([first, ids], axis=1)[:, :-1]
        bucket = tf.math.floormod(previous * MIXER + ids, self.buckets)
        vectors = tf.cast(tf.gather(tf.convert_to_tensor(self.embeddings), bucket), self.compute_dtype)
        return vectors if self.dim is None else tf.matmul(vectors, tf.cast(self.kernel, self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "buckets": self.buckets,
            "output_dim": self.output_dim,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
            "dim": self.dim,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
