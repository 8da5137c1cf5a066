"""Embeddings of n-grams: a token together with those before it."""

from __future__ import annotations

import functools
import operator
from typing import Any

import keras
import tensorflow as tf

from textrnn import checks
from textrnn.forks import check_process
from textrnn.hashing import hash_ngrams
from textrnn.layers.tables import look_up


def last_ids(before: tf.Tensor, ids: tf.Tensor, is_real: tf.Tensor) -> tf.Tensor:
    """The last N tokens of each text, int32 `[B, N]`, after a part ids int `[B, T]` that follows `before` `[B, N]`.

    Real are the steps where `is_real`, bool `[B, T]`.
    """
    remembered = before.shape[1]
    is_real = tf.pad(is_real, [[0, 0], [remembered, 0]], constant_values=True)
    end = tf.reduce_max(tf.where(is_real, tf.range(1, tf.shape(is_real)[1] + 1), 0), axis=1, keepdims=True)
    ids = tf.concat([before, tf.cast(ids, tf.int32)], axis=1)
    return tf.gather(ids, end - tf.range(remembered, 0, -1), batch_dims=1)


@keras.saving.register_keras_serializable("textrnn")
class NgramEmbedding(keras.layers.Layer):
    """Vectors of the last two tokens, of the last three and so on, beside those of single tokens::

        y_t = E[hash(x_{t-1}, x_t)] + E[hash(x_{t-2}, x_{t-1}, x_t)] + ...     up to `ngrams` tokens

    or, where the vectors of n-grams are smaller than those of tokens, that times K.

    Weights: `embeddings` `[buckets, dim]` and, with `dim`, `kernel` `[dim, output_dim]`.

    A recurrent layer can learn that "not bad" is good, or which bytes are a word, but from a few thousand texts it
    does not. With the n-gram as a token of its own it need not. N-grams are hashed (`textrnn.hashing`), so nothing
    is fitted and an unseen one costs nothing. The vector added at t depends on the last `ngrams` ids alone, so
    padding on the right changes nothing. Ids 0 precede the first token of a text. The gradient takes the memory of
    `[B, T, ngrams - 1, dim]`.

    Papers: Joulin et al., 2016, Bag of tricks for efficient text classification, arXiv 1607.01759, for words; Pagnoni
    et al., 2024, Byte latent transformer, arXiv 2412.09871, section 3.2.1, for bytes.

    Example:
        >>> NgramEmbedding(buckets=100, output_dim=8)(np.array([[3, 4, 5]])).shape
        TensorShape([1, 3, 8])

    Args:
        buckets: Number of vectors; n-grams that share a bucket share a vector.
        output_dim: Size of a vector.
        ngrams: Number of tokens in the longest n-gram, at least 2: 2 for pairs, 3 for pairs and threes.
        embeddings_initializer: For the vectors.
        dim: Size of a stored vector, which a shared matrix maps to `output_dim`; None stores whole vectors.
        kernel_initializer: For that matrix.
    """

    def __init__(
        self,
        buckets: int,
        output_dim: int,
        ngrams: int = 2,
        embeddings_initializer: Any = "uniform",
        dim: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.buckets = checks.positive_integer("buckets", buckets)
        self.output_dim = checks.positive_integer("output_dim", output_dim)
        self.ngrams = checks.integer_of_at_least(2, "ngrams", ngrams)
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.dim = None if dim is None else checks.positive_integer("dim", dim)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any = None) -> None:
        shape = (self.buckets, self.output_dim if self.dim is None else self.dim)
        self.embeddings = self.add_weight(
            shape=shape,
            initializer=self.embeddings_initializer,
            autocast=False,  # only the rows that are looked up are cast
            name="embeddings",
        )
        if self.dim is not None:
            shape = (self.dim, self.output_dim)
            self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.built = True

    def call(self, ids: tf.Tensor, before: tf.Tensor | None = None) -> tf.Tensor:
        """Vectors `[B, T, output_dim]` of ids int `[B, T]`.

        A sequence that is continued has the ids `before` its first one, int `[B, ngrams - 1]`.
        """
        check_process()
        ids = tf.cast(ids, tf.int64)
        if before is None:
            before = tf.zeros([tf.shape(ids)[0], self.ngrams - 1], tf.int64)
        elif before.shape[1] not in (None, self.ngrams - 1):
            raise ValueError(f"`before` must be [B, {self.ngrams - 1}], ids; received the shape {before.shape}.")
        ids = tf.concat([tf.cast(before, tf.int64), ids], axis=1)
        buckets = hash_ngrams(ids, self.ngrams, self.buckets)
        vectors = functools.reduce(operator.add, (look_up(self.embeddings, bucket) for bucket in buckets))
        vectors = tf.cast(vectors, self.compute_dtype)
        return vectors if self.dim is None else tf.matmul(vectors, tf.cast(self.kernel, self.compute_dtype))

    def compute_output_shape(self, ids_shape: Any, before_shape: Any = None) -> tuple[int | None, ...]:
        return (*ids_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "buckets": self.buckets,
            "output_dim": self.output_dim,
            "ngrams": self.ngrams,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
            "dim": self.dim,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
