"""How likely a text is under a model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn.generation.stepper import Step

CHUNK = 1024  # symbols read at once: long enough to be fast, short enough to keep memory flat
LOGITS_AT_ONCE = 1 << 23  # numbers, which makes chunks shorter for a large vocabulary


@dataclass(frozen=True, eq=False)
class Score:
    """How likely a text is.

    Attributes:
        log_probabilities: Natural logarithm of each symbol's probability given all before it, float64 `[N]`.
        nats_per_character: Mean surprise a character, in nats; NaN for an empty text.
        bits_per_character: The same in bits.
        perplexity: exp of the mean surprise a symbol.
    """

    log_probabilities: np.ndarray
    nats_per_character: float
    bits_per_character: float
    perplexity: float

    @classmethod
    def of(cls, log_probabilities: np.ndarray, characters: float) -> Score:
        """From the symbols' log-probabilities and the number of characters they spell."""
        nats = -float(log_probabilities.sum())
        per_character = nats / characters if characters else math.nan
        perplexity = math.exp(nats / len(log_probabilities)) if len(log_probabilities) else math.nan
        return cls(log_probabilities, per_character, per_character / math.log(2), perplexity)

    def __repr__(self) -> str:
        return (
            f"Score(symbols={len(self.log_probabilities)}, bits_per_character={self.bits_per_character:.4f}, "
            f"perplexity={self.perplexity:.4f})"
        )


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities, float64, over the last axis."""
    shifted = np.asarray(logits, np.float64)
    shifted = shifted - shifted.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def read_ids(
    step: Step,
    ids: np.ndarray,
    logits: np.ndarray,
    states: Any,
    *,
    on_symbols: Callable[[int], None] = lambda count: None,
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Read one sequence in chunks, carrying the state.

    Args:
        step: The model.
        ids: The symbols to read, int32 `[N]`.
        logits: The model's logits for the first of them, `[V]`.
        states: The states before it.
        on_symbols: Told how many symbols each chunk held, for a progress bar.

    Returns:
        The log-probability of each symbol, float64 `[N]`; the logits after the last, `[V]`; the states.
    """
    parts = [np.zeros(0)]
    size = max(1, min(CHUNK, LOGITS_AT_ONCE // len(logits)))
    for start in range(0, len(ids), size):
        chunk = ids[start : start + size]
        after, states = step(chunk[None], states)
        before = np.concatenate([logits[None], after[0, :-1]])
        parts.append(np.take_along_axis(log_softmax(before), chunk[:, None].astype(np.int64), axis=1)[:, 0])
        logits = after[0, -1]
        on_symbols(len(chunk))
    return np.concatenate(parts), logits, states
