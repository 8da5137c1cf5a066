"""The optimizer: AdamW in one pass over each variable, by rows for tables, with a learning rate for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

TABLE_RATE = 1.5  # in learning rates: between its gradients a row rests, where Adam's momentum would carry it on


class AdamW(keras.optimizers.Adam):
    """Keras's AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) with TensorFlow's fused kernel, lazy for tables.

    Keras makes a dozen passes over a variable and its moments and allocates a result in each. With a large vocabulary
    that takes a fifth of a step's time.

    A step reads few rows of a table of embeddings, but AdamW moves all of them, because of momentum and decay. So a
    row of a table changes only in steps that read it, without decay, and its second moment is one number::

        m_r <- b1 m_r + (1 - b1) g_r,   v_r <- b2 v_r + (1 - b2) mean(g_r^2)
        E_r <- E_r - TABLE_RATE * learning_rate * m_r' / (sqrt(v_r') + epsilon)

    with m' and v' corrected for their start as in Adam. A step then takes as long with a table of a million rows as
    with one of a thousand.

    Fine-tuning loses pretrained features if pretrained layers move as fast as new ones. So layers far from the output
    may take smaller steps (discriminative fine-tuning) and start later (gradual unfreezing; Howard and Ruder, 2018,
    arXiv 1801.06146, sections 3.2 and 3.3).

    Args:
        learning_rate: Learning rate, a number or a schedule.
        weight_decay: Decay of each variable at a step, as a fraction of its learning rate.
        tables: Variables `[N, D]` that are updated by rows; their gradients are `tf.IndexedSlices` in which a row
            occurs once.
        rates: Factor of the learning rate of each variable, in the order of building; 1 for all by default.
        starts: First step that moves each variable; 0 for all by default.
    """

    def __init__(
        self,
        learning_rate: Any,
        *,
        weight_decay: float,
        tables: Sequence[keras.Variable] = (),
        rates: Sequence[float] | None = None,
        starts: Sequence[int] | None = None,
    ) -> None:
        super().__init__(learning_rate)
        self.decay = weight_decay
        self.table_ids = {id(table) for table in tables}
        self.rates = rates
        self.starts = starts

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Make the two moments of each variable; the second of a table has a number for each row."""
        if self.built:
            return
        keras.Optimizer.build(self, variables)
        self.moments = [
            (
                self.add_variable_from_reference(variable, "momentum"),
                self.add_variable(variable.shape[:1], name="velocity", dtype=variable.dtype)
                if id(variable) in self.table_ids
                else self.add_variable_from_reference(variable, "velocity"),
            )
            for variable in variables
        ]

    def update_step(self, gradient: tf.Tensor | tf.IndexedSlices, variable: Any, learning_rate: Any) -> None:
        number = self._get_variable_index(variable)
        step = tf.convert_to_tensor(self.iterations)
        rate = tf.cast(learning_rate, variable.dtype)
        if self.rates is not None:
            rate *= self.rates[number]
        if self.starts is not None:
            rate *= tf.cast(step >= self.starts[number], variable.dtype)
        first, second = (moment.value for moment in self.moments[number])
        beta1, beta2 = tf.cast(self.beta_1, variable.dtype), tf.cast(self.beta_2, variable.dtype)
        powers = [beta ** tf.cast(step + 1, variable.dtype) for beta in (beta1, beta2)]
        if len(second.shape) < len(variable.shape):
            rate *= TABLE_RATE * tf.sqrt(1 - powers[1]) / (1 - powers[0])
            self._update_rows(variable.handle, first.handle, second.handle, gradient, rate)
            return
        if self.decay:
            self.assign_sub(variable, variable * (self.decay * rate))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=first.handle,
            v=second.handle,
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
        )

    def _update_rows(self, table: Any, first: Any, second: Any, gradient: tf.IndexedSlices, rate: tf.Tensor) -> None:
        """Update those rows of a table that have a gradient; the variables are given by their handles."""
        rows, values = gradient.indices, tf.cast(gradient.values, rate.dtype)
        means, sizes = (
            tf.raw_ops.ResourceGather(resource=one, indices=rows, dtype=rate.dtype) for one in (first, second)
        )
        means += (1 - self.beta_1) * (values - means)
        sizes += (1 - self.beta_2) * (tf.reduce_mean(tf.square(values), axis=1) - sizes)
        tf.raw_ops.ResourceScatterUpdate(resource=first, indices=rows, updates=means)
        tf.raw_ops.ResourceScatterUpdate(resource=second, indices=rows, updates=sizes)
        moves = rate * means / (tf.sqrt(sizes) + self.epsilon)[:, None]
        tf.raw_ops.ResourceScatterSub(resource=table, indices=rows, updates=moves)
