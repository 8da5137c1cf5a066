"""Dropout that is the same along one axis."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn import checks


@keras.saving.register_keras_serializable("textrnn")
class LockedDropout(keras.layers.Layer):
    """Drops features of a sequence `[B, T, D]`, the same at all steps of a row::

        y_t = x_t * m / (1 - rate),   m of D numbers, each 0 with probability `rate`, else 1

    At inference nothing is dropped. Padding stays as it is; masks are passed on.

    Paper: Gal and Ghahramani, 2016, arXiv 1512.05287. With the axis of features locked instead, a matrix of
    embeddings `[V, D]` loses whole tokens, as in its section 4.2.

    Example:
        >>> layer = LockedDropout(0.5, seed=1)
        >>> layer(np.ones((2, 5, 3), "float32"), training=True).shape
        TensorShape([2, 5, 3])

    Args:
        rate: Fraction dropped.
        axis: The axis along which the same features are dropped; 1 is time.
        seed: For the dropped features.

    Raises:
        ValueError: If `rate` is not a fraction.
    """

    def __init__(self, rate: float, *, axis: int = 1, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = checks.fraction("rate", rate)
        self.axis = axis
        self.seed = seed
        self.seeds: Any = keras.random.SeedGenerator(seed) if rate else None
        self.supports_masking = True

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Inputs of any shape, with features dropped if `training`."""
        if not (training and self.rate):
            return inputs
        shape = tf.tensor_scatter_nd_update(tf.shape(inputs), [[self.axis]], [1])
        return inputs * draw_mask(shape, self.rate, self.seeds.next(), inputs.dtype)

    def compute_output_shape(self, inputs_shape: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "axis": self.axis, "seed": self.seed}


def draw_mask(shape: Any, rate: float, seed: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Zeros with probability `rate`, else 1 / (1 - rate).

    Chances are drawn in float32: numbers of bfloat16 lie so far apart that the rate would be another one.
    """
    chance = tf.random.stateless_uniform(shape, tf.cast(seed, tf.int32))
    return tf.cast(tf.cast(chance >= rate, tf.float32) / (1 - rate), dtype)
