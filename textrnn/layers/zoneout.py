"""Zoneout: units that keep their state at random steps.

It belongs in the loop over time, because the next step begins with the kept state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from textrnn.layers.cell import States

Shares = tuple[tf.Tensor | float, ...]


@dataclass(frozen=True)
class Zoneout:
    """h_t = k_t * h_{t-1} + (1 - k_t) * the cell's step, for each state, k_t being 1 with probability `rate`, else 0.

    Paper: Krueger et al., 2017, arXiv 1606.01305, equation 2.

    Args:
        rate: Probability that a unit keeps its state at a step.
        seed: Int32 `[2]`, which decides every k_t of a sequence; None is their mean, `rate`, as at inference.
    """

    rate: float
    seed: tf.Tensor | None

    def kept(self, number: tf.Tensor | int, steps: tf.Tensor | int, states: States) -> Callable[[tf.Tensor], Shares]:
        """k_t of each state, as a function of the step's place in chunk `number` of time, which has `steps` steps.

        The same number gives the same shares, so the backward pass draws them again.
        """
        if self.seed is None:
            return lambda m: (self.rate,) * len(states)
        units = [state.shape[0] for state in states]
        shape = tf.stack([steps, sum(units), tf.shape(states[0])[1]])
        chance = tf.random.stateless_uniform(shape, tf.random.experimental.stateless_fold_in(self.seed, number))
        is_kept = tf.cast(chance < self.rate, states[0].dtype)
        return lambda m: tuple(tf.split(is_kept[m], units))

    def undone(self, states: States, previous: States) -> States:
        """The states after the cell's own step, from those after zoneout and those before the step.

        No gradient reaches the step where a unit kept its state, so the value there does not matter.
        """
        if self.seed is not None:
            return states
        pairs = zip(states, previous, strict=True)
        return tuple((state - self.rate * before) / (1 - self.rate) for state, before in pairs)
