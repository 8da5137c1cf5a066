"""A snapshot: the interface of a model to everything that reads and writes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from textrnn.generation.sampler import Sampler

Step = Callable[[np.ndarray, Any], tuple[np.ndarray, Any]]
"""`(ids int32 [B, T], states) -> (logits float [B, T, V] for the token after each, states)`"""

DRAWN_AT_ONCE = 64  # numbers a generator draws ahead


@dataclass(frozen=True, eq=False)
class DecodingState:
    """State of B texts before their next token.

    Attributes:
        logits: Logits of that token, float `[B, V]`, minus infinity for banned tokens.
        states: States before it, each with B rows.
        recent: Tokens before it, int `[B, W]`, as many as the sampler looks back on.
        banned: Tokens never chosen, bool `[V]`.
    """

    logits: np.ndarray
    states: Any
    recent: np.ndarray
    banned: np.ndarray


class Writer(Protocol):
    """Writes many texts at once."""

    def has(self, sampler: Sampler) -> bool:
        """Whether it can start at once with this sampler."""

    def __call__(
        self, start: DecodingState, sampler: Sampler, generators: Sequence[np.random.Generator], length: int
    ) -> Iterator[np.ndarray]:
        """Ids int `[B]` of one token after the other, from a decoding state and a generator for each row."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A model whose weights stay the same for the time of one task.

    Attributes:
        step: Function that reads tokens.
        fingerprint: Fingerprint that distinguishes the model from others.
        write: Writer of many texts, faster than single steps; None if there is none.
    """

    step: Step
    fingerprint: str = ""
    write: Writer | None = None


def write_by_steps(
    step: Step, start: DecodingState, sampler: Sampler, generators: Sequence[np.random.Generator], length: int
) -> Iterator[np.ndarray]:
    """Ids int `[B]` of one token after the other; a step is taken on demand for the next."""
    logits, states, recent = start.logits, start.states, start.recent
    looks_back, never = sampler.repetition_penalty != 1, np.where(start.banned, -np.inf, 0.0)
    for number in range(length):
        if number % DRAWN_AT_ONCE == 0:
            points = np.stack([generator.random(DRAWN_AT_ONCE) for generator in generators])
        ids = sampler.choose(logits, points[:, number % DRAWN_AT_ONCE, None], recent, number)
        yield ids
        if looks_back:
            recent = np.concatenate([recent, ids[:, None]], axis=1)[:, 1:]
        after, states = step(ids[:, None], states)
        logits = after[:, -1] + never
