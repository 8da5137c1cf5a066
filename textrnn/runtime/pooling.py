"""Pooling of a sequence that comes in parts, as in `textrnn.layers.pooling`."""

from __future__ import annotations

from typing import Protocol

import numpy as np

Pooled = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Pooled value of the steps so far, each `[B, H]` or `[B, 1]`."""


class Pooling(Protocol):
    """The vectors beside the last output. Masked outputs are zero; sums are float64."""

    def start(self, zeros: np.ndarray) -> Pooled:
        """Pooled value before the first step, from zeros float64 `[B, H]`."""

    def add(self, pooled: Pooled, outputs: np.ndarray, mask: np.ndarray) -> Pooled:
        """Pooled value with more outputs `[B, T, H]`; `mask` bool `[B, T]` is True at real steps."""

    def finish(self, pooled: Pooled) -> list[np.ndarray]:
        """Vectors `[B, H]`; zeros for rows without a real step."""

    def contributions(self, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Part of each output of one text `[T, H]` in the vectors times `weights`, float64 `[T]`."""


class ConcatPooling:
    """The mean and the maximum."""

    def start(self, zeros: np.ndarray) -> Pooled:
        return zeros, zeros - np.inf, zeros[:, :1]

    def add(self, pooled: Pooled, outputs: np.ndarray, mask: np.ndarray) -> Pooled:
        total, highest, count = pooled
        among = np.where(mask[..., None], outputs, -np.inf).max(axis=1, initial=-np.inf)
        return (
            total + outputs.sum(axis=1, dtype=np.float64),
            np.maximum(highest, among),
            count + mask.sum(axis=1, keepdims=True),
        )

    def finish(self, pooled: Pooled) -> list[np.ndarray]:
        total, highest, count = pooled
        return [total / np.maximum(count, 1), np.where(count > 0, highest, 0)]

    def contributions(self, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        of_mean, of_highest = np.split(weights, 2)
        told: np.ndarray = outputs @ of_mean / len(outputs)
        np.add.at(told, outputs.argmax(axis=0), outputs.max(axis=0) * of_highest)
        return told


class AttentionPooling:
    """A weighted mean, whose weights are an attention over the steps.

    Args:
        kernel: W, `[H, H]`.
        bias: b, `[H]`.
        query: u, `[H]`.
    """

    def __init__(self, kernel: np.ndarray, bias: np.ndarray, query: np.ndarray) -> None:
        self.kernel = kernel
        self.bias = bias
        self.query = query

    def start(self, zeros: np.ndarray) -> Pooled:
        return zeros, zeros[:, :1] - np.inf, zeros[:, :1]

    def add(self, pooled: Pooled, outputs: np.ndarray, mask: np.ndarray) -> Pooled:
        total, highest, weight = pooled  # weights are counted against the highest score so far
        scores = np.where(mask, self._scores(outputs), -np.inf)
        raised = np.maximum(highest, scores.max(axis=1, keepdims=True, initial=-np.inf))
        finite = np.where(np.isfinite(raised), raised, 0)  # of a row without a real step
        weights, kept = np.exp(scores - finite), np.exp(highest - finite)
        return (
            total * kept + np.einsum("bt,bth->bh", weights, outputs),
            raised,
            weight * kept + weights.sum(axis=1, keepdims=True),
        )

    def finish(self, pooled: Pooled) -> list[np.ndarray]:
        total, _, weight = pooled
        return [total / np.where(weight > 0, weight, 1)]

    def contributions(self, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        scores = self._scores(outputs)
        shares = np.exp(scores - scores.max())
        return np.asarray(shares / shares.sum() * (outputs @ weights))

    def _scores(self, outputs: np.ndarray) -> np.ndarray:
        return np.asarray(np.tanh(outputs @ self.kernel + self.bias) @ self.query)
