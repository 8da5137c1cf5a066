"""The plain recurrent cell (Elman, 1990): the equation this package is named after."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.cell import Cell, States, Tensors, product, through_tanh

ACTIVATIONS = {"tanh": tf.tanh, "relu": tf.nn.relu}


@keras.saving.register_keras_serializable("textrnn")
class RNNCell(Cell):
    """The plain cell, f = tanh or ReLU::

        h_t = f(W_x x_t + W_h h_{t-1} + b)

    W_x is `kernel` `[D, H]`, W_h is `recurrent_kernel` `[H, H]`, orthogonal at the start so that a gradient
    neither grows nor shrinks before training (Saxe et al., 2014, arXiv 1312.6120), b is `bias` `[H]`.
    In `step` columns are examples, so the code is the equation; the weights lie as in Keras, transposed. With ReLU
    and `recurrent_initializer="identity"` this is the IRNN of Le et al. (2015, arXiv 1504.00941).
    Masking is the business of `Recurrent`.

    Paper: J. L. Elman, Finding structure in time, Cognitive Science 14, 1990.

    Example:
        >>> layer = Recurrent(RNNCell(8), return_sequences=True)
        >>> layer(np.zeros((2, 5, 3), "float32")).shape
        TensorShape([2, 5, 8])

    Args:
        units: H, the size of the state.
        activation: f, `"tanh"` or `"relu"`.
        **kwargs: As for `Cell`.
    """

    blocks = 1

    def __init__(self, units: int, *, activation: str = "tanh", **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        if activation not in ACTIVATIONS:
            raise ValueError(f'`activation` must be "tanh" or "relu"; received {activation!r}.')
        self.activation = activation

    def step(self, projected: tf.Tensor, states: States, weights: Tensors) -> tuple[States, Tensors]:
        (h,), (w_h,) = states, weights
        f = ACTIVATIONS[self.activation]
        h = f(projected + product(w_h, h))
        return (h,), ()

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: Tensors,
        weights: Tensors,
    ) -> tuple[tf.Tensor, Tensors, States]:
        (dh,), (h,), (recurrent_kernel,) = d_states, states, weights
        dz = through_tanh(dh, h) if self.activation == "tanh" else dh * tf.cast(h > 0, h.dtype)
        return dz, (), (product(recurrent_kernel, dz),)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
