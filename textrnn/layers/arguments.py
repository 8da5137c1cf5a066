"""Checks of a recurrent layer's arguments, with one message for tensors and for a functional model's placeholders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

NOT_GO_BACKWARDS = (
    "`go_backwards` must not be given: `reverse=True` makes a Recurrent layer read backwards, and leaves each output "
    "at the place of its input. keras.layers.Bidirectional asks for `go_backwards`; to read both ways use "
    "textrnn.layers.Bidirectional(Recurrent(...))."
)
READS_BOTH_WAYS = (
    "`go_backwards` must not be given: textrnn.layers.Bidirectional reads both ways already. "
    "keras.layers.Bidirectional asks for `go_backwards`; leave that wrapper out."
)


def check_rank(sequence_shape: Any) -> None:
    """Refuse a shape that is not one of a sequence `[B, T, D]`."""
    if len(sequence_shape) != 3:
        raise ValueError(f"`sequence` must have shape [B, T, D]; received shape {tuple(sequence_shape)}.")


def checked_mask(mask: Any, sequence: tf.Tensor) -> tf.Tensor:
    """`mask` as bool `[B, T]`."""
    mask = tf.cast(mask, tf.bool)
    check_mask(mask, sequence)
    return mask


def check_mask(mask: Any, sequence: Any) -> None:
    """Refuse a mask that is not `[B, T]`."""
    if not tf.TensorShape(mask.shape).is_compatible_with(sequence.shape[:2]):
        raise ValueError(
            f"`mask` must have the shape [B, T] of `sequence`, {tuple(sequence.shape[:2])}; "
            f"received {tuple(mask.shape)}."
        )


def checked_states(given: Any, sizes: Sequence[int], rows: int | None, cell: str) -> list[Any]:
    """The initial states of a `cell` as a list, one for each of its `sizes`."""
    states = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(states) != len(sizes):
        raise ValueError(f"`initial_state` must hold {len(sizes)} tensor(s) for {cell}; received {len(states)}.")
    for state, size in zip(states, sizes, strict=True):
        if not tf.TensorShape(state.shape).is_compatible_with((rows, size)):
            raise ValueError(
                f"`initial_state` must have shape [B, H], {(rows, size)}; received {tuple(state.shape)}."
            )
    return states


def freeze_parts(layer: Any) -> None:
    """Freeze the inner layers of one made with `trainable=False`: Keras set it before there were any."""
    if not layer.trainable:
        keras.layers.Layer.trainable.fset(layer, False)  # assigning the attribute's own value does nothing
