"""The wide path of a classifier with NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from textrnn.hashing import hash_ngrams
from textrnn.text import PAD_ID


class WideState(NamedTuple):
    """State of B texts that come in parts.

    Attributes:
        total: Sum of the weights so far, float32 `[B, labels]`.
        last_ids: Last tokens, int `[B, ngrams - 1]`.
    """

    total: np.ndarray
    last_ids: np.ndarray


class WidePath:
    """`textrnn.layers.WidePath` without TensorFlow.

    Args:
        ngrams: Number of tokens in the longest n-gram.
        weights: Arrays float32: weights of tokens `[V, labels]`, with `ngrams` of 2 or more those of hashed n-grams
            `[buckets, labels]`, bias `[labels]`, share of the network `[1]`.
    """

    def __init__(self, ngrams: int, weights: Sequence[np.ndarray]) -> None:
        self.ngrams = ngrams
        self.tokens, *hashed, self.bias, self.share = weights
        self.hashed = hashed[0] if hashed else None

    def logits(self, ids: np.ndarray, network: np.ndarray) -> np.ndarray:
        """Logits `[B, labels]` of ids int `[B, T]`, padded, with those of the network `[B, labels]`."""
        return self.answer(self.read(ids, self.start(len(ids))), network)

    def start(self, rows: int) -> WideState:
        """State before the first token of each of `rows` texts."""
        return WideState(np.zeros([rows, len(self.bias)], np.float32), np.zeros([rows, self.ngrams - 1], np.int64))

    def read(self, ids: np.ndarray, carried: WideState) -> WideState:
        """State after one more part of each text, ids int `[B, T]`, padded at its end."""
        mask = ids != PAD_ID
        weights = self._weights(ids, carried.last_ids)
        return WideState(
            carried.total + np.einsum("btl,bt->bl", weights, mask.astype(np.float32)),
            last_ids(carried.last_ids, ids, mask),
        )

    def answer(self, carried: WideState, network: np.ndarray) -> np.ndarray:
        """Logits `[B, labels]` from a state and the logits of the network `[B, labels]`."""
        return np.asarray(self.share * network + self.bias + carried.total)

    def contributions(self, ids: np.ndarray, label: int, against: int) -> tuple[np.ndarray, float]:
        """Contribution of each of ids int `[N]`, with the n-grams that end there, to the difference of two labels'
        logits, float64 `[N]`, and the difference before any token."""
        weights = self._weights(ids[None], np.zeros([1, self.ngrams - 1], np.int64))[0].astype(np.float64)
        return weights[:, label] - weights[:, against], float(self.bias[label]) - float(self.bias[against])

    def _weights(self, ids: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Sum of the weights of the n-grams that end at each step, float32 `[B, T, labels]`."""
        weights = self.tokens[ids]
        if self.hashed is not None:
            all_ids = np.concatenate([before, ids], axis=1).astype(np.int64)
            for buckets in hash_ngrams(all_ids, self.ngrams, len(self.hashed)):
                weights = weights + self.hashed[buckets]
        return np.asarray(weights)


def last_ids(before: np.ndarray, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The last N tokens of each text after ids int `[B, T]`, padded at their end, that follow `before` `[B, N]`."""
    places = mask.sum(axis=1, keepdims=True) + np.arange(before.shape[1])
    return np.take_along_axis(np.concatenate([before, ids], axis=1), places, axis=1)
