"""h_t = a_t h_{t-1} + b_t for all t at once, in log2(T) passes: for devices with more lanes than a step can fill.

Two neighboring steps are again one step of the same form, (a_2 a_1) h + (a_2 b_1 + b_2). Each pass joins every step
with the one as far back as it already reaches, so the reach doubles (Hillis and Steele, 1986). That is log2(T) times
the arithmetic of a loop, which is why a CPU runs the loop instead.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from textrnn.layers.cell import States
from textrnn.layers.masks import zero_masked
from textrnn.layers.min_gru_cell import MinGRUCell


def run_scan(
    cell: MinGRUCell, projected: tf.Tensor, initial: States, mask: tf.Tensor | None
) -> tuple[tf.Tensor, States]:
    """The results of `run_recurrence`, in log2(T) passes, from the projected inputs `[T, 2 * H, B]`."""
    decay, values = cell.decay_and_input(tf.cast(projected, initial[0].dtype))
    if mask is not None:
        decay = tf.where(mask[:, None], decay, tf.ones([], decay.dtype))
        values = zero_masked(values, mask, axis=1)
    hidden = scan_in_log_depth(decay, values, initial[0])
    return zero_masked(hidden, mask, axis=1), (hidden[-1],)


@tf.custom_gradient
def scan_in_log_depth(
    decay: tf.Tensor, values: tf.Tensor, initial: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
    """All h_t, `[T, H, B]`.

    Args:
        decay: a_t, `[T, H, B]`.
        values: b_t, `[T, H, B]`.
        initial: h before the first step, `[H, B]`.
    """
    hidden = _scan(decay, tf.concat([values[:1] + decay[:1] * initial, values[1:]], axis=0))

    def gradient(d_hidden: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # d(h_t) = gradient of the output + a_{t+1} d(h_{t+1}): the same recurrence from the other end.
        following = tf.concat([decay[1:], tf.zeros_like(decay[:1])], axis=0)
        d_values = tf.reverse(_scan(tf.reverse(following, [0]), tf.reverse(d_hidden, [0])), [0])
        previous = tf.concat([initial[None], hidden[:-1]], axis=0)
        return d_values * previous, d_values, tf.reduce_sum(d_values[:1] * decay[:1], axis=0)

    return hidden, gradient


def _scan(decay: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """The recurrence from a state of zero."""
    steps = tf.shape(values)[0]

    def double(reach: tf.Tensor, decay: tf.Tensor, values: tf.Tensor) -> tuple[tf.Tensor, ...]:
        before = [[reach, 0], [0, 0], [0, 0]]
        values += decay * tf.pad(values[: steps - reach], before)
        decay *= tf.pad(decay[: steps - reach], before)
        return 2 * reach, decay, values

    shape = tf.TensorShape([None, *values.shape[1:]])  # padding by a tensor forgets T
    return tf.while_loop(
        lambda reach, *_: reach < steps,
        double,
        (tf.constant(1), decay, values),
        parallel_iterations=1,
        shape_invariants=(tf.TensorShape([]), shape, shape),
    )[2]
