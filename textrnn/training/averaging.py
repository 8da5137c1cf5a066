"""Exponential moving averages of the weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf


class WeightAverages:
    """Averages of the weights over about the last 1 / (1 - decay) steps, fewer at the beginning.

    Averaged weights generalize better than the last ones (Izmailov et al., 2018, arXiv 1803.05407).

    Args:
        weights: Trained weights.
        decay: Fraction of an average that stays at a step, 0 to below 1; 0 keeps no averages.
    """

    def __init__(self, weights: Sequence[keras.Variable], decay: float) -> None:
        self.weights = list(weights) if decay else []
        self.decay = decay
        self.values = [
            tf.Variable(weight.value, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
            for weight in self.weights
        ]

    def update(self, step: tf.Tensor) -> None:
        """Add the weights after step number `step` to the averages."""
        steps = tf.cast(step, tf.float32)
        taken = 1 - tf.minimum(self.decay, steps / (steps + 9))  # early steps are far from the later ones
        for average, weight in zip(self.values, self.weights, strict=True):
            average.assign_add(tf.cast(taken, average.dtype) * (weight.value - average))

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """A context in which the weights have their averages as values."""
        kept = [weight.numpy() for weight in self.weights]
        for weight, average in zip(self.weights, self.values, strict=True):
            weight.assign(average)
        try:
            yield
        finally:
            for weight, value in zip(self.weights, kept, strict=True):
                weight.assign(value)
