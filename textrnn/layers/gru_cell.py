"""The gated recurrent unit, in its two forms."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.cell import Cell, States, Tensors, product, sum_of_products, through_sigmoid, through_tanh


@keras.saving.register_keras_serializable("textrnn")
class GRUCell(Cell):
    """A cell that mixes its state with a candidate, each unit at its own rate::

        z_t = sigmoid(W_x x_t + b + W_h h_{t-1} + b_h)      r_t likewise, each with its own block
        g_t = tanh(W_x x_t + b + r_t * (W_h h_{t-1} + b_h))     reset_after=True (the default, as in cuDNN)
        g_t = tanh(W_x x_t + b + W_h (r_t * h_{t-1}))           reset_after=False (the paper), where b_h = 0
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
        self.form = ResetAfter(self.units) if reset_after else ResetBefore(self.units)

    @property
    def saved_sizes(self) -> tuple[int, ...]:
        return (2 * self.units, self.units, self.units)

    @property
    def kept_sizes(self) -> tuple[int, ...]:
        return (3 * self.units,) if self.reset_after else (self.units,)

    def build_bias(self, width: int) -> keras.Variable:
        if not self.reset_after:
            return super().build_bias(width)
        return self.add_weight(shape=(2, width), initializer=self.bias_initializer, name="bias")

    def input_bias(self) -> tf.Tensor:
        bias = super().input_bias()
        return bias[0] if bias.shape.rank == 2 else bias

    def recurrent_weights(self) -> Tensors:
        has_recurrent_bias = self.use_bias and self.reset_after
        recurrent_bias = (self.read(self.bias)[1:],) if has_recurrent_bias else ()
        return (*super().recurrent_weights(), *recurrent_bias)

    def step(self, projected: tf.Tensor, states: States, weights: Tensors) -> tuple[States, Tensors]:
        return self.form.step(projected, states, weights)

    def step_backward(
        self, d_states: States, states: States, previous: States, saved: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors, States]:
        return self.form.step_backward(d_states, previous, saved, weights)

    def weight_gradients(self, d_projected: tf.Tensor, previous: tf.Tensor, kept: Tensors) -> Tensors:
        gradients = self.form.weight_gradients(d_projected, previous, kept)
        return gradients if self.use_bias else gradients[:1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reset_after": self.reset_after}


class ResetAfter:
    """The GRU whose reset gate acts after the product with W_h."""

    def __init__(self, units: int) -> None:
        self.sizes = [2 * units, units]  # the blocks of z and r together, and that of g

    def step(self, projected: tf.Tensor, states: States, weights: Tensors) -> tuple[States, Tensors]:
        (h,), (w_h, *b_h) = states, weights
        x_zr, x_g = tf.split(projected, self.sizes)
        u_zr, u_g = tf.split(product(w_h, h) + sum(tf.cast(bias, h.dtype) for bias in b_h), self.sizes)
        z_r = tf.sigmoid(x_zr + u_zr)
        z, r = tf.split(z_r, 2)
        g = tf.tanh(x_g + r * u_g)
        h = g + z * (h - g)
        return (h,), (z_r, g, u_g)

    def step_backward(
        self, d_states: States, previous: States, saved: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors, States]:
        (dh,), (h,), w_h, (z_r, g, u_g) = d_states, previous, weights[0], saved
        z, r = tf.split(z_r, 2)
        dh_z = dh * z
        dx_g = through_tanh(dh - dh_z, g)
        dx_z = through_sigmoid(dh * (h - g), z)
        dx_r = through_sigmoid(dx_g * u_g, r)
        du = tf.concat([dx_z, dx_r, dx_g * r], axis=0)
        d_previous = dh_z + product(w_h, du)
        return tf.concat([dx_z, dx_r, dx_g], axis=0), (du,), (d_previous,)

    def weight_gradients(self, d_projected: tf.Tensor, previous: tf.Tensor, kept: Tensors) -> Tensors:
        du = tf.cast(kept[0], d_projected.dtype)
        ones = tf.ones_like(du[:, :1])  # a product sums faster than TensorFlow's reduce_sum
        return sum_of_products(previous, du), sum_of_products(ones, du)


class ResetBefore:
    """The GRU whose reset gate acts on h_{t-1}, before the product with W_h."""

    def __init__(self, units: int) -> None:
        self.sizes = [2 * units, units]  # the blocks of z and r together, and that of g

    def step(self, projected: tf.Tensor, states: States, weights: Tensors) -> tuple[States, Tensors]:
        (h,), (w_h,) = states, weights
        x_zr, x_g = tf.split(projected, self.sizes)
        w_zr, w_g = tf.split(w_h, self.sizes)
        z_r = tf.sigmoid(x_zr + product(w_zr, h))
        z, r = tf.split(z_r, 2)
        reset = r * h
        g = tf.tanh(x_g + product(w_g, reset))
        h = g + z * (h - g)
        return (h,), (z_r, g, reset)

    def step_backward(
        self, d_states: States, previous: States, saved: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors, States]:
        (dh,), (h,), (w_h,), (z_r, g, reset) = d_states, previous, weights, saved
        w_zr, w_g = tf.split(w_h, self.sizes, axis=1)
        z, r = tf.split(z_r, 2)
        dh_z = dh * z
        dx_g = through_tanh(dh - dh_z, g)
        d_reset = product(w_g, dx_g)
        dx_zr = through_sigmoid(tf.concat([dh * (h - g), d_reset * h], axis=0), z_r)
        d_previous = dh_z + d_reset * r + product(w_zr, dx_zr)
        return tf.concat([dx_zr, dx_g], axis=0), (reset,), (d_previous,)

    def weight_gradients(self, d_projected: tf.Tensor, previous: tf.Tensor, kept: Tensors) -> Tensors:
        dx_zr, dx_g = d_projected[:, : self.sizes[0]], d_projected[:, self.sizes[0] :]
        return (tf.concat([sum_of_products(previous, dx_zr), sum_of_products(kept[0], dx_g)], axis=1),)
