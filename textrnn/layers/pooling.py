"""From a sequence of outputs to one vector."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.recurrence import zero_masked


@keras.saving.register_keras_serializable("textrnn")
class ConcatPooling(keras.layers.Layer):
    """The last output, the mean and the maximum over the real steps, side by side.

    The last output alone forgets long texts; the mean and the maximum keep a line open to every step. Masked steps
    count in none of the three; a row without a real step pools to zeros.

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
        mask = tf.ones(tf.shape(outputs)[:2], tf.bool) if mask is None else tf.cast(mask, tf.bool)
        real = tf.cast(mask, outputs.dtype)[..., None]
        count = tf.reduce_sum(real, axis=1)
        total = tf.reduce_sum(zero_masked(outputs, mask), axis=1)
        mean = tf.math.divide_no_nan(total, count)
        lowest = tf.constant(outputs.dtype.min, outputs.dtype)
        highest = tf.reduce_max(tf.where(mask[..., None], outputs, lowest), axis=1)
        highest = tf.where(count > 0, highest, tf.zeros_like(highest))
        return tf.concat([tf.cast(last, outputs.dtype), mean, highest], axis=-1)

    def compute_mask(self, outputs: Any, mask: tf.Tensor | None = None) -> None:
        return None
