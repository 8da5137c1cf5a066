"""Backward step of a cell that states none: automatic differentiation of its step.

A step is differentiated twice. In the loop, one step at a time, with respect to its input and the states before it,
which is the part that must be computed in order. Afterwards with respect to the weights: columns are examples, so all
steps of a chunk of time are one step of T * B columns, and their gradient is one product instead of T.

States and projected inputs are kept from the forward pass; the rest is computed a second time.
"""

from __future__ import annotations

import tensorflow as tf

from textrnn.layers.cell import Cell, States, Tensors


class AutomaticBackward:
    """A cell as the loop in `layers/recurrence.py` runs it, its backward step that of TensorFlow.

    Args:
        cell: A built cell.
        weights: Its `recurrent_weights()`, or those a regularizer has made of them.
    """

    def __init__(self, cell: Cell, weights: Tensors) -> None:
        self.cell = cell
        self.weights = weights
        self.transposed = tuple(map(tf.transpose, weights))  # once for all steps
        self.units = cell.units
        self.blocks = cell.blocks
        self.number_of_states = cell.number_of_states
        self.saved_sizes = (cell.blocks * cell.units,)
        self.kept_sizes = (*self.saved_sizes, *[cell.units] * (2 * cell.number_of_states - 1))

    def step(self, projected: tf.Tensor, states: States, weights: Tensors) -> tuple[States, Tensors]:
        """The next states and, saved, the projected input."""
        return self.cell.step(projected, states, weights)[0], (projected,)

    def step_backward(
        self, d_states: States, states: States, previous: States, saved: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors, States]:
        """As `Cell.step_backward`; kept are the arguments of the step and the gradients of its states."""
        arguments = (*saved, *previous)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(arguments)
            stepped, _ = self.cell.step(arguments[0], arguments[1:], self.transposed)
        d_projected, *d_previous = tape.gradient(stepped, arguments, d_states, tf.UnconnectedGradients.ZERO)
        return d_projected, (*saved, *previous[1:], *d_states), tuple(d_previous)

    def weight_gradients(self, d_projected: tf.Tensor, previous: tf.Tensor, kept: Tensors) -> Tensors:
        """As `Cell.weight_gradients`."""
        if not self.weights:
            return ()
        previous, projected, *others = map(tf.transpose, (previous, *kept))  # columns are examples, as in every step
        count = self.number_of_states
        states, d_states = (previous, *others[: count - 1]), tuple(others[count - 1 :])
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.weights)
            stepped, _ = self.cell.step(projected, states, tuple(map(tf.transpose, self.weights)))
        return tuple(tape.gradient(stepped, self.weights, d_states, tf.UnconnectedGradients.ZERO))
