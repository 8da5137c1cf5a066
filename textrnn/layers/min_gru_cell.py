"""The minimal gated recurrent unit, whose gates do not look at the state."""

from __future__ import annotations

import keras
import tensorflow as tf

from textrnn.layers.cell import Cell, States, Tensors


@keras.saving.register_keras_serializable("textrnn")
class MinGRUCell(Cell):
    """A GRU without recurrent weights, so that time can be run through in parallel::

        z_t = sigmoid(W_x x_t + b)      g_t = W_x x_t + b, each with its own block of columns
        h_t = (1 - z_t) * h_{t-1} + z_t * g_t

    Gate and candidate depend on x_t alone, so every product is hoisted out of the loop, and h_t = a_t h_{t-1} + b_t
    is left. On a CPU the loop runs it step by step, on a GPU `layers/scan.py` runs it in log2(T) passes.

    Weights: `kernel` `[D, 2 H]` and `bias` `[2 H]`, blocks in the order z, g. Masking is the business of `Recurrent`.

    Paper: Feng et al., 2024, Were RNNs all we needed?, arXiv 2410.01201, section 3.1.

    Example:
        >>> layer = Recurrent(MinGRUCell(8), return_sequences=True)
        >>> layer(np.zeros((2, 5, 3), "float32")).shape
        TensorShape([2, 5, 8])

    Args:
        units: H, the size of the state.
        **kwargs: As for `Cell`; `recurrent_initializer` has no weights to start.
    """

    blocks = 2
    has_recurrent_kernel = False

    @property
    def saved_sizes(self) -> tuple[int, ...]:
        return (self.units,)

    def step(self, projected: tf.Tensor, states: States, weights: Tensors) -> tuple[States, Tensors]:
        (h,) = states
        z_z, g = tf.split(projected, 2)
        z = tf.sigmoid(z_z)
        h = h + z * (g - h)
        return (h,), (z,)

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: Tensors,
        weights: Tensors,
    ) -> tuple[tf.Tensor, Tensors, States]:
        (dh,), (h,), (previous_h,), (z,) = d_states, states, previous, saved
        dg = dh * z
        d_previous = dh - dg
        dz_z = d_previous * (h - previous_h)  # h_t - h_{t-1} = z_t (g_t - h_{t-1})
        return tf.concat([dz_z, dg], axis=0), (), (d_previous,)

    def weight_gradients(self, d_projected: tf.Tensor, previous: tf.Tensor, kept: Tensors) -> Tensors:
        return ()

    def decay_and_input(self, projected: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """a and b of h_t = a_t h_{t-1} + b_t for all steps: from `[T, 2 H, B]` to two of `[T, H, B]`."""
        z_z, g = tf.split(projected, 2, axis=1)
        return tf.sigmoid(-z_z), tf.sigmoid(z_z) * g
