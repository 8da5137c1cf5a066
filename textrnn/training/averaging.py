"""Exponential moving averages of the weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf


class WeightAverages:
    """Averages of the weights over about the last 1 / (1 - decay) steps, fewer at the beginning.

    Averaged weights generalize better than the last ones (Izmailov et al., 2018, arXiv 1803.05407).

    The average of a table's row is brought up to date before the row changes and before the averages are used: in
    between the row is constant, and its distance from the average shrinks by the product of the steps' decays.

    Args:
        weights: Trained weights.
        decay: Fraction of an average that stays at a step, 0 to below 1; 0 keeps no averages.
        tables: Weights of which a step updates some rows.
    """

    def __init__(
        self, weights: Sequence[keras.Variable], decay: float, tables: Sequence[keras.Variable] = ()
    ) -> None:
        self.weights = list(weights) if decay else []
        self.decay = decay
        self.values = [_make_variable(weight.value) for weight in self.weights]
        table_ids = {id(table) for table in tables}
        self.tables = [number for number, weight in enumerate(self.weights) if id(weight) in table_ids]
        self.log_decay = _make_variable(tf.zeros([], tf.float64))
        """Logarithm of the product of all steps' decays."""
        self.log_decay_of_row = {
            number: _make_variable(tf.zeros(self.weights[number].shape[0], tf.float64)) for number in self.tables
        }
        """For each table its value when each row was brought up to date."""

    @property
    def variables(self) -> list[tf.Variable]:
        """Everything that a checkpoint stores."""
        return [*self.values, *([self.log_decay, *self.log_decay_of_row.values()] if self.tables else [])]

    def catch_up(self, gradients: Sequence[Any]) -> None:
        """Bring the averages of those rows of tables up to date that these gradients, one a weight, will change."""
        for number in self.tables:
            self._catch_up(number, gradients[number].indices)

    def update(self, step: tf.Tensor) -> None:
        """Add the weights after step number `step` to the averages."""
        steps = tf.cast(step, tf.float32)
        taken = 1 - tf.minimum(self.decay, steps / (steps + 9))  # early steps are far from the later ones
        for number, (average, weight) in enumerate(zip(self.values, self.weights, strict=True)):
            if number not in self.log_decay_of_row:
                average.assign_add(tf.cast(taken, average.dtype) * (weight.value - average))
        if self.tables:
            self.log_decay.assign_add(tf.math.log1p(-tf.cast(taken, tf.float64)))

    def _catch_up(self, number: int, rows: tf.Tensor) -> None:
        since = self.log_decay - tf.gather(self.log_decay_of_row[number], rows)
        average, weight = self.values[number], tf.gather(self.weights[number].value, rows)
        distance = weight - tf.gather(average, rows)
        left = tf.cast(tf.exp(since), average.dtype)[:, None]
        average.scatter_update(tf.IndexedSlices(weight - left * distance, rows))
        times = tf.fill(tf.shape(rows), tf.convert_to_tensor(self.log_decay))
        self.log_decay_of_row[number].scatter_update(tf.IndexedSlices(times, rows))

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """A context in which the weights have their averages as values."""
        for number in self.tables:
            self._catch_up(number, tf.range(self.weights[number].shape[0]))
        kept = [weight.numpy() for weight in self.weights]
        for weight, average in zip(self.weights, self.values, strict=True):
            weight.assign(average)
        try:
            yield
        finally:
            for weight, value in zip(self.weights, kept, strict=True):
                weight.assign(value)


def _make_variable(value: tf.Tensor) -> tf.Variable:
    return tf.Variable(value, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
