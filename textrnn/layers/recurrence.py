"""The loop over time, forward and backward, once for every cell.

Automatic differentiation of a loop repeats at each step work that could be done once for all of them. Here the
input projection comes in ready for all steps, the loop holds what is truly recurrent, each cell states its own
backward step, and the weight gradients are one product after the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from textrnn.layers.cell import Cell, States

UNROLLED = 4  # steps an iteration


def run_recurrence(
    cell: Cell, projected: tf.Tensor, initial: States, mask: tf.Tensor | None, *, reverse: bool
) -> tuple[tf.Tensor, States]:
    """Run `cell` over time, from the last step to the first if `reverse`.

    Args:
        cell: A built cell.
        projected: Projected inputs `[T, B, blocks * H]`.
        initial: The states before the first step, each `[B, H]`; the loop computes in their dtype.
        mask: Bool `[T, B]`, True at real steps, or None when all are. A masked step leaves every state as it was,
            its output is zero.
        reverse: Whether time runs backwards. Outputs stay at the position of their input.

    Returns:
        The outputs `[T, B, H]` and the states after the last step.
    """

    @tf.custom_gradient
    def recurrence(projected: tf.Tensor, *tensors: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], Callable]:
        initial, weights = tensors[: cell.number_of_states], tensors[cell.number_of_states :]
        final, sequences, saved = _forward(cell, projected, initial, weights, mask, reverse)

        def gradient(d_outputs: tf.Tensor, *d_final: tf.Tensor) -> tuple[tf.Tensor, ...]:
            previous = tuple(_shift(*pair, reverse) for pair in zip(initial, sequences, strict=True))
            d_projected, d_initial = _backward(
                cell,
                zero_masked(d_outputs, mask),
                d_final,
                sequences,
                previous,
                saved,
                weights,
                mask,
                reverse,
            )
            d_projected = tf.cast(d_projected, projected.dtype)
            return (d_projected, *d_initial, *cell.weight_gradients(d_projected, previous, saved))

        return (zero_masked(sequences[0], mask), *final), gradient

    outputs, *final = recurrence(projected, *initial, *cell.recurrent_weights())
    outputs.set_shape([*projected.shape[:2], cell.units])
    for state, before in zip(final, initial, strict=True):
        state.set_shape(before.shape)  # the loop forgets the batch size
    return outputs, tuple(final)


def zero_masked(sequence: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """`sequence` with zeros where `mask` is False, whatever stood there, NaN included."""
    return sequence if mask is None else tf.where(mask[..., None], sequence, tf.zeros([], sequence.dtype))


def _forward(
    cell: Cell,
    projected: tf.Tensor,
    initial: States,
    weights: tuple[tf.Tensor, ...],
    mask: tf.Tensor | None,
    reverse: bool,
) -> tuple[States, States, tuple[tf.Tensor, ...]]:
    """The final states, and the sequences `[T, B, ...]` of the states and of what the steps saved."""
    steps = tf.shape(projected)[0]
    dtype = initial[0].dtype
    inputs, real = _unstack(projected), None if mask is None else _unstack(mask)

    def body(n: tf.Tensor, states: States, written: tuple[tf.TensorArray, ...]) -> tuple:
        t = steps - 1 - n if reverse else n
        stepped, saved = cell.step(tf.cast(inputs.read(t), dtype), states, weights)
        if real is not None:
            stepped = _select(real.read(t)[:, None], stepped, states)
        written = tuple(array.write(t, value) for array, value in zip(written, (*stepped, *saved), strict=True))
        return n + 1, stepped, written

    widths = (cell.units,) * cell.number_of_states + cell.saved_sizes
    arrays = tuple(tf.TensorArray(dtype, steps, element_shape=[None, width]) for width in widths)
    _, final, written = _loop(steps, body, initial, arrays)
    sequences = tuple(array.stack() for array in written)
    return final, sequences[: cell.number_of_states], sequences[cell.number_of_states :]


def _backward(
    cell: Cell,
    d_outputs: tf.Tensor,
    d_final: Sequence[tf.Tensor],
    sequences: States,
    previous: States,
    saved: tuple[tf.Tensor, ...],
    weights: tuple[tf.Tensor, ...],
    mask: tf.Tensor | None,
    reverse: bool,
) -> tuple[tf.Tensor, States]:
    """The gradients of the projected inputs `[T, B, blocks * H]` and of the initial states."""
    steps = tf.shape(d_outputs)[0]
    d_output, real = _unstack(d_outputs), None if mask is None else _unstack(mask)
    states_at, previous_at, saved_at = (
        [_unstack(sequence) for sequence in group] for group in (sequences, previous, saved)
    )

    def body(n: tf.Tensor, d_states: States, written: tuple[tf.TensorArray, ...]) -> tuple:
        t = n if reverse else steps - 1 - n
        d_states = (d_states[0] + d_output.read(t), *d_states[1:])
        nothing = tuple(tf.zeros_like(d) for d in d_states)
        stepped = d_states if real is None else _select(real.read(t)[:, None], d_states, nothing)
        d_projected, d_previous = cell.step_backward(
            stepped,
            tuple(array.read(t) for array in states_at),
            tuple(array.read(t) for array in previous_at),
            tuple(array.read(t) for array in saved_at),
            weights,
        )
        if real is not None:
            d_previous = _select(real.read(t)[:, None], d_previous, d_states)
        return n + 1, d_previous, (written[0].write(t, d_projected),)

    width = cell.blocks * cell.units
    array = tf.TensorArray(d_outputs.dtype, steps, element_shape=[None, width])
    _, d_initial, (d_projected,) = _loop(steps, body, tuple(d_final), (array,))
    return d_projected.stack(), d_initial


def _loop(steps: tf.Tensor, body: Callable, states: States, arrays: tuple[tf.TensorArray, ...]) -> tuple:
    """Run `body` for n from 0 to `steps` - 1, several steps an iteration, which costs book-keeping of its own."""

    def several(n: tf.Tensor, states: States, arrays: tuple[tf.TensorArray, ...]) -> tuple:
        for _ in range(UNROLLED):
            n, states, arrays = body(n, states, arrays)
        return n, states, arrays

    whole = steps - steps % UNROLLED
    n, states, arrays = _while(whole, whole // UNROLLED, several, (0, states, arrays))
    return _while(steps, steps - whole, body, (n, states, arrays))


def _while(stop: tf.Tensor, iterations: tf.Tensor, body: Callable, loop: tuple) -> tuple:
    _, states, arrays = loop
    return tf.while_loop(
        lambda n, *_: n < stop,
        body,
        loop,
        parallel_iterations=1,  # the steps depend on each other: more would only cost book-keeping
        maximum_iterations=iterations,
        shape_invariants=(
            tf.TensorShape([]),
            tuple(tf.TensorShape([None, state.shape[-1]]) for state in states),
            tuple(tf.TensorShape(None) for _ in arrays),
        ),
    )


def _unstack(sequence: tf.Tensor) -> tf.TensorArray:
    array = tf.TensorArray(
        sequence.dtype, tf.shape(sequence)[0], element_shape=sequence.shape[1:], clear_after_read=False
    )
    return array.unstack(sequence)


def _select(real: tf.Tensor, stepped: States, kept: States) -> States:
    return tuple(tf.where(real, new, old) for new, old in zip(stepped, kept, strict=True))


def _shift(initial: tf.Tensor, sequence: tf.Tensor, reverse: bool) -> tf.Tensor:
    """The state before each step: the sequence moved by one, the initial state at the end time starts from."""
    parts = [sequence[1:], initial[None]] if reverse else [initial[None], sequence[:-1]]
    return tf.concat(parts, axis=0)
