"""The wide path of a classifier: a weight for each n-gram and label, summed into the logits beside the network's."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn import checks
from textrnn.forks import check_process
from textrnn.hashing import hash_ngrams
from textrnn.layers.ngram_embedding import last_ids
from textrnn.layers.tables import look_up

WideState = tuple[tf.Tensor, tf.Tensor]
"""State of texts that come in parts: the sum of the weights so far `[B, labels]`, and the last ids."""


@keras.saving.register_keras_serializable("textrnn")
class WidePath(keras.layers.Layer):
    """Linear classifier of tokens and n-grams, added to the logits of a network::

        logits = share * network + b + sum over t of (W[x_t] + V[hash(x_{t-1}, x_t)] + ...)    up to `ngrams` tokens

    Weights: `tokens` `[vocabulary_size, labels]`, with `ngrams` of 2 or more `hashed` `[buckets, labels]`, `bias`
    `[labels]` and `share` `[1]`. No gradient changes them: `textrnn.training.wide_path` fits them. New ones leave the
    logits of the network as they are.

    A linear classifier learns more from few texts than a network, and both make different mistakes. The weight of an
    n-gram counts at the step of its last token, so padding on the right changes nothing. Ids 0 precede the first
    token.

    Papers: Cheng et al., 2016, Wide & deep learning for recommender systems, arXiv 1606.07792; Wang and
    Manning, 2012, Baselines and bigrams.

    Example:
        >>> WidePath(9, labels=2, ngrams=2, buckets=100)(np.array([[3, 4, 5]]), np.zeros((1, 2), "float32")).shape
        TensorShape([1, 2])

    Args:
        vocabulary_size: Number of token ids.
        labels: Number of labels.
        ngrams: Number of tokens in the longest n-gram; 1 for tokens alone.
        buckets: Number of weights for hashed n-grams of a label.
    """

    def __init__(self, vocabulary_size: int, labels: int, ngrams: int, buckets: int, **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.vocabulary_size = checks.positive_integer("vocabulary_size", vocabulary_size)
        self.labels = checks.positive_integer("labels", labels)
        self.ngrams = checks.positive_integer("ngrams", ngrams)
        self.buckets = checks.positive_integer("buckets", buckets)

    def build(self, input_shape: Any = None) -> None:
        def zeros(name: str, *shape: int, value: str = "zeros") -> keras.Variable:
            options = {"initializer": value, "trainable": False, "autocast": False, "dtype": "float32"}
            return self.add_weight(shape=shape, name=name, **options)

        self.tokens = zeros("tokens", self.vocabulary_size, self.labels)
        self.hashed = zeros("hashed", self.buckets, self.labels) if self.ngrams > 1 else None
        self.bias = zeros("bias", self.labels)
        self.share = zeros("share", 1, value="ones")
        self.built = True

    def call(self, ids: tf.Tensor, network: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Logits float32 `[B, labels]` of texts, ids int `[B, T]`, with those of the network `[B, labels]`."""
        check_process()
        state = self.read(ids, self.start(tf.shape(ids)[0]), mask)
        return self.answer(state, network)

    def start(self, rows: Any) -> WideState:
        """State before the first token of each of `rows` texts."""
        return tf.zeros([rows, self.labels]), tf.zeros([rows, self.ngrams - 1], tf.int32)

    def read(self, ids: tf.Tensor, carried: WideState, mask: tf.Tensor | None = None) -> WideState:
        """State after one more part of each text, ids int `[B, T]`, padded at its end."""
        total, before = carried
        is_real = tf.not_equal(ids, 0) if mask is None else mask
        weights = look_up(self.tokens, ids)
        if self.hashed is not None:
            all_ids = tf.cast(tf.concat([before, tf.cast(ids, tf.int32)], axis=1), tf.int64)
            for buckets in hash_ngrams(all_ids, self.ngrams, self.buckets):
                weights += look_up(self.hashed, buckets)
        total += tf.reduce_sum(tf.where(is_real[..., None], weights, 0), axis=1)
        return total, last_ids(before, ids, is_real)

    def answer(self, carried: WideState, network: tf.Tensor) -> tf.Tensor:
        """Logits float32 `[B, labels]` from a state and the logits of the network `[B, labels]`."""
        return self.share.value * network + self.bias.value + carried[0]

    def compute_output_shape(self, ids_shape: Any, network_shape: Any) -> tuple[int | None, ...]:
        return (ids_shape[0], self.labels)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "labels": self.labels,
            "ngrams": self.ngrams,
            "buckets": self.buckets,
        }
