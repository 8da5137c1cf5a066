"""An exponential average of the weights, kept beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf


class WeightAverages:
    """The weights' averages over the last steps, about 1 / (1 - decay) of them and fewer at the beginning.

    The averages of a run whose learning rate falls to 0 lie closer to the middle of what it wandered over than where
    it ended (Izmailov et al., 2018, arXiv 1803.05407).

    Args:
        weights: What training moves.
        decay: How much of an average stays at a step, 0 to below 1; 0 keeps no averages.
    """

    def __init__(self, weights: Sequence[keras.Variable], decay: float) -> None:
        self.weights = list(weights) if decay else []
        self.decay = decay
        self.values = [
            tf.Variable(weight.value, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
            for weight in self.weights
        ]

    def update(self, step: tf.Tensor) -> None:
        """Take in the weights after so many steps."""
        steps = tf.cast(step, tf.float32)
        taken = 1 - tf.minimum(self.decay, steps / (steps + 9))  # early steps are far from the later ones
        for average, weight in zip(self.values, self.weights, strict=True):
            average.assign_add(tf.cast(taken, average.dtype) * (weight.value - average))

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it the weights are their averages."""
        kept = [weight.numpy() for weight in self.weights]
        for weight, average in zip(self.weights, self.values, strict=True):
            weight.assign(average)
        try:
            yield
        finally:
            for weight, value in zip(self.weights, kept, strict=True):
                weight.assign(value)
