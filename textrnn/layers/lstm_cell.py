"""Long short-term memory."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.cell import Cell, States, Tensors, product, through_sigmoid, through_tanh


@keras.saving.register_keras_serializable("textrnn")
class LSTMCell(Cell):
    """A cell whose memory c_t is added to, not overwritten, so gradients reach far back::

        z_t = W_x x_t + b + W_h h_{t-1}, in four blocks
        i_t = sigmoid(z_i)      f_t = sigmoid(z_f)      g_t = tanh(z_g)      o_t = sigmoid(z_o)
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    and backwards, where d(.) is the gradient of the loss::

        d(c_t) = gradient passed back by step t+1 + d(h_t) * o_t * (1 - tanh(c_t)^2)
        d(z_i) = d(c_t) * g_t * i_t * (1 - i_t)
        d(z_f) = d(c_t) * c_{t-1} * f_t * (1 - f_t)
        d(z_g) = d(c_t) * i_t * (1 - g_t^2)
        d(z_o) = d(h_t) * tanh(c_t) * o_t * (1 - o_t)
        d(h_{t-1}) = W_h^T d(z_t)      d(c_{t-1}) = d(c_t) * f_t

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
        return (2 * self.units, self.units, self.units, self.units)

    def build_bias(self, width: int) -> keras.Variable:
        bias = super().build_bias(width)
        if self.unit_forget_bias:
            forget = tf.range(width) // self.units == 1
            bias.assign(tf.where(forget, tf.ones([], bias.dtype), tf.convert_to_tensor(bias)))
        return bias

    def step(self, projected: tf.Tensor, states: States, weights: Tensors) -> tuple[States, Tensors]:
        (h, c), (w_h,) = states, weights
        z = projected + product(w_h, h)
        z_if, z_g, z_o = tf.split(z, [2 * self.units, self.units, self.units])
        i_f = tf.sigmoid(z_if)  # i and f as one block: one operation less a step, and one tensor less to save
        i, f = tf.split(i_f, 2)
        g = tf.tanh(z_g)
        o = tf.sigmoid(z_o)
        c = f * c + i * g
        tanh_c = tf.tanh(c)
        h = o * tanh_c
        return (h, c), (i_f, g, o, tanh_c)

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: Tensors,
        weights: Tensors,
    ) -> tuple[tf.Tensor, Tensors, States]:
        (dh, dc), (_, previous_c), (recurrent_kernel,) = d_states, previous, weights
        i_f, g, o, tanh_c = saved
        i, f = tf.split(i_f, 2)
        dc = dc + through_tanh(dh * o, tanh_c)
        dz_i = through_sigmoid(dc * g, i)
        dz_f = through_sigmoid(dc * previous_c, f)
        dz_g = through_tanh(dc * i, g)
        dz_o = through_sigmoid(dh * tanh_c, o)
        dz = tf.concat([dz_i, dz_f, dz_g, dz_o], axis=0)
        return dz, (), (product(recurrent_kernel, dz), dc * f)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}
