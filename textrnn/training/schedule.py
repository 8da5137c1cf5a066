"""Learning rate schedules."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

FIRST_RATE = 1e-5  # of a range test, as a fraction of the peak


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate of every step of a run. No step has a rate of 0: the first one is already part of the warm-up.

    `"cosine"` rises linearly over the warm-up, then falls along half a cosine toward 0 (Loshchilov and Hutter,
    2017, arXiv 1608.03983). `"one_cycle"` rises along half a cosine too, so a warm-up of a third of the run is one
    cycle (Smith, 2018, arXiv 1803.09820). `"constant"` stays at the peak. `"range_test"` rises exponentially from a
    hundred-thousandth of the peak to the peak, to find the rates at which a model learns (Smith, 2017,
    arXiv 1506.01186).

    Args:
        kind: One of `textrnn.options.SCHEDULES`, or `"range_test"`.
        peak: Highest rate.
        steps: Steps of the whole run.
        warmup_steps: Steps of the warm-up; 0 starts at the peak.
    """

    def __init__(self, kind: str, peak: float, steps: int, warmup_steps: int) -> None:
        self.kind = kind
        self.peak = peak
        self.steps = steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> tf.Tensor:
        """Rate of a step, counted from 0: float32, a scalar."""
        step = tf.cast(step, tf.float32)
        if self.kind == "range_test":
            return self.peak * tf.pow(FIRST_RATE, 1 - step / max(self.steps - 1, 1))
        rising = (step + 1) / max(self.warmup_steps, 1)
        if self.kind == "one_cycle":
            rising = (1 - tf.cos(math.pi * rising)) / 2
        progress = (step - self.warmup_steps) / max(self.steps - self.warmup_steps, 1)
        falling = (1 + tf.cos(math.pi * tf.clip_by_value(progress, 0.0, 1.0))) / 2
        if self.kind == "constant":
            falling = tf.ones([])
        return self.peak * tf.where(step < self.warmup_steps, rising, falling)

    def get_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "peak": self.peak, "steps": self.steps, "warmup_steps": self.warmup_steps}
