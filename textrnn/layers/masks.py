"""Masked steps: zero outputs, states left as they were."""

from __future__ import annotations

import tensorflow as tf

from textrnn.layers.cell import States


def zero_masked(sequence: tf.Tensor, mask: tf.Tensor | None, axis: int = -1) -> tf.Tensor:
    """`sequence` with zeros where `mask`, which lacks its `axis`, is False; a NaN there is replaced too."""
    if mask is None:
        return sequence
    return tf.where(tf.expand_dims(mask, axis), sequence, tf.zeros([], sequence.dtype))


def select(real: tf.Tensor, stepped: States, kept: States) -> States:
    """`stepped` where `real`, else `kept`."""
    return tuple(tf.where(real, new, old) for new, old in zip(stepped, kept, strict=True))
