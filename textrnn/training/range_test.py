"""At which learning rates a model learns."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from textrnn.progress import Progress
from textrnn.training.schedule import Schedule
from textrnn.training.trainer import Trainer, TrainingDivergedError

SMOOTHING = 0.9  # of the losses, at a step
HOPELESS = 1.3  # times the least smoothed loss: from there it only gets worse
LEAST_STEPS = 10  # as many as the smoothing looks back: with fewer there is no slope to speak of


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What a learning-rate range test saw.

    Attributes:
        rates: The learning rate of each step, float `[steps]`.
        losses: The smoothed training loss at it, nats, float `[steps]`.
    """

    rates: np.ndarray
    losses: np.ndarray

    @property
    def suggestion(self) -> float:
        """A peak to try: where the loss falls fastest along the rate's logarithm."""
        return float(self.rates[np.argmin(np.gradient(self.losses, np.log(self.rates)))])


def run_range_test(trainer: Trainer, highest: float, steps: int) -> RangeTest:
    """Let the learning rate rise to `highest` over so many steps and watch the loss; the weights are spoilt by it.

    The test ends early where the loss has clearly risen again. Smith, 2017, Cyclical learning rates for training
    neural networks, arXiv 1506.01186, section 3.3.

    Raises:
        TrainingDivergedError: If the loss was no number before anything could be seen.
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
            if len(losses) < LEAST_STEPS:
                raise
            break
        average = SMOOTHING * average + (1 - SMOOTHING) * loss / count
        losses.append(average / (1 - SMOOTHING ** (len(losses) + 1)))
        if len(losses) > LEAST_STEPS and losses[-1] > HOPELESS * min(losses):
            break
    return RangeTest(np.array([float(schedule(step)) for step in range(len(losses))]), np.array(losses))
