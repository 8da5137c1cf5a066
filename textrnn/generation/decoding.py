"""The decoding loop: logits to ids to text, one step at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from textrnn.generation.sampler import Sampler
from textrnn.generation.stepper import Step
from textrnn.generation.transcript import Transcript


def decode(
    step: Step,
    logits: np.ndarray,
    states: Any,
    sampler: Sampler,
    transcripts: Sequence[Transcript],
    *,
    length: int,
    seeds: Sequence[Sequence[int]],
    banned: Sequence[int],
) -> Iterator[list[str]]:
    """Yield the next piece of text of every sample until all are done or `length` symbols long.

    Args:
        step: The model.
        logits: Logits for the first symbol, `[B, V]`.
        states: The states before it, with B rows.
        sampler: How a symbol is chosen.
        transcripts: One for each of the B samples.
        length: The most symbols to generate.
        seeds: A seed for each sample.
        banned: Ids never to generate.
    """
    generators = [np.random.default_rng(seed) for seed in seeds]
    for n in range(length):
        logits = np.array(logits, np.float64)
        logits[:, list(banned)] = -np.inf
        ids = sampler.draw(logits, generators)
        yield [transcript.add(int(symbol)) for transcript, symbol in zip(transcripts, ids, strict=True)]
        if all(transcript.is_done for transcript in transcripts):
            return
        if n + 1 < length:
            after, states = step(ids[:, None], states)
            logits = after[:, -1]
    yield [transcript.finish() for transcript in transcripts]
