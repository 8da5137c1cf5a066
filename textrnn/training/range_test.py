"""The learning-rate range test."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from textrnn.progress import Progress
from textrnn.training.schedule import Schedule
from textrnn.training.trainer import Trainer, TrainingDivergedError

SMOOTHING = 0.9  # decay of the losses' moving average
STOP_FACTOR = 1.3  # times the least smoothed loss, which ends the test
MIN_STEPS = 10  # about the span of the moving average: fewer show no slope


@dataclass(frozen=True, eq=False)
class RangeTest:
    """Result of a learning-rate range test.

    Attributes:
        rates: Learning rate of each step, float `[steps]`.
        losses: Smoothed training loss of each step in nats, float `[steps]`.
    """

    rates: np.ndarray
    losses: np.ndarray

    @property
    def suggestion(self) -> float:
        """A peak learning rate to try: where the loss falls fastest over the logarithm of the rate."""
        return float(self.rates[np.argmin(np.gradient(self.losses, np.log(self.rates)))])


def run_range_test(trainer: Trainer, highest: float, steps: int) -> RangeTest:
    """Raise the learning rate to `highest` over so many steps and record the loss; this ruins the weights.

    The test ends early once the loss has clearly risen. Smith, 2017, Cyclical learning rates for training
    neural networks, arXiv 1506.01186, section 3.3.

    Raises:
        TrainingDivergedError: If the loss is not finite within the first steps.
    """
    trainer.schedule = schedule = Schedule("range_test", highest, steps, 0)
    trainer.optimizer.learning_rate = schedule
    batches = itertools.chain.from_iterable(trainer.batches.epoch(epoch) for epoch in itertools.count())
    losses: list[float] = []
    average = 0.0
    for batch in Progress(steps, "step", is_shown=trainer.is_shown).over(itertools.islice(batches, steps)):
        try:
            (loss, _, count), _ = trainer.train_step(batch)
        except TrainingDivergedError:
            if len(losses) < MIN_STEPS:
                raise
            break
        average = SMOOTHING * average + (1 - SMOOTHING) * loss / count
        losses.append(average / (1 - SMOOTHING ** (len(losses) + 1)))
        if len(losses) > MIN_STEPS and losses[-1] > STOP_FACTOR * min(losses):
            break
    return RangeTest(np.array([float(schedule(step)) for step in range(len(losses))]), np.array(losses))
