"""Scores of a text in independent blocks, as for a transformer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from textrnn.generation.reading import LOGITS_AT_ONCE
from textrnn.generation.scoring import log_softmax
from textrnn.generation.snapshot import Step

BLOCK = 256  # nanoGPT's context for a character model, so that scores compare


def score_blocks(
    step: Step, ids: np.ndarray, initial_states: Callable[[int], Any], pad_id: int, vocabulary_size: int
) -> np.ndarray:
    """Log-probabilities float64 of every token of ids `[N]` but the first, 256 from each empty state."""
    blocks = [ids[start : start + BLOCK + 1] for start in range(0, max(len(ids) - 1, 0), BLOCK)]
    at_once = max(1, LOGITS_AT_ONCE // (BLOCK * vocabulary_size))
    parts = [np.zeros(0)]
    for first in range(0, len(blocks), at_once):
        group = blocks[first : first + at_once]
        padded = np.full((len(group), BLOCK + 1), pad_id, np.int32)
        for row, block in zip(padded, group, strict=True):
            row[: len(block)] = block
        # Padding stands on the right only, so no real step sees it: no mask is needed.
        logits, _ = step(padded[:, :-1], initial_states(len(group)))
        targets = padded[:, 1:, None].astype(np.int64)
        scores = np.take_along_axis(log_softmax(logits), targets, axis=2)[..., 0]
        parts.extend(row[: len(block) - 1] for row, block in zip(scores, group, strict=True))
    return np.concatenate(parts)
