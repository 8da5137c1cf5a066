"""How the learning rate moves over a run."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf


class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Up to the peak over the warm-up, then along half a cosine towards 0 (Loshchilov and Hutter, 2017,
    arXiv 1608.03983). No step has a rate of 0: the first has its share of the warm-up.

    Args:
        peak: The highest rate.
        steps: Steps of the whole run.
        warmup_steps: Steps of the warm-up; 0 begins at the peak.
    """

    def __init__(self, peak: float, steps: int, warmup_steps: int) -> None:
        self.peak = peak
        self.steps = steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> tf.Tensor:
        """The rate of a step, counted from 0: float32, a scalar."""
        step = tf.cast(step, tf.float32)
        rising = (step + 1) / max(self.warmup_steps, 1)
        progress = (step - self.warmup_steps) / max(self.steps - self.warmup_steps, 1)
        falling = (1 + tf.cos(math.pi * tf.clip_by_value(progress, 0.0, 1.0))) / 2
        return self.peak * tf.where(step < self.warmup_steps, rising, falling)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "steps": self.steps, "warmup_steps": self.warmup_steps}
