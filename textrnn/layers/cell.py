"""What every recurrent cell shares: its weights, its configuration, and one step seen from Keras."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import tensorflow as tf

from textrnn import checks
from textrnn.forks import check_process

States = tuple[tf.Tensor, ...]


class Cell(keras.layers.Layer):
    """One step of a recurrence, split so that an engine can hoist what does not depend on the state.

    A step is `step(projection of x_t, states, recurrent_weights())`. The projection W_x x_t + b sees only the input,
    so the engine computes it for many steps at once (`layers/projection.py`); `step` is what must be done in order;
    `step_backward` is its derivative, written by hand; `weight_gradients` sums the recurrent weights' gradient over
    many steps in one product. The first state is always the output h_t. `keras.layers.RNN` can run a cell too: it
    calls `call`.

    Inside a step columns are examples, as in the equations: states are `[H, B]` and a product reads W @ h. A gate is
    then a block of rows, contiguous in memory, which costs nothing to cut out, and the product is up to 1.7 times
    faster on a CPU than `[B, H] @ [H, blocks * H]`, whose wide right side would be packed anew at every step.

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
    has_recurrent_kernel: ClassVar[bool] = True

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
        """Rows of each tensor that `step` saves for `step_backward`."""
        return ()

    @property
    def kept_sizes(self) -> tuple[int, ...]:
        """Rows of each tensor that `step_backward` keeps for `weight_gradients`."""
        return ()

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        check_process()
        width = self.blocks * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], width), initializer=self.kernel_initializer, name="kernel"
        )
        if self.has_recurrent_kernel:
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
        check_process()
        nested = isinstance(states, (list, tuple))
        previous = tuple(tf.transpose(state) for state in (states if nested else (states,)))
        projected = tf.transpose(tf.matmul(inputs, self.read(self.kernel)) + self.input_bias())
        weights = tuple(tf.transpose(weight) for weight in self.recurrent_weights())
        after, _ = self.step(projected, previous, weights)
        current = [tf.transpose(state) for state in after]
        return current[0], current if nested else current[0]

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> tuple[Any, Any]:
        """The shapes of what a call returns: of the output, and of the states as they are given, one or a list."""
        shape = (inputs_shape[0], self.units)
        is_one = states_shape is not None and not isinstance(states_shape[0], (list, tuple))
        return shape, shape if is_one else [shape] * self.number_of_states

    def input_bias(self) -> tf.Tensor:
        """b in the equations, `[blocks * H]`, zeros without one."""
        return tf.zeros([self.blocks * self.units], self.compute_dtype) if self.bias is None else self.read(self.bias)

    def recurrent_weights(self) -> tuple[tf.Tensor, ...]:
        """What `step` needs beside the projection, as matrices with rows for inputs, columns for outputs.

        They are tensors because variables may not be read inside `tf.custom_gradient`.
        """
        return (self.read(self.recurrent_kernel),)

    def read(self, variable: keras.Variable) -> tf.Tensor:
        return tf.cast(tf.convert_to_tensor(variable), self.compute_dtype)

    def step(
        self, projected: tf.Tensor, states: States, weights: tuple[tf.Tensor, ...]
    ) -> tuple[States, tuple[tf.Tensor, ...]]:
        """From a projected input `[blocks * H, B]` and states `[H, B]` to the next states and what to save.

        `weights` are the transposes of `recurrent_weights()`, W in the equations: a row for each output.
        """
        raise NotImplementedError

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: tuple[tf.Tensor, ...],
        weights: tuple[tf.Tensor, ...],
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, ...], States]:
        """From the gradient of the next states to that of the projected input and of the previous states.

        `weights` are `recurrent_weights()`, the transposes of those of `step`, so no product needs to transpose.
        Between the two stands what the step keeps for `weight_gradients`.
        """
        raise NotImplementedError

    def weight_gradients(
        self, d_projected: tf.Tensor, previous: tf.Tensor, kept: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, ...]:
        """The gradient of each of `recurrent_weights()` from N = T * B steps laid out as `flatten_steps` does.

        Args:
            d_projected: Of the projected inputs, `[blocks * H, N]`.
            previous: h before each step, `[H, N]`.
            kept: What the backward steps kept, each `[rows, N]`.
        """
        return (sum_of_products(previous, d_projected),)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


def product(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """left @ right in the precision of the weights `left`, the result in that of `right`.

    States stay in float32 while the weights they meet may be bfloat16.
    """
    return tf.cast(tf.matmul(left, tf.cast(right, left.dtype)), right.dtype)


def flatten_steps(sequence: tf.Tensor) -> tf.Tensor:
    """All steps side by side: `[T, M, B]` to `[M, T * B]`, so that a sum over steps and rows is one product."""
    rows = sequence.shape[1]
    return tf.reshape(tf.transpose(sequence, [1, 0, 2]), [rows, tf.size(sequence) // rows])


def sum_of_products(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """The outer products of all columns, summed: `[M, N]` and `[K, N]` to `[M, K]`."""
    return tf.matmul(tf.cast(left, right.dtype), right, transpose_b=True)
