"""Choosing the next symbol from the model's logits."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.generation.state import REMEMBERED


@dataclass(frozen=True)
class Sampler:
    """How the next symbol is drawn; the filters apply in the order of the fields.

    For the filters symbols are ranked by their logits, the likeliest first and ties by their number, so that each
    keeps the first few. A draw is one number in 0 to 1 put against the summed probabilities of what is kept.

    Args:
        repetition_penalty: The model's probability of symbols among the last `repetition_window` is divided by it,
            before all are made to sum to 1 again (after Keskar et al., 2019, arXiv 1909.05858, section 4.1; they
            divide logits, which have no zero to count from).
        repetition_window: How many symbols back count, those of the prompt and of a state included; 256 at most.
        temperature: Logits are divided by it: below 1 safer, above 1 wilder, 0 always takes the likeliest. Several
            take turns, one a symbol.
        top_k: Keep the k likeliest symbols (Fan et al., 2018, arXiv 1805.04833).
        top_p: Keep the likeliest symbols that together reach this probability (Holtzman et al., 2020,
            arXiv 1904.09751).
        min_p: Keep symbols at least this fraction as likely as the likeliest (Nguyen et al., 2024,
            arXiv 2407.01082).

    Raises:
        ValueError, TypeError: If a value is out of its range or of another type, or cannot have an effect.
    """

    repetition_penalty: float = 1.0
    repetition_window: int = 64
    temperature: float | Sequence[float] = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None

    def __post_init__(self) -> None:
        penalty = checks.positive_number("repetition_penalty", self.repetition_penalty)
        if penalty < 1:
            raise ValueError(f"`repetition_penalty` must be a number of 1 or more; received {penalty!r}.")
        if checks.positive_integer("repetition_window", self.repetition_window) > REMEMBERED:
            raise ValueError(
                f"`repetition_window` must be at most {REMEMBERED}, which a state remembers; received "
                f"{self.repetition_window!r}."
            )
        temperatures = self._checked_temperatures()
        if isinstance(self.temperature, Sequence):
            object.__setattr__(self, "temperature", tuple(temperatures))  # so that a sampler can be a key
        if self.top_k is not None:
            checks.positive_integer("top_k", self.top_k)
        if self.top_p is not None:
            checks.fraction("top_p", self.top_p, zero=False, one=True)
        if self.min_p is not None:
            checks.fraction("min_p", self.min_p)
        for name in ("top_k", "top_p", "min_p"):
            if not any(temperatures) and getattr(self, name) is not None:
                raise ValueError(
                    f"`{name}` must be left out with temperature 0, which always takes the likeliest symbol; "
                    f"received {getattr(self, name)!r}."
                )

    @functools.cached_property
    def _temperatures(self) -> np.ndarray:
        return np.atleast_1d(np.asarray(self.temperature, np.float64))

    @property
    def is_greedy(self) -> bool:
        """Whether it always takes the likeliest symbol."""
        return self.top_k == 1 or not self._temperatures.any()

    @functools.cached_property
    def _needs_order(self) -> bool:
        filters = (self.top_k, self.top_p, self.min_p)
        return any(value is not None for value in filters) or not self._temperatures.all()

    def _checked_temperatures(self) -> list[float]:
        if isinstance(self.temperature, (str, bytes)) or not isinstance(self.temperature, Sequence):
            return [checks.non_negative_number("temperature", self.temperature)]
        if not self.temperature:
            raise ValueError("`temperature` must be a number of 0 or more, or several; received none.")
        return [checks.non_negative_number(f"temperature[{n}]", value) for n, value in enumerate(self.temperature)]

    def choose(self, logits: Any, points: Any, recent: Any, number: Any = 0, xp: Any = np) -> Any:
        """One symbol a row.

        Args:
            logits: Float `[B, V]`; minus infinity where a symbol may not be chosen.
            points: The draw of each row, float64 `[B, 1]` in 0 to 1, 1 excluded.
            recent: The last symbols of each row, int `[B, W]`; a symbol that is never chosen may fill it up.
            number: Which symbol of the text is chosen, from 0: it decides the temperature.
            xp: The library that computes, with NumPy's names: NumPy, or `tensorflow.experimental.numpy` in a graph.

        Returns:
            Ids int64 `[B]`.
        """
        if xp is np and len(logits) == 1 and not self._needs_order:
            return self._choose_for_one(self._penalised(logits, recent, np)[0], points[0], number)
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
        """What is drawn from: float64 `[B, V]`, rows summing to 1; arguments as for `choose`."""
        recent = np.zeros([len(logits), 0], np.int64) if recent is None else recent
        order, cumulative = self._ranked(np.asarray(logits, np.float64), recent, number, np)
        ranked = np.diff(cumulative, axis=1, prepend=0) / cumulative[:, -1:]
        if order is None:
            return ranked
        probabilities = np.zeros_like(ranked)
        np.put_along_axis(probabilities, order, ranked, axis=1)
        return probabilities

    def _ranked(self, logits: Any, recent: Any, number: Any, xp: Any) -> tuple[Any, Any]:
        """The symbols of each row in order, `[B, V]`, None for that of the vocabulary, and the summed weights of what
        is kept of them, float64."""
        logits = self._penalised(logits, recent, xp)
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

    def _penalised(self, logits: Any, recent: Any, xp: Any) -> Any:
        if self.repetition_penalty == 1:
            return logits
        is_recent = xp.any(recent[:, :, None] == xp.arange(logits.shape[1]), axis=1)
        return xp.where(is_recent, logits - math.log(self.repetition_penalty), logits)

    def _weights(self, logits: Any, number: Any, xp: Any) -> Any:
        """How likely symbols are against the likeliest, which has weight 1, once the temperature is counted in."""
        shifted = logits - xp.max(logits, axis=1, keepdims=True)
        return xp.exp(shifted if self.temperature == 1 else shifted / self._divisor(number, xp))

    def _divisor(self, number: Any, xp: Any) -> Any:
        """The temperature, or 1 where it is 0, which keeps the likeliest symbol alone whatever the weights."""
        if len(self._temperatures) == 1:
            return float(self._temperatures[0]) or 1.0
        return xp.asarray(np.where(self._temperatures > 0, self._temperatures, 1.0))[number % len(self._temperatures)]
