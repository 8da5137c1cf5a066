"""Choosing the next symbol from the model's logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrnn import checks
from textrnn.generation.scoring import log_softmax


@dataclass(frozen=True)
class Sampler:
    """How the next symbol is drawn; the filters apply in the order of the fields.

    Args:
        temperature: Logits are divided by it: below 1 safer, above 1 wilder, 0 always takes the likeliest.
        top_k: Keep the k likeliest symbols (Fan et al., 2018, arXiv 1805.04833).
        top_p: Keep the likeliest symbols that together reach this probability (Holtzman et al., 2020,
            arXiv 1904.09751).
        min_p: Keep symbols at least this fraction as likely as the likeliest (Nguyen et al., 2024,
            arXiv 2407.01082).

    Raises:
        ValueError, TypeError: If a value is out of its range or of another type.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None

    def __post_init__(self) -> None:
        checks.non_negative_number("temperature", self.temperature)
        if self.top_k is not None:
            checks.positive_integer("top_k", self.top_k)
        if self.top_p is not None:
            checks.fraction("top_p", self.top_p, zero=False, one=True)
        if self.min_p is not None:
            checks.fraction("min_p", self.min_p)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """What is drawn from: float64 `[B, V]`, rows summing to 1, from logits `[B, V]`."""
        logits = np.asarray(logits, np.float64)
        if self.temperature == 0:
            return (np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]).astype(np.float64)
        # Subtracting the maximum first keeps a tiny temperature from overflowing.
        logits = (logits - logits.max(axis=1, keepdims=True)) / self.temperature
        probabilities = np.exp(log_softmax(logits))
        if self.top_k is not None:
            probabilities = _keep(probabilities, _ranks(probabilities) < self.top_k)
        if self.top_p is not None:
            probabilities = _keep(probabilities, _mass_before(probabilities) < self.top_p)
        if self.min_p is not None:
            least = self.min_p * probabilities.max(axis=1, keepdims=True)
            probabilities = _keep(probabilities, probabilities >= least)
        return probabilities

    def draw(self, logits: np.ndarray, generators: Sequence[np.random.Generator]) -> np.ndarray:
        """One id a row, int32 `[B]`. Each row has a generator of its own, so a row's text depends on no other."""
        cumulative = self.probabilities(logits).cumsum(axis=1)
        # Scaled by the row's own total, which rounding may leave a hair off 1, and kept strictly below it.
        points = [
            min(generator.random() * row[-1], np.nextafter(row[-1], 0))
            for generator, row in zip(generators, cumulative, strict=True)
        ]
        drawn = [np.searchsorted(row, point, side="right") for row, point in zip(cumulative, points, strict=True)]
        return np.asarray(drawn, np.int32)


def _keep(probabilities: np.ndarray, kept: np.ndarray) -> np.ndarray:
    probabilities = np.where(kept, probabilities, 0.0)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def _ranks(probabilities: np.ndarray) -> np.ndarray:
    """0 for the likeliest symbol of a row, 1 for the next; ties go to the lower id."""
    return (-probabilities).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")


def _mass_before(probabilities: np.ndarray) -> np.ndarray:
    """For each symbol the summed probability of all that rank before it."""
    order = (-probabilities).argsort(axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    before = np.zeros_like(probabilities)
    np.put_along_axis(before, order, ranked.cumsum(axis=1) - ranked, axis=1)
    return before
