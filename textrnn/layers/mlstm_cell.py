"""The multiplicative LSTM."""

from __future__ import annotations

import keras
import tensorflow as tf

from textrnn.layers.cell import States, product, sum_of_products
from textrnn.layers.lstm_cell import LSTMCell


@keras.saving.register_keras_serializable("textrnn")
class MLSTMCell(LSTMCell):
    """An LSTM whose recurrent weights depend on the symbol it reads::

        m_t = (W_mx x_t + b_m) * (W_mh h_{t-1})
        i_t, f_t, o_t = sigmoid(W_x x_t + W_m m_t + b), each with its own block of columns
        g_t = tanh(W_x x_t + W_m m_t + b), likewise
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    Weights: `kernel` `[D, 5 H]` and `bias` `[5 H]`, blocks in the order i, f, g, o, m; `recurrent_kernel`
    `[H, 4 H]`, W_m; `multiplicative_kernel` `[H, H]`, W_mh. States: h and c. b_m starts at one, so that a new cell is
    an LSTM whose state is turned. Masking is the business of `Recurrent`.

    Paper: Krause et al., 2017, arXiv 1609.07959, equations 12 to 18.

    Example:
        >>> layer = Recurrent(MLSTMCell(8))
        >>> layer(np.zeros((2, 5, 3), "float32")).shape
        TensorShape([2, 8])

    Args:
        units: H, the size of h, of c and of m.
        **kwargs: As for `LSTMCell`.
    """

    blocks = 5

    @property
    def saved_sizes(self) -> tuple[int, ...]:
        return (*super().saved_sizes, self.units, self.units)

    @property
    def kept_sizes(self) -> tuple[int, ...]:
        return (self.units, self.units)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.multiplicative_kernel = self.add_weight(
            shape=(self.units, self.units), initializer=self.recurrent_initializer, name="multiplicative_kernel"
        )

    def build_recurrent_kernel(self, width: int) -> keras.Variable:
        return super().build_recurrent_kernel(width - self.units)

    def build_bias(self, width: int) -> keras.Variable:
        bias = super().build_bias(width)
        multiplies = tf.range(width) // self.units == 4
        bias.assign(tf.where(multiplies, tf.ones([], bias.dtype), tf.convert_to_tensor(bias)))
        return bias

    def input_bias(self) -> tf.Tensor:
        if self.bias is not None:
            return super().input_bias()
        return tf.repeat(tf.constant([0.0, 1.0], self.compute_dtype), [4 * self.units, self.units])

    def recurrent_weights(self) -> tuple[tf.Tensor, ...]:
        return (*super().recurrent_weights(), self.read(self.multiplicative_kernel))

    def step(
        self, projected: tf.Tensor, states: States, weights: tuple[tf.Tensor, ...]
    ) -> tuple[States, tuple[tf.Tensor, ...]]:
        (h, c), (w_m, w_mh) = states, weights
        x, x_m = tf.split(projected, [4 * self.units, self.units])
        h_m = product(w_mh, h)
        m = x_m * h_m
        after, saved = super().step(x, (m, c), (w_m,))
        return after, (*saved, x_m, h_m)

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: tuple[tf.Tensor, ...],
        weights: tuple[tf.Tensor, ...],
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, ...], States]:
        (*saved_of_lstm, x_m, h_m), (recurrent_kernel, multiplicative_kernel) = saved, weights
        dz, _, (dm, dc) = super().step_backward(d_states, states, previous, tuple(saved_of_lstm), (recurrent_kernel,))
        dx_m, dh_m = dm * h_m, dm * x_m
        return tf.concat([dz, dx_m], axis=0), (x_m * h_m, dh_m), (product(multiplicative_kernel, dh_m), dc)

    def weight_gradients(
        self, d_projected: tf.Tensor, previous: tf.Tensor, kept: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, ...]:
        m, dh_m = kept
        d_gates = d_projected[: 4 * self.units]
        return sum_of_products(m, d_gates), sum_of_products(previous, tf.cast(dh_m, d_gates.dtype))
