"""The loop over time, forward and backward, once for every cell.

Automatic differentiation of a loop repeats at each step work that could be done once for all of them. Here the
input projection comes in ready for all steps, the loop holds what is truly recurrent, each cell states its own
backward step, and the weight gradients are one product after the loop. What a step saves stays where it was written:
the backward loop reads it step by step, and no sequence of it is ever put together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from textrnn.layers.cell import Cell, States, flatten_steps

UNROLLED = 4  # steps an iteration; 1 and 2 are slower where a step is short, 8 and 16 no faster

Arrays = tuple[tf.TensorArray, ...]


def run_recurrence(
    cell: Cell, projected: tf.Tensor, initial: States, mask: tf.Tensor | None, *, reverse: bool
) -> tuple[tf.Tensor, States]:
    """Run `cell` over time, from the last step to the first if `reverse`.

    Args:
        cell: A built cell.
        projected: Projected inputs `[T, blocks * H, B]`.
        initial: The states before the first step, each `[H, B]`; the loop computes in their dtype.
        mask: Bool `[T, B]`, True at real steps, or None when all are. A masked step leaves every state as it was,
            its output is zero.
        reverse: Whether time runs backwards. Outputs stay at the position of their input.

    Returns:
        The outputs `[T, H, B]` and the states after the last step.
    """

    @tf.custom_gradient
    def recurrence(projected: tf.Tensor, *tensors: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], Callable]:
        initial, weights = tensors[: cell.number_of_states], tensors[cell.number_of_states :]
        final, states_at, saved_at = _forward(cell, projected, initial, weights, mask, reverse)
        hidden = states_at[0].stack()
        outputs, before = _in_place(hidden[1:], reverse), _in_place(hidden[:-1], reverse)

        def gradient(d_outputs: tf.Tensor, *d_final: tf.Tensor) -> tuple[tf.Tensor, ...]:
            d_outputs = zero_masked(d_outputs, mask, axis=1)
            d_projected, kept, d_initial = _backward(
                cell, d_outputs, d_final, states_at, saved_at, weights, mask, reverse, projected.dtype
            )
            d_weights = cell.weight_gradients(flatten_steps(d_projected), flatten_steps(before), kept)
            return (d_projected, *d_initial, *d_weights)

        return (zero_masked(outputs, mask, axis=1), *final), gradient

    outputs, *final = recurrence(projected, *initial, *cell.recurrent_weights())
    outputs.set_shape([projected.shape[0], cell.units, projected.shape[2]])
    for state, before in zip(final, initial, strict=True):
        state.set_shape(before.shape)  # the loop forgets the batch size
    return outputs, tuple(final)


def zero_masked(sequence: tf.Tensor, mask: tf.Tensor | None, axis: int = -1) -> tf.Tensor:
    """`sequence` with zeros where `mask`, which lacks its `axis`, is False, whatever stood there, NaN included."""
    if mask is None:
        return sequence
    return tf.where(tf.expand_dims(mask, axis), sequence, tf.zeros([], sequence.dtype))


def _forward(
    cell: Cell,
    projected: tf.Tensor,
    initial: States,
    weights: tuple[tf.Tensor, ...],
    mask: tf.Tensor | None,
    reverse: bool,
) -> tuple[States, Arrays, Arrays]:
    """The final states; those after n steps, for n from 0 to T; and what step n saved."""
    steps, dtype = tf.shape(projected)[0], initial[0].dtype
    inputs, real = _unstack(projected), None if mask is None else _unstack(mask)
    weights = tuple(tf.transpose(weight) for weight in weights)

    def body(n: tf.Tensor, states: States, written: Arrays) -> tuple:
        t = steps - 1 - n if reverse else n
        after, saved = cell.step(tf.cast(inputs.read(t), dtype), states, weights)
        if real is not None:
            after = _select(real.read(t)[None], after, states)
        places = (n + 1,) * len(after) + (n,) * len(saved)
        return n + 1, after, _write(written, places, (*after, *saved))

    arrays = (*_arrays(steps + 1, (cell.units,) * len(initial), dtype), *_arrays(steps, cell.saved_sizes, dtype))
    arrays = (*_write(arrays[: len(initial)], (0,) * len(initial), initial), *arrays[len(initial) :])
    _, final, written = _loop(steps, body, initial, arrays)
    return final, written[: len(initial)], written[len(initial) :]


def _backward(
    cell: Cell,
    d_outputs: tf.Tensor,
    d_final: Sequence[tf.Tensor],
    states_at: Arrays,
    saved_at: Arrays,
    weights: tuple[tf.Tensor, ...],
    mask: tf.Tensor | None,
    reverse: bool,
    dtype: tf.DType,
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...], States]:
    """The gradients of the projected inputs `[T, blocks * H, B]`; what the steps kept, each `[M, T * B]`; the
    gradients of the initial states."""
    steps = tf.shape(d_outputs)[0]
    d_output, real = _unstack(d_outputs), None if mask is None else _unstack(mask)

    def body(done: tf.Tensor, d_states: States, written: Arrays) -> tuple:
        n = steps - 1 - done
        t = steps - 1 - n if reverse else n
        d_states = (d_states[0] + d_output.read(t), *d_states[1:])
        stepped = d_states
        if real is not None:
            stepped = _select(real.read(t)[None], d_states, tuple(tf.zeros_like(d) for d in d_states))
        d_projected, kept, d_previous = cell.step_backward(
            stepped,
            tuple(array.read(n + 1) for array in states_at),
            tuple(array.read(n) for array in states_at),
            tuple(array.read(n) for array in saved_at),
            weights,
        )
        if real is not None:
            d_previous = _select(real.read(t)[None], d_previous, d_states)
        values = (tf.cast(d_projected, dtype), *kept)
        return done + 1, d_previous, _write(written, (t,) * len(values), values)

    arrays = _arrays(steps, (cell.blocks * cell.units,), dtype)
    arrays += _arrays(steps, cell.kept_sizes, d_outputs.dtype)
    _, d_initial, (d_projected, *kept) = _loop(steps, body, tuple(d_final), arrays)
    return d_projected.stack(), tuple(flatten_steps(array.stack()) for array in kept), d_initial


def _loop(steps: tf.Tensor, body: Callable, states: States, arrays: Arrays) -> tuple:
    """Run `body` for n from 0 to `steps` - 1, several steps an iteration, which costs book-keeping of its own."""

    def several(n: tf.Tensor, states: States, arrays: Arrays) -> tuple:
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
            tuple(tf.TensorShape([state.shape[0], None]) for state in states),
            tuple(tf.TensorShape(None) for _ in arrays),
        ),
    )


def _arrays(size: tf.Tensor, rows: Sequence[int], dtype: tf.DType) -> Arrays:
    """One for each number of rows, of `size` elements `[rows, B]`."""
    return tuple(tf.TensorArray(dtype, size, element_shape=[number, None], clear_after_read=False) for number in rows)


def _write(arrays: Arrays, places: Sequence[tf.Tensor], values: Sequence[tf.Tensor]) -> Arrays:
    return tuple(array.write(*pair) for array, *pair in zip(arrays, places, values, strict=True))


def _unstack(sequence: tf.Tensor) -> tf.TensorArray:
    array = tf.TensorArray(
        sequence.dtype, tf.shape(sequence)[0], element_shape=sequence.shape[1:], clear_after_read=False
    )
    return array.unstack(sequence)


def _select(real: tf.Tensor, stepped: States, kept: States) -> States:
    return tuple(tf.where(real, new, old) for new, old in zip(stepped, kept, strict=True))


def _in_place(steps: tf.Tensor, reverse: bool) -> tf.Tensor:
    """Steps in the order they were run, put at the positions of their inputs."""
    return tf.reverse(steps, [0]) if reverse else steps
