"""Layers that learn at different rates, and from different moments on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


class LayerwiseAdamW(keras.optimizers.Adam):
    """AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) with a pace for each variable.

    What a model has learnt elsewhere is lost if it moves as fast as what is new: layers far from the output take
    smaller steps (discriminative fine-tuning), and begin later (gradual unfreezing).

    Paper: Howard and Ruder, 2018, arXiv 1801.06146, sections 3.2 and 3.3.

    Args:
        learning_rate: Of a variable whose rate is 1: a number or a schedule.
        weight_decay: How much of itself each variable loses at a step, times its learning rate.
        rates: What the learning rate of each variable is multiplied by, in the order in which they are built.
        starts: The step at which each begins to move.
    """

    def __init__(
        self, learning_rate: Any, *, weight_decay: float, rates: Sequence[float], starts: Sequence[int]
    ) -> None:
        super().__init__(learning_rate)
        self.decay = weight_decay
        self.rates = list(rates)
        self.starts = list(starts)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        number = self._get_variable_index(variable)
        has_begun = tf.convert_to_tensor(self.iterations) >= self.starts[number]
        rate = self.rates[number] * tf.cast(learning_rate, variable.dtype) * tf.cast(has_begun, variable.dtype)
        if self.decay:
            self.assign_sub(variable, variable * self.decay * rate)
        super().update_step(gradient, variable, rate)
