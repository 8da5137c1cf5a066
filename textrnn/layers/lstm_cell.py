"""Long short-term memory."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.cell import Cell, States, product


@keras.saving.register_keras_serializable("textrnn")
class LSTMCell(Cell):
    """A cell whose memory c_t is added to, not overwritten, so gradients reach far back::

        i_t, f_t, o_t = sigmoid(W_x x_t + W_h h_{t-1} + b), each with its own block of columns
        g_t = tanh(W_x x_t + W_h h_{t-1} + b), likewise
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    Weights lie as in `keras.layers.LSTM`, blocks in the order i, f, g, o: `kernel` `[D, 4 H]`,
    `recurrent_kernel` `[H, 4 H]`, `bias` `[4 H]`. States: h and c. Masking is the business of `Recurrent`.

    Papers: Hochreiter and Schmidhuber, 1997; the forget gate, Gers et al., 2000; its bias of one at the start,
    Jozefowicz et al., 2015.

    Example:
        >>> layer = Recurrent(LSTMCell(8))
        >>> layer(np.zeros((2, 5, 3), "float32")).shape
        TensorShape([2, 8])

    Args:
        units: H, the size of h and of c.
        unit_forget_bias: Whether the forget gate's bias starts at one, which keeps the memory open.
        **kwargs: As for `Cell`.
    """

    blocks = 4
    number_of_states = 2

    def __init__(self, units: int, *, unit_forget_bias: bool = True, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.unit_forget_bias = unit_forget_bias

    @property
    def saved_sizes(self) -> tuple[int, ...]:
        return (4 * self.units,)

    def build_bias(self, width: int) -> keras.Variable:
        bias = super().build_bias(width)
        if self.unit_forget_bias:
            forget = tf.range(width) // self.units == 1
            bias.assign(tf.where(forget, tf.ones([], bias.dtype), tf.convert_to_tensor(bias)))
        return bias

    def step(
        self, projected: tf.Tensor, states: States, weights: tuple[tf.Tensor, ...]
    ) -> tuple[States, tuple[tf.Tensor, ...]]:
        (h, c), (recurrent_kernel,) = states, weights
        z_i, z_f, z_g, z_o = tf.split(projected + product(h, recurrent_kernel), 4, axis=1)
        i, f, g, o = tf.sigmoid(z_i), tf.sigmoid(z_f), tf.tanh(z_g), tf.sigmoid(z_o)
        c = f * c + i * g
        h = o * tf.tanh(c)
        return (h, c), (tf.concat([i, f, g, o], axis=1),)

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: tuple[tf.Tensor, ...],
        weights: tuple[tf.Tensor, ...],
    ) -> tuple[tf.Tensor, States]:
        (dh, dc), (_, c), (_, previous_c), (recurrent_kernel,) = d_states, states, previous, weights
        i, f, g, o = tf.split(saved[0], 4, axis=1)
        tanh_c = tf.tanh(c)
        dc += dh * o * (1 - tanh_c * tanh_c)
        dz_i = dc * g * i * (1 - i)
        dz_f = dc * previous_c * f * (1 - f)
        dz_g = dc * i * (1 - g * g)
        dz_o = dh * tanh_c * o * (1 - o)
        dz = tf.concat([dz_i, dz_f, dz_g, dz_o], axis=1)
        return dz, (product(dz, recurrent_kernel, transpose=True), dc * f)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}
