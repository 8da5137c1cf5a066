"""Reading symbols: what they do to a state, and how likely they were."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from tqdm import tqdm

from textrnn import checks
from textrnn.generation.scoring import log_softmax
from textrnn.generation.state import REMEMBERED, State
from textrnn.generation.stepper import Stepper

CHUNK = 1024  # symbols read at once: long enough to be fast, short enough to keep memory flat
NAMED = 20  # unknown symbols in a warning
LOGITS_AT_ONCE = 1 << 23  # numbers, 64 MB as float64: chunks are shorter for a large vocabulary


def read_on(
    stepper: Stepper, ids: np.ndarray, state: State, *, is_scored: bool = True, progress: bool = False
) -> tuple[np.ndarray, State]:
    """Read one text in chunks, carrying the state.

    Args:
        stepper: The model.
        ids: The symbols to read, int32 `[N]`.
        state: The state before them.
        is_scored: Whether to say how likely the symbols were, too.
        progress: Whether to show a bar on a terminal.

    Returns:
        The log-probability of each symbol, float64 `[N]` (`[0]` without `is_scored`), and the state after the last.
    """
    parts, logits, tensors = [np.zeros(0)], state.logits, state.tensors
    size = max(1, min(CHUNK, LOGITS_AT_ONCE // len(logits)))
    # disable=None keeps tqdm silent where the output is not a terminal.
    with tqdm(total=len(ids), unit="symbol", unit_scale=True, disable=None if progress else True) as bar:
        for start in range(0, len(ids), size):
            chunk = ids[start : start + size]
            after, tensors = stepper.step(chunk[None], tensors)
            if is_scored:
                before = np.concatenate([logits[None], after[0, :-1]])
                parts.append(np.take_along_axis(log_softmax(before), chunk[:, None].astype(np.int64), axis=1)[:, 0])
            logits = np.array(after[0, -1])  # a view would keep the logits of the whole chunk alive
            bar.update(len(chunk))
    recent = np.concatenate([state.recent, ids[-REMEMBERED:]])[-REMEMBERED:].astype(np.int32)
    read = State(tuple(np.asarray(tensor) for tensor in tensors), logits, recent, stepper.fingerprint)
    return np.concatenate(parts), read


def encode(tokenizer: Any, name: str, text: str, after: State | int | None = None, *, stacklevel: int) -> np.ndarray:
    """The ids of `text`, the argument `name` of a call `stacklevel` frames up; a warning there names the unknown.

    The symbol before it, or the last one that a state has read, may make a space go without saying.
    """
    last = after.last_id if isinstance(after, State) else after if isinstance(after, int) else None
    ids: np.ndarray = tokenizer.encode(checks.string(name, text), after=last)
    if tokenizer.unknown_id in ids:
        shown = checks.listed(tokenizer.unknown_symbols(text), NAMED)
        warnings.warn(f"`{name}` holds {shown}, which the model never saw: read as unknown", stacklevel=stacklevel)
    return ids
