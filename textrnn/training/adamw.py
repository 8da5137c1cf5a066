"""The optimizer: AdamW, in one pass over each variable, with a pace for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


class AdamW(keras.optimizers.Adam):
    """AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) as Keras has it, but with TensorFlow's fused kernel.

    Keras makes a dozen passes over a variable and its moments, each with a result to allocate: a fifth of a step's
    time where a large vocabulary has an embedding.

    What a model has learned elsewhere is lost if it moves as fast as what is new: layers far from the output may take
    smaller steps (discriminative fine-tuning), and begin later (gradual unfreezing; Howard and Ruder, 2018,
    arXiv 1801.06146, sections 3.2 and 3.3).

    Args:
        learning_rate: Of a variable whose rate is 1: a number or a schedule.
        weight_decay: How much of itself each variable loses at a step, times its learning rate.
        rates: What the learning rate of each variable is multiplied by, in the order in which they are built; 1 for
            all by default.
        starts: The step at which each begins to move; 0 for all by default.
    """

    def __init__(
        self,
        learning_rate: Any,
        *,
        weight_decay: float,
        rates: Sequence[float] | None = None,
        starts: Sequence[int] | None = None,
    ) -> None:
        super().__init__(learning_rate)
        self.decay = weight_decay
        self.rates = rates
        self.starts = starts

    def update_step(self, gradient: tf.Tensor, variable: Any, learning_rate: Any) -> None:
        number = self._get_variable_index(variable)
        step = tf.convert_to_tensor(self.iterations)
        rate = tf.cast(learning_rate, variable.dtype)
        if self.rates is not None:
            rate *= self.rates[number]
        if self.starts is not None:
            rate *= tf.cast(step >= self.starts[number], variable.dtype)
        if self.decay:
            self.assign_sub(variable, variable * (self.decay * rate))
        first, second = self._momentums[number].value, self._velocities[number].value
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=first.handle,
            v=second.handle,
            beta1_power=tf.cast(self.beta_1, variable.dtype) ** tf.cast(step + 1, variable.dtype),
            beta2_power=tf.cast(self.beta_2, variable.dtype) ** tf.cast(step + 1, variable.dtype),
            lr=rate,
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )
