"""Sampling of the next token from the model's logits."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from textrnn.options import SamplingOptions
from textrnn.options.option import options


@options
class Sampler(SamplingOptions):
    """Draws the next token by its options.

    For the filters tokens are ranked by their logits, the likeliest first and ties by their number, so that each
    keeps the first few. A draw compares a number in 0 to 1 with the cumulative probabilities of the kept tokens. The
    repetition penalty divides the model's own probabilities, before they are made to sum to 1 again; Keskar et al.
    divide logits, which have no zero to count from.

    Raises:
        ValueError, TypeError: If an option is out of its range or of another type, or cannot have an effect.
    """

    @functools.cached_property
    def _temperatures(self) -> np.ndarray:
        return np.atleast_1d(np.asarray(self.temperature, np.float64))

    @property
    def is_greedy(self) -> bool:
        """Whether it always takes the likeliest token."""
        return self.top_k == 1 or not self._temperatures.any()

    @functools.cached_property
    def _needs_order(self) -> bool:
        filters = (self.top_k, self.top_p, self.min_p)
        return any(value is not None for value in filters) or not self._temperatures.all()

    def choose(self, logits: Any, points: Any, recent: Any, number: Any = 0, xp: Any = np) -> Any:
        """One token a row.

        Args:
            logits: Float `[B, V]`; minus infinity where a token may not be chosen.
            points: The draw of each row, float64 `[B, 1]` in 0 to 1, 1 excluded.
            recent: Last tokens of each row, int `[B, W]`, filled up with a token that is never chosen.
            number: Number of the token in the text, from 0, which decides the temperature.
            xp: Array library with NumPy's names: NumPy, or `tensorflow.experimental.numpy` in a graph.

        Returns:
            Ids int64 `[B]`.
        """
        if xp is np and len(logits) == 1 and not self._needs_order:
            return self._choose_for_one(self._penalized(logits, recent, np)[0], points[0], number)
        order, cumulative = self._ranked(logits, recent, number, xp)
        # The first that is beyond the draw; a draw below 1 stays below the sum when it is rounded.
        place = xp.argmax(cumulative > points * cumulative[:, -1:], axis=1)
        return place if order is None else xp.take_along_axis(order, place[:, None], axis=1)[:, 0]

    def _choose_for_one(self, logits: np.ndarray, point: np.ndarray, number: int) -> np.ndarray:
        """As `choose`, from logits float64 `[V]` and the draw `[1]`: NumPy takes half the time over a vector."""
        shifted = logits - logits.max()
        cumulative = np.exp(shifted if self.temperature == 1 else shifted / self._divisor(number, np)).cumsum()
        return cumulative.searchsorted(point * cumulative[-1], side="right")

    def probabilities(self, logits: np.ndarray, recent: np.ndarray | None = None, number: int = 0) -> np.ndarray:
        """Probabilities of the draws, float64 `[B, V]`, rows summing to 1; arguments as for `choose`."""
        recent = np.zeros([len(logits), 0], np.int64) if recent is None else recent
        order, cumulative = self._ranked(np.asarray(logits, np.float64), recent, number, np)
        ranked = np.diff(cumulative, axis=1, prepend=0) / cumulative[:, -1:]
        if order is None:
            return ranked
        probabilities = np.zeros_like(ranked)
        np.put_along_axis(probabilities, order, ranked, axis=1)
        return probabilities

    def _ranked(self, logits: Any, recent: Any, number: Any, xp: Any) -> tuple[Any, Any]:
        """Tokens of each row in order, `[B, V]`, None for the order of the vocabulary, and the cumulative weights of
        the kept ones, float64."""
        logits = self._penalized(logits, recent, xp)
        if not self._needs_order:
            return None, xp.cumsum(self._weights(logits, number, xp), axis=1)
        order = xp.argsort(-logits, axis=1, kind="stable")
        weights = self._weights(xp.take_along_axis(logits, order, axis=1), number, xp)
        rank = xp.arange(logits.shape[1])[None]
        is_kept = (rank == 0) | xp.asarray(self._temperatures > 0)[number % len(self._temperatures)]
        if self.top_k is not None:
            is_kept = is_kept & (rank < self.top_k)
        if self.top_p is not None:
            kept = xp.where(is_kept, weights, 0.0)
            before = xp.cumsum(kept, axis=1) - kept
            is_kept = is_kept & (before < self.top_p * xp.sum(kept, axis=1, keepdims=True))
        if self.min_p is not None:
            is_kept = is_kept & (weights >= self.min_p)  # the likeliest has weight 1
        return order, xp.cumsum(xp.where(is_kept, weights, 0.0), axis=1)

    def _penalized(self, logits: Any, recent: Any, xp: Any) -> Any:
        if self.repetition_penalty == 1:
            return logits
        is_recent = xp.any(recent[:, :, None] == xp.arange(logits.shape[1]), axis=1)
        return xp.where(is_recent, logits - math.log(self.repetition_penalty), logits)

    def _weights(self, logits: Any, number: Any, xp: Any) -> Any:
        """Probability of tokens relative to the likeliest, which has weight 1, after the temperature."""
        shifted = logits - xp.max(logits, axis=1, keepdims=True)
        return xp.exp(shifted if self.temperature == 1 else shifted / self._divisor(number, xp))

    def _divisor(self, number: Any, xp: Any) -> Any:
        """The temperature, or 1 where it is 0, which keeps the likeliest token alone whatever the weights."""
        if len(self._temperatures) == 1:
            return float(self._temperatures[0]) or 1.0
        return xp.asarray(np.where(self._temperatures > 0, self._temperatures, 1.0))[number % len(self._temperatures)]
