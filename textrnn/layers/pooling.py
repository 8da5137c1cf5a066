"""From a sequence of outputs to one vector, of a whole sequence or of one that comes in parts."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.recurrence import zero_masked

Pooled = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""What the steps so far come to: their sum and their maximum `[B, H]` and how many they are `[B, 1]`."""


@keras.saving.register_keras_serializable("textrnn")
class ConcatPooling(keras.layers.Layer):
    """The last output, the mean and the maximum over the real steps, side by side.

    The last output alone forgets long texts; the mean and the maximum keep a line open to every step. Masked steps
    count in none of the three; a row without a real step pools to zeros. A sequence that comes in parts is pooled
    with `start`, `add` for each part, and `finish`: its length costs no memory.

    Paper: Howard and Ruder, 2018, arXiv 1801.06146, section 3.3.

    Example:
        >>> ConcatPooling()(np.zeros((2, 5, 8), "float32"), np.zeros((2, 8), "float32")).shape
        TensorShape([2, 24])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, outputs: tf.Tensor, last: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Outputs `[B, T, H]`, the last real one `[B, H]`, mask bool `[B, T]`: to `[B, 3 H]`."""
        mask = getattr(outputs, "_keras_mask", None) if mask is None else mask
        pooled = self.add(self.start(tf.shape(outputs)[0], outputs.shape[-1]), outputs, mask)
        return self.finish(pooled, last)

    def start(self, rows: Any, units: int) -> Pooled:
        """No step yet."""
        zeros = tf.zeros([rows, units], self.variable_dtype)  # sums over many steps are too much for bfloat16
        return zeros, zeros + zeros.dtype.min, zeros[:, :1]

    def add(self, pooled: Pooled, outputs: tf.Tensor, mask: tf.Tensor | None = None) -> Pooled:
        """With the steps `[B, T, H]` of one more part; `mask` as for a call."""
        total, highest, count = pooled
        mask = tf.ones(tf.shape(outputs)[:2], tf.bool) if mask is None else tf.cast(mask, tf.bool)
        outputs = tf.cast(outputs, total.dtype)
        total += tf.reduce_sum(zero_masked(outputs, mask), axis=1)
        among = tf.where(mask[..., None], outputs, total.dtype.min)
        highest = tf.maximum(highest, tf.reduce_max(among, axis=1))
        return total, highest, count + tf.reduce_sum(tf.cast(mask, count.dtype), axis=1, keepdims=True)

    def finish(self, pooled: Pooled, last: tf.Tensor) -> tf.Tensor:
        """The pooled steps and the last output `[B, H]` as one vector `[B, 3 H]`."""
        total, highest, count = pooled
        mean = tf.math.divide_no_nan(total, count)
        highest = tf.where(count > 0, highest, tf.zeros_like(highest))
        return tf.cast(tf.concat([tf.cast(last, mean.dtype), mean, highest], axis=-1), self.compute_dtype)

    def compute_mask(self, outputs: Any, mask: tf.Tensor | None = None) -> None:
        return None
