"""The loop over time, forward and backward, once for every cell.

Automatic differentiation of a loop repeats at each step work that could be done once for all of them. Here the loop
holds the recurrent part alone: the step and the backward step, stated by the cell or derived from its step
(`layers/automatic.py`). The input projection and the weight gradients do not depend on the state, so each is one
product for a whole chunk of time. A chunk is long enough for large products and short enough to stay in the
processor's cache. The tensors that steps save for their backward steps outlive it: each is written once and read
where it stands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from textrnn.layers.automatic import AutomaticBackward
from textrnn.layers.cell import Cell, States, Tensors, flatten_steps
from textrnn.layers.masks import select, zero_masked
from textrnn.layers.projection import Projection
from textrnn.layers.tensor_arrays import Arrays, Elements, make_arrays, make_chunk_array, write
from textrnn.layers.zoneout import Zoneout

MAX_CHUNK_STEPS = 64  # at most; 32 to 256 are as fast, more of them take more memory
UNROLLED = 4  # steps an iteration; 1 and 2 are slower where a step is short

DifferentiableCell = Cell | AutomaticBackward


def run_recurrence(
    cell: Cell,
    projection: Projection,
    weights: Tensors,
    initial: States,
    mask: tf.Tensor | None,
    *,
    zoneout: Zoneout | None = None,
    saves: bool = True,
) -> tuple[tf.Tensor, States]:
    """Run `cell` over time.

    Args:
        cell: A built cell.
        projection: The inputs and their projection.
        weights: Its `recurrent_weights()`, or those a regularizer has made of them.
        initial: The states before the first step, each `[H, B]`; the loop computes in their dtype.
        mask: Bool `[T, B]`, True at real steps, or None when all are. A masked step leaves every state as it was,
            its output is zero.
        zoneout: Share of its state that a unit keeps at a real step; None keeps nothing.
        saves: Whether to save the tensors that a gradient needs. A gradient that finds none runs the loop again:
            where this is False, and in a place that cannot reach them, such as the graph of `batch_jacobian` or of a
            SavedModel's gradients.

    Returns:
        The outputs `[T, H, B]` and the states after the last step.

    Raises:
        TypeError: If the cell's `step` reads a variable.
    """

    def differentiable(weights: Tensors) -> DifferentiableCell:
        return cell if cell.has_own_backward else AutomaticBackward(cell, weights)

    @tf.custom_gradient
    def recurrence(source: tf.Tensor, projecting: tf.Tensor, *tensors: tf.Tensor) -> tuple[Tensors, Callable]:
        entering = dataclasses.replace(projection, source=source, weights=projecting)
        initial, weights = tensors[: cell.number_of_states], tensors[cell.number_of_states :]
        hidden, final, saved = _forward(differentiable(weights), entering, initial, weights, mask, zoneout, saves)
        place = _current_graph()

        def gradient(d_outputs: tf.Tensor, *d_final: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
            d_outputs = zero_masked(d_outputs, mask, axis=1)
            is_saved, steps = saves and _current_graph() is place, differentiable(weights)
            needed = saved if is_saved else _forward(steps, entering, initial, weights, mask, zoneout, saves=True)[2]
            return _backward(steps, entering, weights, mask, zoneout, hidden, needed, d_outputs, d_final)

        return (zero_masked(hidden[1:], mask, axis=1), *final), gradient

    source = projection.source
    try:
        outputs, *final = recurrence(source, projection.weights, *initial, *weights)
    except TypeError as error:
        if "uses variables" not in str(error):
            raise
        raise TypeError(
            f"`step` of {type(cell).__name__} must read no variable: return its weights from `recurrent_weights`, "
            "which hands them to `step`."
        ) from error
    outputs.set_shape([source.shape[0], cell.units, source.shape[1]])
    for state, before in zip(final, initial, strict=True):
        state.set_shape(before.shape)  # the loop forgets the batch size
    return outputs, tuple(final)


def _current_graph() -> Any:
    """The graph that is being built, None in eager mode."""
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


def _forward(
    cell: DifferentiableCell,
    projection: Projection,
    initial: States,
    weights: Tensors,
    mask: tf.Tensor | None,
    zoneout: Zoneout | None,
    saves: bool,
) -> tuple[tf.Tensor, States, Arrays]:
    """Outputs after n steps, for n from 0 to T, `[T + 1, H, B]`; the final states; and, if `saves`, the other states
    after n steps and the tensors that step n saved."""
    source, dtype = projection.source, initial[0].dtype
    weights, prepared = tuple(tf.transpose(weight) for weight in weights), projection.prepare()

    def run_chunk(chunk: Chunk, states: States, arrays: Arrays, totals: Tensors) -> tuple:
        projected = projection.project(prepared, chunk.of(source))
        inputs, real = Elements(tf.cast(projected, dtype)), None if mask is None else Elements(chunk.of(mask))
        kept_at: Any = None if zoneout is None else zoneout.kept(chunk.number, chunk.length, states)

        def step(m: tf.Tensor, states: States, arrays: Arrays) -> tuple[States, Arrays]:
            after, saved = cell.step(inputs.read(m), states, weights)
            if zoneout is not None:
                after = tuple(k * old + (1 - k) * new for k, new, old in zip(kept_at(m), after, states, strict=True))
            if real is not None:
                after = select(real.read(m)[None], after, states)
            n = chunk.start + m
            places, values = (n + 1,) * len(after) + (n,) * len(saved), (*after, *saved)
            return after, write(arrays, places[: len(arrays)], values[: len(arrays)])

        return *chunk.run(step, states, arrays), totals

    steps, first = tf.shape(source)[0], initial if saves else initial[:1]
    rows = tf.shape(source)[1]
    arrays = write(make_arrays(steps + 1, (cell.units,) * len(first), rows, dtype), (0,) * len(first), first)
    arrays += make_arrays(steps, cell.saved_sizes, rows, dtype) if saves else ()
    final, (hidden, *saved), _ = _run_chunks(source, run_chunk, initial, arrays)
    return hidden.stack(), final, tuple(saved)


def _backward(
    cell: DifferentiableCell,
    projection: Projection,
    weights: Tensors,
    mask: tf.Tensor | None,
    zoneout: Zoneout | None,
    hidden: tf.Tensor,
    saved: Arrays,
    d_outputs: tf.Tensor,
    d_final: Sequence[tf.Tensor],
) -> tuple[tf.Tensor | None, ...]:
    """Gradients of the source, of the projection's weights, of the initial states and of the cell's weights."""
    source, prepared, dtype = projection.source, projection.prepare(), d_outputs.dtype
    states_at, saved_at = (Elements(hidden), *saved[: len(d_final) - 1]), saved[len(d_final) - 1 :]

    def run_chunk(chunk: Chunk, d_states: States, arrays: Arrays, totals: Tensors) -> tuple:
        d_output, real = Elements(chunk.of(d_outputs)), None if mask is None else Elements(chunk.of(mask))
        kept_at: Any = None if zoneout is None else zoneout.kept(chunk.number, chunk.length, d_states)

        def step(done: tf.Tensor, d_states: States, arrays: Arrays) -> tuple[States, Arrays]:
            m = chunk.length - 1 - done
            n = chunk.start + m
            d_states = (d_states[0] + d_output.read(m), *d_states[1:])
            stepped = d_states
            if real is not None:
                stepped = select(real.read(m)[None], d_states, tuple(tf.zeros_like(d) for d in d_states))
            states, previous = (tuple(array.read(place) for array in states_at) for place in (n + 1, n))
            if zoneout is not None:
                shares, states = kept_at(m), zoneout.undone(states, previous)
                passed = tuple(k * d for k, d in zip(shares, stepped, strict=True))
                stepped = tuple(d - d_passed for d, d_passed in zip(stepped, passed, strict=True))
            d_projected, kept, d_previous = cell.step_backward(
                stepped, states, previous, tuple(array.read(n) for array in saved_at), weights
            )
            if zoneout is not None:
                d_previous = tuple(d + d_passed for d, d_passed in zip(d_previous, passed, strict=True))
            if real is not None:
                d_previous = select(real.read(m)[None], d_previous, d_states)
            return d_previous, write(arrays, (m,) * len(arrays), (d_projected, *kept))

        written = make_arrays(chunk.length, (cell.blocks * cell.units, *cell.kept_sizes), tf.shape(source)[1], dtype)
        d_states, written = chunk.run(step, d_states, written)
        dz, *kept = (flatten_steps(array.stack()) for array in written)
        dz = tf.cast(dz, projection.weights.dtype)
        d_steps, d_projecting = projection.gradients(prepared, chunk.of(source), dz)
        d_weights = cell.weight_gradients(dz, flatten_steps(chunk.of(hidden)), tuple(kept))
        added = (tf.cast(part, dtype) for part in (d_projecting, *d_weights))
        totals = tuple(total + part for total, part in zip(totals, added, strict=True))
        return d_states, write(arrays, (chunk.number,), (d_steps,)) if arrays else arrays, totals

    every_weight = (projection.weights, *weights)
    totals = tuple(tf.zeros_like(weight, dtype) for weight in every_weight)
    arrays = make_chunk_array(source, _chunk_length(source)) if source.dtype.is_floating else ()
    d_initial, d_source, totals = _run_chunks(source, run_chunk, tuple(d_final), arrays, totals, backwards=True)
    d_projecting, *d_weights = (
        tf.cast(total, weight.dtype) for total, weight in zip(totals, every_weight, strict=True)
    )
    return (d_source[0].concat() if d_source else None, d_projecting, *d_initial, *d_weights)


@dataclass(frozen=True)
class Chunk:
    """`length` consecutive steps of a sequence, beginning at `start`."""

    number: tf.Tensor | int
    start: tf.Tensor | int
    length: tf.Tensor | int

    def of(self, sequence: tf.Tensor) -> tf.Tensor:
        """These steps of `sequence`, in place."""
        if isinstance(self.length, int) and self.length == sequence.shape[0]:
            return sequence
        first, rest = [self.start, *[0] * (sequence.shape.rank - 1)], tf.shape(sequence)[1:]
        return tf.slice(sequence, first, tf.concat([[self.length], rest], axis=0))

    def run(self, step: Callable, states: States, arrays: Arrays) -> tuple[States, Arrays]:
        """Call `step(m, states, arrays)`, which returns the next states and arrays, for m from 0 to `length` - 1."""
        if isinstance(self.length, int) and self.length == 1:
            return step(0, states, arrays)  # without a loop TensorFlow sees that W_h need not be transposed for it

        def several(number: int) -> Callable:
            def body(m: tf.Tensor, states: States, arrays: Arrays) -> tuple:
                for ahead in range(number):
                    states, arrays = step(m + ahead, states, arrays)
                return m + number, states, arrays

            return body

        m, whole, is_known = 0, self.length - self.length % UNROLLED, isinstance(self.length, int)
        if not is_known or whole > 0:
            m, states, arrays = _while(whole, several(UNROLLED), m, states, arrays)
        if not is_known or whole < self.length:
            m, states, arrays = _while(self.length, several(1), m, states, arrays)
        return states, arrays


def _chunk_length(source: tf.Tensor) -> int | None:
    """Number of steps in a chunk; None is all steps.

    The last chunk may be shorter. XLA demands chunks of one shape: a divisor of T, or else a single chunk.
    """
    steps = source.shape[0]
    if steps is not None and steps <= MAX_CHUNK_STEPS:
        return steps
    lengths = range(MAX_CHUNK_STEPS, MAX_CHUNK_STEPS // 2 - 1, -1)
    divisors = (length for length in lengths if steps is not None and steps % length == 0)
    return next(divisors, None if tf.__internal__.get_enclosing_xla_context() else MAX_CHUNK_STEPS)


def _run_chunks(
    source: tf.Tensor,
    run_chunk: Callable,
    states: States,
    arrays: Arrays,
    totals: Tensors = (),
    *,
    backwards: bool = False,
) -> tuple[States, Arrays, Tensors]:
    """Call `run_chunk(chunk, states, arrays, totals)`, which returns the next of the last three, on all chunks in
    order."""
    steps, length = source.shape[0], _chunk_length(source)
    if length is None or length == steps:
        return run_chunk(Chunk(0, 0, tf.shape(source)[0] if steps is None else steps), states, arrays, totals)
    are_equal = steps is not None and steps % length == 0
    steps = tf.shape(source)[0]
    count = (steps + length - 1) // length

    def body(done: tf.Tensor, *loop: Any) -> tuple:
        number = count - 1 - done if backwards else done
        start = number * length
        return done + 1, *run_chunk(
            Chunk(number, start, length if are_equal else tf.minimum(length, steps - start)), *loop
        )

    return _while(count, body, 0, states, arrays, totals)[1:]


def _while(
    stop: tf.Tensor | int, body: Callable, number: Any, states: States, arrays: Arrays, *totals: Tensors
) -> tuple:
    """Call `body(number, ...)`, which returns the arguments of the next call, until `number` reaches `stop`."""
    invariants = (
        tuple(tf.TensorShape([state.shape[0], None]) for state in states),
        tuple(tf.TensorShape(None) for _ in arrays),
        *(tuple(total.shape for total in group) for group in totals),
    )
    return tf.while_loop(
        lambda number, *_: number < stop,
        body,
        (number, states, arrays, *totals),
        parallel_iterations=1,  # the steps depend on each other: more would only cost book-keeping
        shape_invariants=(tf.TensorShape([]), *invariants),
    )
