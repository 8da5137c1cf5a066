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
        return (2 * self.units, self.units, self.units)

    @property
    def kept_sizes(self) -> tuple[int, ...]:
        return (self.units,)

    def build_bias(self, width: int) -> keras.Variable:
        if not self.reset_after:
            return super().build_bias(width)
        return self.add_weight(shape=(2, width), initializer=self.bias_initializer, name="bias")

    def input_bias(self) -> tf.Tensor:
        bias = super().input_bias()
        return bias[0] if bias.shape.rank == 2 else bias

    def recurrent_weights(self) -> tuple[tf.Tensor, ...]:
        has_recurrent_bias = self.use_bias and self.reset_after
        recurrent_bias = (self.read(self.bias)[1:],) if has_recurrent_bias else ()
        return (*super().recurrent_weights(), *recurrent_bias)

    def step(
        self, projected: tf.Tensor, states: States, weights: tuple[tf.Tensor, ...]
    ) -> tuple[States, tuple[tf.Tensor, ...]]:
        (h,), (w_h, *b_h) = states, weights
        x_zr, x_g = self._gates_and_candidate(projected)
        if self.reset_after:
            recurrent = product(w_h, h) + sum(tf.cast(bias, h.dtype) for bias in b_h)
            h_zr, inner = self._gates_and_candidate(recurrent)
            z_r = tf.sigmoid(x_zr + h_zr)
            z, r = tf.split(z_r, 2)
            g = tf.tanh(x_g + r * inner)
        else:
            w_zr, w_g = self._gates_and_candidate(w_h)
            z_r = tf.sigmoid(x_zr + product(w_zr, h))
            z, r = tf.split(z_r, 2)
            inner = r * h
            g = tf.tanh(x_g + product(w_g, inner))
        h = g + z * (h - g)
        return (h,), (z_r, g, inner)

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: tuple[tf.Tensor, ...],
        weights: tuple[tf.Tensor, ...],
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, ...], States]:
        (dh,), (h,), recurrent_kernel = d_states, previous, weights[0]
        z_r, g, inner = saved
        z, r = tf.split(z_r, 2)
        dh_z = dh * z
        dg = dh - dh_z
        dz_g = dg - dg * g * g
        slope = z_r - z_r * z_r
        if self.reset_after:
            dz_zr = tf.concat([dh * (h - g), dz_g * inner], axis=0) * slope
            d_inner = dz_g * r
            d_previous = dh_z + product(recurrent_kernel, tf.concat([dz_zr, d_inner], axis=0))
            kept = d_inner
        else:
            kernel_zr, kernel_g = tf.split(recurrent_kernel, [2 * self.units, self.units], axis=1)
            d_inner = product(kernel_g, dz_g)
            dz_zr = tf.concat([dh * (h - g), d_inner * h], axis=0) * slope
            d_previous = dh_z + d_inner * r + product(kernel_zr, dz_zr)
            kept = inner
        return tf.concat([dz_zr, dz_g], axis=0), (kept,), (d_previous,)

    def weight_gradients(
        self, d_projected: tf.Tensor, previous: tf.Tensor, kept: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, ...]:
        dz_zr, dz_g = self._gates_and_candidate(d_projected)
        if not self.reset_after:
            (inner,) = kept
            return (tf.concat([sum_of_products(previous, dz_zr), sum_of_products(inner, dz_g)], axis=1),)
        d_inner = tf.cast(kept[0], dz_zr.dtype)
        d_kernel = tf.concat([sum_of_products(previous, dz_zr), sum_of_products(previous, d_inner)], axis=1)
        if not self.use_bias:
            return (d_kernel,)
        ones = tf.ones([1, tf.shape(dz_zr)[1]], dz_zr.dtype)  # a product sums faster than TensorFlow's reduce_sum
        return d_kernel, tf.concat([sum_of_products(ones, dz_zr), sum_of_products(ones, d_inner)], axis=1)

    def _gates_and_candidate(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The blocks of z and r together, and that of g."""
        return tuple(tf.split(rows, [2 * self.units, self.units]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reset_after": self.reset_after}
