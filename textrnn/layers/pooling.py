"""Pooling: one vector for a sequence of outputs, which may come in parts."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import tensorflow as tf

from textrnn.forks import check_process
from textrnn.layers.masks import zero_masked

Pooled = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""Running sums over the steps so far, each `[B, H]` or `[B, 1]`; their meaning is the layer's."""


class Pooling(keras.layers.Layer):
    """Base class of poolings. Masked steps never count; a row without a real step pools to zeros.

    A sequence that comes in parts is pooled with `start`, `add` for each part, and `finish`: its length costs no
    memory.
    """

    vectors: ClassVar[int]
    """Number of vectors `[B, H]` side by side in the result."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, outputs: tf.Tensor, last: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """One vector a row, from outputs `[B, T, H]`, the last real one `[B, H]` and a mask bool `[B, T]`."""
        check_process()
        mask = getattr(outputs, "_keras_mask", None) if mask is None else mask
        pooled = self.add(self.start(tf.shape(outputs)[0], outputs.shape[-1]), outputs, mask)
        return self.finish(pooled, last)

    def start(self, rows: Any, units: int) -> Pooled:
        """The sums before the first step."""
        zeros = tf.zeros([rows, units], self.variable_dtype)  # sums over many steps are too much for bfloat16
        return self.empty(zeros)

    def add(self, pooled: Pooled, outputs: tf.Tensor, mask: tf.Tensor | None = None) -> Pooled:
        """The sums after the steps `[B, T, H]` of one more part; `mask` as for a call."""
        mask = tf.ones(tf.shape(outputs)[:2], tf.bool) if mask is None else tf.cast(mask, tf.bool)
        return self.added(pooled, zero_masked(tf.cast(outputs, self.variable_dtype), mask), mask)

    def add_step(self, pooled: Pooled, output: tf.Tensor, real: tf.Tensor) -> Pooled:
        """The sums after one more step, for a loop over time; here columns are examples.

        Args:
            pooled: The transposes of the sums before it.
            output: `[H, B]`.
            real: Bool `[1, B]`, False where the step is masked.
        """
        raise NotImplementedError

    def finish(self, pooled: Pooled, last: tf.Tensor) -> tf.Tensor:
        """The pooled steps and the last output `[B, H]` as one vector a row."""
        parts = [tf.cast(last, self.variable_dtype), *self.means(pooled)]
        return tf.cast(tf.concat(parts, axis=-1), self.compute_dtype)

    def empty(self, zeros: tf.Tensor) -> Pooled:
        """The sums before the first step, from zeros `[B, H]`."""
        raise NotImplementedError

    def added(self, pooled: Pooled, outputs: tf.Tensor, mask: tf.Tensor) -> Pooled:
        """The sums after more outputs, which are zero where masked."""
        raise NotImplementedError

    def means(self, pooled: Pooled) -> list[tf.Tensor]:
        """The vectors beside the last output, each `[B, H]`."""
        raise NotImplementedError

    def compute_output_shape(self, outputs_shape: Any, last_shape: Any = None) -> tuple[int | None, ...]:
        return (outputs_shape[0], self.vectors * outputs_shape[-1])

    def compute_mask(self, outputs: Any, mask: tf.Tensor | None = None) -> None:
        return None


@keras.saving.register_keras_serializable("textrnn")
class ConcatPooling(Pooling):
    """The last output, the mean and the maximum over the real steps, side by side: `[B, 3 H]`.

    The last output alone forgets long texts; the mean and the maximum keep a line open to every step. Masks and
    sequences in parts as for `Pooling`.

    Paper: Howard and Ruder, 2018, arXiv 1801.06146, section 3.3.

    Example:
        >>> ConcatPooling()(np.zeros((2, 5, 8), "float32"), np.zeros((2, 8), "float32")).shape
        TensorShape([2, 24])
    """

    vectors = 3

    def empty(self, zeros: tf.Tensor) -> Pooled:
        return zeros, zeros + zeros.dtype.min, zeros[:, :1]

    def added(self, pooled: Pooled, outputs: tf.Tensor, mask: tf.Tensor) -> Pooled:
        total, highest, count = pooled
        among = tf.where(tf.expand_dims(mask, -1), outputs, total.dtype.min)
        return (
            total + tf.reduce_sum(outputs, axis=1),
            tf.maximum(highest, tf.reduce_max(among, axis=1)),
            count + tf.reduce_sum(tf.cast(mask, count.dtype), axis=1, keepdims=True),
        )

    def add_step(self, pooled: Pooled, output: tf.Tensor, real: tf.Tensor) -> Pooled:
        total, highest, count = pooled
        share = tf.cast(real, total.dtype)
        among = output + tf.where(real, tf.zeros([], total.dtype), total.dtype.min)
        return total + output * share, tf.maximum(highest, among), count + share

    def means(self, pooled: Pooled) -> list[tf.Tensor]:
        total, highest, count = pooled
        return [tf.math.divide_no_nan(total, count), tf.where(count > 0, highest, tf.zeros_like(highest))]


@keras.saving.register_keras_serializable("textrnn")
class AttentionPooling(Pooling):
    """The last output and a mean whose weights are learned: `[B, 2 H]`::

        a_t = softmax_t(u . tanh(W h_t + b))      mean = sum_t a_t h_t

    u is zero at the start, which makes it the plain mean. Masks and sequences in parts as for `Pooling`.

    Paper: Yang et al., 2016, Hierarchical attention networks for document classification, equations 5 to 7.

    Example:
        >>> AttentionPooling()(np.zeros((2, 5, 8), "float32"), np.zeros((2, 8), "float32")).shape
        TensorShape([2, 16])

    Args:
        seed: For W.
    """

    vectors = 2

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, outputs_shape: Any, last_shape: Any = None) -> None:
        units = outputs_shape[-1]
        glorot = keras.initializers.GlorotUniform(seed=self.seed)
        self.kernel = self.add_weight(shape=(units, units), initializer=glorot, name="kernel")
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")
        self.query = self.add_weight(shape=(units,), initializer="zeros", name="query")
        self.built = True

    def empty(self, zeros: tf.Tensor) -> Pooled:
        return zeros, zeros[:, :1] + zeros.dtype.min, zeros[:, :1]

    def added(self, pooled: Pooled, outputs: tf.Tensor, mask: tf.Tensor) -> Pooled:
        total, highest, weight = pooled  # weights are counted against the highest score so far
        kernel, bias, query = (tf.cast(part, outputs.dtype) for part in (self.kernel, self.bias, self.query))
        scores = tf.tensordot(tf.tanh(tf.tensordot(outputs, kernel, 1) + bias), query, 1)
        scores = tf.where(mask, scores, scores.dtype.min)
        raised = tf.maximum(highest, tf.reduce_max(scores, axis=1, keepdims=True))
        weights = tf.where(mask, tf.exp(scores - raised), tf.zeros_like(scores))
        kept = tf.exp(highest - raised)
        return (
            total * kept + tf.einsum("bt,bth->bh", weights, outputs),
            raised,
            weight * kept + tf.reduce_sum(weights, axis=1, keepdims=True),
        )

    def add_step(self, pooled: Pooled, output: tf.Tensor, real: tf.Tensor) -> Pooled:
        total, highest, weight = pooled
        kernel, bias, query = (tf.cast(part, total.dtype) for part in (self.kernel, self.bias, self.query))
        hidden = tf.tanh(tf.matmul(kernel, output, transpose_a=True) + bias[:, None])
        scores = tf.where(real, tf.matmul(query[None], hidden), total.dtype.min)
        raised = tf.maximum(highest, scores)
        own, kept = tf.exp(scores - raised) * tf.cast(real, total.dtype), tf.exp(highest - raised)
        return total * kept + output * own, raised, weight * kept + own

    def means(self, pooled: Pooled) -> list[tf.Tensor]:
        total, _, weight = pooled
        return [tf.math.divide_no_nan(total, weight)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
