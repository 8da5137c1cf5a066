"""What every recurrent cell shares: its weights, its configuration, and one step seen from Keras."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import tensorflow as tf

from textrnn import checks

States = tuple[tf.Tensor, ...]


class Cell(keras.layers.Layer):
    """One step of a recurrence, split so that an engine can hoist what does not depend on the state.

    A step is `step(project(x_t), states, recurrent_weights())`. `project` sees only the input, so the engine
    applies it to all steps at once; `step` is what must be done in order; `step_backward` is its derivative,
    written by hand; `weight_gradients` sums the recurrent weights' gradient over all steps in one product.
    The first state is always the output h_t. `keras.layers.RNN` can run a cell too: it calls `call`.

    Args:
        units: H, the size of the output and of every state.
        use_bias: Whether the input projection adds a bias.
        kernel_initializer: For `kernel`, W_x in the equations.
        recurrent_initializer: For `recurrent_kernel`, W_h in the equations.
        bias_initializer: For `bias`, b in the equations.

    Raises:
        ValueError, TypeError: If `units` is not a positive integer.
    """

    blocks: ClassVar[int]
    """How many blocks of H columns the kernels hold, one for each gate or candidate."""
    number_of_states: ClassVar[int] = 1

    def __init__(
        self,
        units: int,
        *,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = checks.positive_integer("units", units)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    @property
    def state_size(self) -> int | list[int]:
        """Size of each state, in the form `keras.layers.RNN` expects."""
        return self.units if self.number_of_states == 1 else [self.units] * self.number_of_states

    @property
    def output_size(self) -> int:
        return self.units

    @property
    def saved_sizes(self) -> tuple[int, ...]:
        """Widths of the tensors that `step` saves for `step_backward`."""
        return ()

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        width = self.blocks * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], width), initializer=self.kernel_initializer, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, width), initializer=self.recurrent_initializer, name="recurrent_kernel"
        )
        self.bias = self.build_bias(width) if self.use_bias else None
        self.built = True

    def build_bias(self, width: int) -> keras.Variable:
        return self.add_weight(shape=(width,), initializer=self.bias_initializer, name="bias")

    def get_initial_state(self, batch_size: Any = None) -> list[tf.Tensor]:
        """Zeros `[B, H]` for each state, in the dtype of the computation."""
        return [tf.zeros([batch_size, self.units], self.compute_dtype) for _ in range(self.number_of_states)]

    def call(self, inputs: tf.Tensor, states: Any, training: bool | None = None) -> tuple[tf.Tensor, Any]:
        """One step for Keras: inputs `[B, D]`, states each `[B, H]`; returns the output and the states."""
        nested = isinstance(states, (list, tuple))
        previous = tuple(states) if nested else (states,)
        current, _ = self.step(self.project(inputs), previous, self.recurrent_weights())
        return current[0], list(current) if nested else current[0]

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """x W_x + b for any number of steps: `[..., D]` to `[..., blocks * H]`."""
        projected = tf.tensordot(inputs, self.read(self.kernel), 1)
        bias = self.input_bias()
        return projected if bias is None else projected + bias

    def input_bias(self) -> tf.Tensor | None:
        return None if self.bias is None else self.read(self.bias)

    def recurrent_weights(self) -> tuple[tf.Tensor, ...]:
        """The weights `step` needs, as tensors: variables may not be read inside `tf.custom_gradient`."""
        return (self.read(self.recurrent_kernel),)

    def read(self, variable: keras.Variable) -> tf.Tensor:
        return tf.cast(tf.convert_to_tensor(variable), self.compute_dtype)

    def step(
        self, projected: tf.Tensor, states: States, weights: tuple[tf.Tensor, ...]
    ) -> tuple[States, tuple[tf.Tensor, ...]]:
        """From projected inputs `[B, blocks * H]` and states `[B, H]` to the next states and what to save."""
        raise NotImplementedError

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: tuple[tf.Tensor, ...],
        weights: tuple[tf.Tensor, ...],
    ) -> tuple[tf.Tensor, States]:
        """From the gradient of the next states to that of the projected inputs and of the previous states."""
        raise NotImplementedError

    def weight_gradients(
        self, d_projected: tf.Tensor, previous: States, saved: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, ...]:
        """Gradient of each of `recurrent_weights()` from whole sequences `[T, B, ...]`."""
        return (sum_of_products(previous[0], d_projected),)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


def product(left: tf.Tensor, right: tf.Tensor, *, transpose: bool = False) -> tf.Tensor:
    """left @ right (or its transpose) in the precision of `right`, the result in that of `left`.

    States stay in float32 while the weights they meet may be bfloat16.
    """
    return tf.cast(tf.matmul(tf.cast(left, right.dtype), right, transpose_b=transpose), left.dtype)


def sum_of_products(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Sum over all steps and rows of the outer products: `[T, B, M]` and `[T, B, N]` to `[M, N]`."""
    rows = tf.reshape(tf.cast(left, right.dtype), [-1, left.shape[-1]])
    return tf.matmul(rows, tf.reshape(right, [-1, right.shape[-1]]), transpose_a=True)
