"""Scores: the probability of a text under a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from textrnn import checks


class Span(NamedTuple):
    """Tokens `start` to `end` of a text, the end excluded, and their surprise together, in bits."""

    start: int
    end: int
    bits: float


@dataclass(frozen=True, eq=False)
class Score:
    """Probability of a text.

    Attributes:
        log_probabilities: Natural logarithm of each token's probability given all before it, float64 `[N]`.
        nats_per_character: Mean surprise a character, in nats; NaN for an empty text.
        bits_per_character: The same in bits.
        perplexity: exp of the mean surprise a token.
        characters: Number of characters that the tokens spell; a share of them if not all tokens are predicted.
    """

    log_probabilities: np.ndarray
    nats_per_character: float
    bits_per_character: float
    perplexity: float
    characters: float

    @classmethod
    def of(cls, log_probabilities: np.ndarray, characters: float) -> Score:
        """A score from the tokens' log-probabilities and the number of characters they spell."""
        nats = -float(log_probabilities.sum())
        per_character = nats / characters if characters else math.nan
        with np.errstate(over="ignore"):  # a text may have probability 0
            perplexity = float(np.exp(nats / len(log_probabilities))) if len(log_probabilities) else math.nan
        return cls(log_probabilities, per_character, per_character / math.log(2), perplexity, characters)

    @property
    def surprisals(self) -> np.ndarray:
        """Surprise of each token in bits, float64 `[N]`: -log2 of its probability."""
        return -self.log_probabilities / math.log(2)

    def most_surprising(self, count: int = 5, length: int = 20) -> list[Span]:
        """The `count` most surprising spans of `length` tokens, none of which overlap, the most surprising first."""
        checks.positive_integer("count", count)
        checks.positive_integer("length", length)
        length = min(length, len(self.log_probabilities))
        total = np.concatenate([[0.0], np.cumsum(self.surprisals)])
        bits = total[length:] - total[: len(total) - length] if length else np.zeros(0)
        spans: list[Span] = []
        for start in np.argsort(-bits, kind="stable").tolist():
            if len(spans) == count:
                break
            if all(abs(start - span.start) >= length for span in spans):
                spans.append(Span(start, start + length, float(bits[start])))
        return spans

    def __repr__(self) -> str:
        return (
            f"Score(tokens={len(self.log_probabilities)}, bits_per_character={self.bits_per_character:.4f}, "
            f"perplexity={self.perplexity:.4f})"
        )


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities, float64, over the last axis."""
    shifted = np.asarray(logits, np.float64)
    shifted = shifted - shifted.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
