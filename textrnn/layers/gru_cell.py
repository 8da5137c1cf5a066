"""The gated recurrent unit."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.cell import Cell, States, product, sum_of_products


@keras.saving.register_keras_serializable("textrnn")
class GRUCell(Cell):
    """A cell that mixes its state with a candidate, each unit at its own rate::

        z_t, r_t = sigmoid(W_x x_t + b + W_h h_{t-1} + b_h), each with its own block of columns
        g_t = tanh(W_x x_t + b + r_t * (W_h h_{t-1} + b_h))     reset_after=True (the default, as in cuDNN)
        g_t = tanh(W_x x_t + b + W_h (r_t * h_{t-1}))           reset_after=False (the paper)
        h_t = z_t * h_{t-1} + (1 - z_t) * g_t

    Weights lie as in `keras.layers.GRU`, blocks in the order z, r, g: `kernel` `[D, 3 H]`,
    `recurrent_kernel` `[H, 3 H]`, `bias` `[2, 3 H]` (b above b_h) or, with `reset_after=False`, `[3 H]`.
    Masking is the business of `Recurrent`.

    Paper: Cho et al., 2014, arXiv 1406.1078.

    Example:
        >>> layer = Recurrent(GRUCell(8), return_sequences=True)
        >>> layer(np.zeros((2, 5, 3), "float32")).shape
        TensorShape([2, 5, 8])

    Args:
        units: H, the size of the state.
        reset_after: Whether the reset gate acts after the product with W_h.
        **kwargs: As for `Cell`.
    """

    blocks = 3

    def __init__(self, units: int, *, reset_after: bool = True, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.reset_after = reset_after

    @property
    def saved_sizes(self) -> tuple[int, ...]:
        return (4 * self.units,)

    def build_bias(self, width: int) -> keras.Variable:
        if not self.reset_after:
            return super().build_bias(width)
        return self.add_weight(shape=(2, width), initializer=self.bias_initializer, name="bias")

    def input_bias(self) -> tf.Tensor | None:
        bias = super().input_bias()
        return bias[0] if bias is not None and self.reset_after else bias

    def recurrent_weights(self) -> tuple[tf.Tensor, ...]:
        has_recurrent_bias = self.use_bias and self.reset_after
        recurrent_bias = (self.read(self.bias)[1],) if has_recurrent_bias else ()
        return (*super().recurrent_weights(), *recurrent_bias)

    def step(
        self, projected: tf.Tensor, states: States, weights: tuple[tf.Tensor, ...]
    ) -> tuple[States, tuple[tf.Tensor, ...]]:
        (h,) = states
        x_zr, x_g = tf.split(projected, [2 * self.units, self.units], axis=1)
        if self.reset_after:
            recurrent = product(h, weights[0]) + sum(tf.cast(bias, h.dtype) for bias in weights[1:])
            h_zr, inner = tf.split(recurrent, [2 * self.units, self.units], axis=1)
            z, r = tf.split(tf.sigmoid(x_zr + h_zr), 2, axis=1)
            g = tf.tanh(x_g + r * inner)
        else:
            kernel_zr, kernel_g = tf.split(weights[0], [2 * self.units, self.units], axis=1)
            z, r = tf.split(tf.sigmoid(x_zr + product(h, kernel_zr)), 2, axis=1)
            inner = r * h
            g = tf.tanh(x_g + product(inner, kernel_g))
        h = z * h + (1 - z) * g
        return (h,), (tf.concat([z, r, g, inner], axis=1),)

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: tuple[tf.Tensor, ...],
        weights: tuple[tf.Tensor, ...],
    ) -> tuple[tf.Tensor, States]:
        (dh,), (h,), recurrent_kernel = d_states, previous, weights[0]
        z, r, g, inner = tf.split(saved[0], 4, axis=1)
        dz_z = dh * (h - g) * z * (1 - z)
        dz_g = dh * (1 - z) * (1 - g * g)
        if self.reset_after:
            dz_r = dz_g * inner * r * (1 - r)
            through = tf.concat([dz_z, dz_r, dz_g * r], axis=1)
            d_previous = dh * z + product(through, recurrent_kernel, transpose=True)
        else:
            kernel_zr, kernel_g = tf.split(recurrent_kernel, [2 * self.units, self.units], axis=1)
            d_inner = product(dz_g, kernel_g, transpose=True)
            dz_r = d_inner * h * r * (1 - r)
            through = tf.concat([dz_z, dz_r], axis=1)
            d_previous = dh * z + d_inner * r + product(through, kernel_zr, transpose=True)
        return tf.concat([dz_z, dz_r, dz_g], axis=1), (d_previous,)

    def weight_gradients(
        self, d_projected: tf.Tensor, previous: States, saved: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, ...]:
        (h,) = previous
        _, r, _, inner = tf.split(saved[0], 4, axis=2)
        d_zr, d_g = tf.split(d_projected, [2 * self.units, self.units], axis=2)
        if not self.reset_after:
            return (tf.concat([sum_of_products(h, d_zr), sum_of_products(inner, d_g)], axis=1),)
        d_recurrent = tf.concat([d_zr, d_g * tf.cast(r, d_g.dtype)], axis=2)
        d_bias = (tf.reduce_sum(d_recurrent, axis=[0, 1]),) if self.use_bias else ()
        return (sum_of_products(h, d_recurrent), *d_bias)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reset_after": self.reset_after}
