"""Reading of tokens: the state after them, and their log-probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.batching import batches_by_length
from textrnn.generation.scoring import log_softmax
from textrnn.generation.snapshot import Snapshot
from textrnn.generation.state import State
from textrnn.options.generation import REMEMBERED
from textrnn.progress import Progress

CHUNK = 1024  # tokens read at once: long enough to be fast, short enough to keep memory flat
NAMED = 20  # unknown tokens in a warning
LOGITS_AT_ONCE = 1 << 23  # numbers, 64 MB as float64: chunks are shorter for a large vocabulary
BATCH_LOGITS_AT_ONCE = 1 << 19  # of a batch, whose rows do not follow each other: what the processor's cache holds
BATCH_TEXTS = 64
BATCH_TOKENS = 1 << 16  # padding included


def read_on(
    snapshot: Snapshot, ids: np.ndarray, state: State, *, is_scored: bool = True, progress: bool = False
) -> tuple[np.ndarray, State]:
    """Read one text in chunks, carrying the state.

    Args:
        snapshot: Snapshot of the model.
        ids: Tokens to read, int32 `[N]`.
        state: State before them.
        is_scored: Whether to compute the log-probabilities of the tokens.
        progress: Whether to show a bar on a terminal.

    Returns:
        The log-probability of each token, float64 `[N]` (`[0]` without `is_scored`), and the state after the last.
    """
    parts, logits, tensors = [np.zeros(0)], state.logits, state.tensors
    size = max(1, min(CHUNK, LOGITS_AT_ONCE // len(logits)))
    with Progress(len(ids), "token", is_shown=progress, unit_scale=True) as bar:
        for start in range(0, len(ids), size):
            chunk = ids[start : start + size]
            after, tensors = snapshot.step(chunk[None], tensors)
            if is_scored:
                before = np.concatenate([logits[None], after[0, :-1]])
                parts.append(np.take_along_axis(log_softmax(before), chunk[:, None].astype(np.int64), axis=1)[:, 0])
            logits = np.array(after[0, -1])  # a view would keep the logits of the whole chunk alive
            bar.update(len(chunk))
    recent = np.concatenate([state.recent, ids[-REMEMBERED:]])[-REMEMBERED:].astype(np.int32)
    read = State(tuple(np.asarray(tensor) for tensor in tensors), logits, recent, snapshot.fingerprint)
    return np.concatenate(parts), read


def score_each(
    snapshot: Snapshot, sequences: Sequence[np.ndarray], start: State, *, progress: bool = False
) -> list[np.ndarray]:
    """Score several texts, each as the continuation of the same state, those of similar length in a batch.

    Args:
        snapshot: Snapshot of the model.
        sequences: Tokens of each text, int32 `[N]` with its own N.
        start: State before each text.
        progress: Whether to show a bar on a terminal.

    Returns:
        The log-probability of each token of each text, float64 `[N]`.
    """
    lengths = [len(ids) for ids in sequences]
    scores = [np.zeros(0)] * len(lengths)
    with Progress(sum(lengths), "token", is_shown=progress, unit_scale=True) as bar:
        for rows in batches_by_length(lengths, BATCH_TEXTS, BATCH_TOKENS):
            padded = np.zeros([len(rows), lengths[rows[-1]]], np.int32)  # no token sees padding on its right
            for row, ids in zip(rows, padded, strict=True):
                ids[: lengths[row]] = sequences[row]
            for row, score in zip(rows, _score_batch(snapshot, padded, start), strict=True):
                scores[row] = score[: lengths[row]]
            bar.update(sum(lengths[row] for row in rows))
    return scores


def _score_batch(snapshot: Snapshot, batch: np.ndarray, start: State) -> np.ndarray:
    """Log-probabilities float64 `[B, T]` of tokens `[B, T]`, each row read from the same state."""
    logits, *tensors = (np.repeat(each, len(batch), axis=0) for each in (start.logits[None], *start.tensors))
    states, parts = tuple(tensors), [np.zeros([len(batch), 0])]
    size = max(1, min(CHUNK, BATCH_LOGITS_AT_ONCE // logits.size))
    for first in range(0, batch.shape[1], size):
        chunk = batch[:, first : first + size]
        after, states = snapshot.step(chunk, states)
        before = np.concatenate([logits[:, None], after[:, :-1]], axis=1)
        parts.append(np.take_along_axis(log_softmax(before), chunk[..., None].astype(np.int64), axis=2)[..., 0])
        logits = np.array(after[:, -1])
    return np.concatenate(parts, axis=1)


def encode(tokenizer: Any, name: str, text: str, after: State | int | None = None, *, stacklevel: int) -> np.ndarray:
    """Ids of `text`, the argument `name` of a call `stacklevel` frames up; a warning there names unknown tokens.

    The token before it, or the last one of a state, may imply a space.
    """
    last = after.last_id if isinstance(after, State) else after if isinstance(after, int) else None
    ids: np.ndarray = tokenizer.encode(checks.string(name, text), after=last)
    if tokenizer.unknown_id in ids:
        shown = checks.listed(tokenizer.unknown_tokens(text), NAMED)
        warnings.warn(f"`{name}` holds {shown}, which the model never saw: read as unknown", stacklevel=stacklevel)
    return ids
