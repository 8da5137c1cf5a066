"""The loop over time, forward and backward, once for every cell.

Automatic differentiation of a loop repeats at each step work that could be done once for all of them. Here the loop
holds what is truly recurrent, each cell states its own backward step, and what does not look at the state, the input
projection and the weight gradients, is one product for a whole chunk of time. A chunk is long enough for large
products and short enough to stay in the processor's cache. What outlives it is what steps save for their backward
steps: it is written once and read where it stands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from textrnn.layers.cell import Cell, States, flatten_steps
from textrnn.layers.projection import Projection

STEPS_A_CHUNK = 64  # 32 to 256 are as fast; more of them take more memory
SHORTEST_CHUNK = 32
UNROLLED = 4  # steps an iteration; 1 and 2 are slower where a step is short, 8 and 16 no faster

Tensors = tuple[tf.Tensor, ...]
Arrays = tuple[tf.TensorArray, ...]


def run_recurrence(
    cell: Cell, projection: Projection, initial: States, mask: tf.Tensor | None, *, saves: bool = True
) -> tuple[tf.Tensor, States]:
    """Run `cell` over time.

    Args:
        cell: A built cell.
        projection: What enters it.
        initial: The states before the first step, each `[H, B]`; the loop computes in their dtype.
        mask: Bool `[T, B]`, True at real steps, or None when all are. A masked step leaves every state as it was,
            its output is zero.
        saves: Whether to save what a gradient needs. A gradient asked for in spite of False runs the loop again.

    Returns:
        The outputs `[T, H, B]` and the states after the last step.
    """

    @tf.custom_gradient
    def recurrence(source: tf.Tensor, projecting: tf.Tensor, *tensors: tf.Tensor) -> tuple[Tensors, Callable]:
        entering = dataclasses.replace(projection, source=source, weights=projecting)
        initial, weights = tensors[: cell.number_of_states], tensors[cell.number_of_states :]
        hidden, final, saved = _forward(cell, entering, initial, weights, mask, saves)

        def gradient(d_outputs: tf.Tensor, *d_final: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
            d_outputs = zero_masked(d_outputs, mask, axis=1)
            needed = saved if saves else _forward(cell, entering, initial, weights, mask, saves=True)[2]
            return _backward(cell, entering, weights, mask, hidden, needed, d_outputs, d_final)

        return (zero_masked(hidden[1:], mask, axis=1), *final), gradient

    source = projection.source
    outputs, *final = recurrence(source, projection.weights, *initial, *cell.recurrent_weights())
    outputs.set_shape([source.shape[0], cell.units, source.shape[-1]])
    for state, before in zip(final, initial, strict=True):
        state.set_shape(before.shape)  # the loop forgets the batch size
    return outputs, tuple(final)


def zero_masked(sequence: tf.Tensor, mask: tf.Tensor | None, axis: int = -1) -> tf.Tensor:
    """`sequence` with zeros where `mask`, which lacks its `axis`, is False, whatever stood there, NaN included."""
    if mask is None:
        return sequence
    return tf.where(tf.expand_dims(mask, axis), sequence, tf.zeros([], sequence.dtype))


def _forward(
    cell: Cell, projection: Projection, initial: States, weights: Tensors, mask: tf.Tensor | None, saves: bool
) -> tuple[tf.Tensor, States, Arrays]:
    """The outputs after n steps, for n from 0 to T, `[T + 1, H, B]`; the final states; and, if `saves`, the other
    states after n steps, then what step n saved."""
    source, dtype = projection.source, initial[0].dtype
    weights = tuple(tf.transpose(weight) for weight in weights)

    def run_chunk(start: tf.Tensor, length: tf.Tensor, states: States, arrays: Arrays, sums: Tensors) -> tuple:
        projected = projection.project(projection.weights, _cut(source, start, length))
        inputs, real = _unstack(tf.cast(projected, dtype)), _real_steps(mask, start, length)

        def step(m: tf.Tensor, states: States, arrays: Arrays) -> tuple[States, Arrays]:
            after, saved = cell.step(inputs.read(m), states, weights)
            if real is not None:
                after = _select(real.read(m)[None], after, states)
            n = start + m
            places, values = (n + 1,) * len(after) + (n,) * len(saved), (*after, *saved)
            return after, _write(arrays, places[: len(arrays)], values[: len(arrays)])

        return *_run_steps(length, step, states, arrays), sums

    steps, kept = tf.shape(source)[0], initial if saves else initial[:1]
    arrays = _write(_arrays(steps + 1, (cell.units,) * len(kept), dtype), (0,) * len(kept), kept)
    arrays += _arrays(steps, cell.saved_sizes, dtype) if saves else ()
    final, (hidden, *saved), _ = _run_chunks(source, run_chunk, initial, arrays, ())
    return hidden.stack(), final, tuple(saved)


def _backward(
    cell: Cell,
    projection: Projection,
    weights: Tensors,
    mask: tf.Tensor | None,
    hidden: tf.Tensor,
    saved: Arrays,
    d_outputs: tf.Tensor,
    d_final: Sequence[tf.Tensor],
) -> tuple[tf.Tensor | None, ...]:
    """The gradients of the source, of the projection's weights, of the initial states and of the cell's weights."""
    source, is_sequence, dtype = projection.source, projection.source.dtype.is_floating, d_outputs.dtype
    states_at, saved_at = (_unstack(hidden), *saved[: len(d_final) - 1]), saved[len(d_final) - 1 :]

    def run_chunk(start: tf.Tensor, length: tf.Tensor, d_states: States, d_sources: Arrays, sums: Tensors) -> tuple:
        d_output, real = _unstack(_cut(d_outputs, start, length)), _real_steps(mask, start, length)

        def step(done: tf.Tensor, d_states: States, arrays: Arrays) -> tuple[States, Arrays]:
            m = length - 1 - done
            n = start + m
            d_states = (d_states[0] + d_output.read(m), *d_states[1:])
            stepped = d_states
            if real is not None:
                stepped = _select(real.read(m)[None], d_states, tuple(tf.zeros_like(d) for d in d_states))
            d_projected, kept, d_previous = cell.step_backward(
                stepped,
                tuple(array.read(n + 1) for array in states_at),
                tuple(array.read(n) for array in states_at),
                tuple(array.read(n) for array in saved_at),
                weights,
            )
            if real is not None:
                d_previous = _select(real.read(m)[None], d_previous, d_states)
            return d_previous, _write(arrays, (m,) * len(arrays), (d_projected, *kept))

        arrays = _arrays(length, (cell.blocks * cell.units, *cell.kept_sizes), dtype)
        d_states, arrays = _run_steps(length, step, d_states, arrays)
        dz, *kept = (flatten_steps(array.stack()) for array in arrays)
        d_projected = tf.cast(dz, projection.weights.dtype)
        before = flatten_steps(_cut(hidden, start, length))
        d_source, d_projecting = projection.gradients(
            projection.weights, _cut(source, start, length), d_projected
        )
        added = (d_projecting, *cell.weight_gradients(d_projected, before, tuple(kept)))
        sums = tuple(total + tf.cast(part, dtype) for total, part in zip(sums, added, strict=True))
        if is_sequence:
            d_sources = _write(d_sources, (start // _chunk_length(source),), (d_source,))
        return d_states, d_sources, sums

    d_sources = _d_sources(source) if is_sequence else ()
    sums = tuple(tf.zeros_like(weight, dtype) for weight in (projection.weights, *weights))
    ran = _run_chunks(source, run_chunk, tuple(d_final), d_sources, sums, backwards=True)
    d_initial, d_sources, sums = ran
    d_projecting, *d_weights = (
        tf.cast(total, weight.dtype) for total, weight in zip(sums, (projection.weights, *weights), strict=True)
    )
    return (d_sources[0].concat() if is_sequence else None, d_projecting, *d_initial, *d_weights)


def _chunk_length(source: tf.Tensor) -> int:
    """How many steps are run at a time.

    If T is known while tracing it is a divisor of T, so that all chunks have the same, known, shape, as XLA demands;
    or T itself where no divisor makes chunks of a sensible length.
    """
    steps = source.shape[0]
    if steps is None:
        return STEPS_A_CHUNK
    divisors = [length for length in range(SHORTEST_CHUNK, STEPS_A_CHUNK + 1) if steps % length == 0]
    return max(divisors, default=steps)


def _run_chunks(
    source: tf.Tensor, run_chunk: Callable, states: States, arrays: Arrays, sums: Tensors, *, backwards: bool = False
) -> tuple[States, Arrays, Tensors]:
    """Call `run_chunk(start, length, states, arrays, sums)`, which returns the last three, on all chunks in order."""
    steps, length = tf.shape(source)[0], _chunk_length(source)
    if length == source.shape[0]:
        return run_chunk(0, length, states, arrays, sums)
    count = (steps + length - 1) // length

    def body(number: tf.Tensor, states: States, arrays: Arrays, sums: Tensors) -> tuple:
        start = (count - 1 - number if backwards else number) * length
        here = tf.minimum(length, steps - start) if source.shape[0] is None else length
        return number + 1, *run_chunk(start, here, states, arrays, sums)

    return _while(count, body, 0, states, arrays, sums)[1:]


def _run_steps(length: tf.Tensor | int, step: Callable, states: States, arrays: Arrays) -> tuple[States, Arrays]:
    """Call `step(m, states, arrays)`, which returns the last two, for m from 0 to `length` - 1.

    Several steps are one iteration of the loop, which costs book-keeping of its own.
    """

    def several(number: int) -> Callable:
        def body(m: tf.Tensor, states: States, arrays: Arrays) -> tuple:
            for ahead in range(number):
                states, arrays = step(m + ahead, states, arrays)
            return m + number, states, arrays

        return body

    m, whole, is_known = 0, length - length % UNROLLED, isinstance(length, int)
    if not is_known or whole > 0:
        m, states, arrays = _while(whole, several(UNROLLED), m, states, arrays)
    if not is_known or whole < length:
        m, states, arrays = _while(length, several(1), m, states, arrays)
    return states, arrays


def _while(stop: tf.Tensor | int, body: Callable, number: Any, states: States, arrays: Arrays, *sums: Tensors) -> tuple:
    return tf.while_loop(
        lambda number, *_: number < stop,
        body,
        (number, states, arrays, *sums),
        parallel_iterations=1,  # the steps depend on each other: more would only cost book-keeping
        shape_invariants=(
            tf.TensorShape([]),
            tuple(tf.TensorShape([state.shape[0], None]) for state in states),
            tuple(tf.TensorShape(None) for _ in arrays),
            *(tuple(total.shape for total in group) for group in sums),
        ),
    )


def _arrays(size: tf.Tensor, rows: Sequence[int], dtype: tf.DType) -> Arrays:
    """One for each number of rows, of `size` elements `[rows, B]`."""
    return tuple(tf.TensorArray(dtype, size, element_shape=[number, None], clear_after_read=False) for number in rows)


def _d_sources(source: tf.Tensor) -> Arrays:
    """For the gradients of chunks of `source`."""
    length = _chunk_length(source)
    size = -(-tf.shape(source)[0] // length)
    shape = [None if source.shape[0] is None else length, source.shape[1], None]
    return (tf.TensorArray(source.dtype, size, element_shape=shape, infer_shape=False),)


def _write(arrays: Arrays, places: Sequence[tf.Tensor], values: Sequence[tf.Tensor]) -> Arrays:
    return tuple(array.write(*pair) for array, *pair in zip(arrays, places, values, strict=True))


def _cut(sequence: tf.Tensor, start: tf.Tensor | int, length: tf.Tensor | int) -> tf.Tensor:
    """`length` steps of `sequence` from `start` on, in place."""
    if isinstance(length, int) and length == sequence.shape[0]:
        return sequence
    rest = tf.shape(sequence)[1:]
    return tf.slice(sequence, [start, *[0] * (sequence.shape.rank - 1)], tf.concat([[length], rest], 0))


def _unstack(sequence: tf.Tensor) -> tf.TensorArray:
    array = tf.TensorArray(
        sequence.dtype, tf.shape(sequence)[0], element_shape=sequence.shape[1:], clear_after_read=False
    )
    return array.unstack(sequence)


def _real_steps(mask: tf.Tensor | None, start: tf.Tensor, length: tf.Tensor) -> tf.TensorArray | None:
    return None if mask is None else _unstack(_cut(mask, start, length))


def _select(real: tf.Tensor, stepped: States, kept: States) -> States:
    return tuple(tf.where(real, new, old) for new, old in zip(stepped, kept, strict=True))
