"""How likely a text is under a model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


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
