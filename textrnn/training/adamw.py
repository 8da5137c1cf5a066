"""The optimizer: AdamW in one pass over each variable, with a learning rate for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


class AdamW(keras.optimizers.Adam):
    """Keras's AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) with TensorFlow's fused kernel.

    Keras makes a dozen passes over a variable and its moments and allocates a result in each. With a large vocabulary
    that takes a fifth of a step's time.

    Fine-tuning loses pretrained features if pretrained layers move as fast as new ones. So layers far from the output
    may take smaller steps (discriminative fine-tuning) and start later (gradual unfreezing; Howard and Ruder, 2018,
    arXiv 1801.06146, sections 3.2 and 3.3).

    Args:
        learning_rate: Learning rate, a number or a schedule.
        weight_decay: Decay of each variable at a step, as a fraction of its learning rate.
        rates: Factor of the learning rate of each variable, in the order of building; 1 for all by default.
        starts: First step that moves each variable; 0 for all by default.
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
