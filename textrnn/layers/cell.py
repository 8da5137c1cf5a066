"""Base class of all cells: weights, configuration, and one step seen from Keras."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import tensorflow as tf

from textrnn import checks
from textrnn.forks import check_process

Tensors = tuple[tf.Tensor, ...]
States = Tensors


class Cell(keras.layers.Layer):
    """Base class of cells: one step of a recurrence, its input projection kept apart.

    A subclass states `blocks` and `step`, nothing else; `docs/adding_a_cell.md` adds one. The projection W_x x_t + b
    depends on the input alone, so the engine computes it for many steps at once (`layers/projection.py`). `step` is
    the part that must be computed in order. The first state is always the output h_t.

    The backward step is automatic differentiation of `step` (`layers/automatic.py`). A subclass may state its own as
    an optimization: `step_backward` with `weight_gradients`, `saved_sizes` and `kept_sizes`.

    Inside a step columns are examples, as in the equations: states are `[H, B]` and a product reads W @ h. A gate is
    then a block of rows, contiguous in memory, which costs nothing to cut out, and the product is up to 1.7 times
    faster on a CPU than `[B, H] @ [H, blocks * H]`, whose wide right side would be packed anew at every step.

    Example:
        >>> class Average(Cell):
        ...     blocks = 1
        ...     has_recurrent_kernel = False
        ...     def step(self, projected, states, weights):
        ...         (h,) = states
        ...         h = 0.9 * h + 0.1 * projected
        ...         return (h,), ()
        >>> Recurrent(Average(8))(np.zeros((2, 5, 3), "float32")).shape
        TensorShape([2, 8])

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
    """Number of blocks of H columns in the kernels, one for each gate or candidate."""
    number_of_states: ClassVar[int] = 1
    """Number of states `[B, H]`, the output among them."""
    has_recurrent_kernel: ClassVar[bool] = True
    """Whether there is a W_h."""

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
    def has_own_backward(self) -> bool:
        """Whether the class states the backward step of its `step`.

        A subclass that states another `step` alone does not: the inherited backward step belongs to another equation.
        """
        stated = next(kind for kind in type(self).__mro__ if {"step", "step_backward"} & vars(kind).keys())
        return stated is not Cell and "step_backward" in vars(stated)

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
        """Shapes of the output and of the states, which are one or a list as they are given."""
        shape = (inputs_shape[0], self.units)
        is_one = states_shape is not None and not isinstance(states_shape[0], (list, tuple))
        return shape, shape if is_one else [shape] * self.number_of_states

    def input_bias(self) -> tf.Tensor:
        """b in the equations, `[blocks * H]`, zeros without one."""
        return tf.zeros([self.blocks * self.units], self.compute_dtype) if self.bias is None else self.read(self.bias)

    def recurrent_weights(self) -> Tensors:
        """All weights that `step` uses, as matrices with rows for inputs, columns for outputs.

        They are tensors because `tf.custom_gradient` allows no variable to be read inside.
        """
        return (self.read(self.recurrent_kernel),) if self.has_recurrent_kernel else ()

    def read(self, variable: keras.Variable) -> tf.Tensor:
        """`variable` as a tensor in the dtype of the computation."""
        return tf.cast(tf.convert_to_tensor(variable), self.compute_dtype)

    def step(self, projected: tf.Tensor, states: States, weights: Tensors) -> tuple[States, Tensors]:
        """The next states, and the tensors that `step_backward` needs: none, `()`, without one.

        A step is a function of its arguments alone: no variable is read in it, nothing is drawn, and the columns of a
        batch do not meet.

        Args:
            projected: W_x x_t + b, `[blocks * H, B]`.
            states: The states before the step, each `[H, B]`.
            weights: The transposes of `recurrent_weights()`, W in the equations: a row for each output.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `step`.")

    def step_backward(
        self,
        d_states: States,
        states: States,
        previous: States,
        saved: Tensors,
        weights: Tensors,
    ) -> tuple[tf.Tensor, Tensors, States]:
        """Gradients of the projected input and of the previous states, and between them the tensors that
        `weight_gradients` needs.

        Args:
            d_states: Gradients of the states after the step, each `[H, B]`.
            states: Those states.
            previous: The states before the step.
            saved: The tensors that the step saved.
            weights: `recurrent_weights()`, the transposes of those of `step`, so no product needs to transpose.
        """
        raise NotImplementedError(f"{type(self).__name__} has no backward step of its own.")

    def weight_gradients(self, d_projected: tf.Tensor, previous: tf.Tensor, kept: Tensors) -> Tensors:
        """Gradients of `recurrent_weights()`, summed over N = T * B steps laid out as by `flatten_steps`.

        Args:
            d_projected: Gradients of the projected inputs, `[N, blocks * H]`.
            previous: h before each step, `[N, H]`.
            kept: The tensors that the backward steps kept, each `[N, size]`.
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
    """`left @ right` in the precision of the weights `left`, the result in that of `right`.

    States stay in float32 while the weights they meet may be bfloat16.

    Example:
        >>> product(np.eye(2, dtype="float32"), np.ones((2, 3), "float32")).shape
        TensorShape([2, 3])
    """
    return tf.cast(tf.matmul(left, tf.cast(right, left.dtype)), right.dtype)


def flatten_steps(sequence: tf.Tensor) -> tf.Tensor:
    """All steps one below another: `[T, M, B]` to `[T * B, M]`, so that a sum over steps and rows is one product."""
    width = sequence.shape[1]
    return tf.reshape(tf.transpose(sequence, [0, 2, 1]), [tf.size(sequence) // width, width])


def sum_of_products(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """The outer products of all rows, summed: `[N, M]` and `[N, K]` to `[M, K]`."""
    return tf.matmul(tf.cast(left, right.dtype), right, transpose_a=True)


def through_tanh(d_output: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """`d_output * (1 - output^2)`, the gradient of z where `output` is tanh(z), in one pass over memory."""
    return tf.raw_ops.TanhGrad(y=output, dy=d_output)


def through_sigmoid(d_output: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """`d_output * output * (1 - output)`, the gradient of z where `output` is sigmoid(z), in one pass over memory."""
    return tf.raw_ops.SigmoidGrad(y=output, dy=d_output)
