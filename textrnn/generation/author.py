"""Texts about to be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn.generation.beam_search import BeamSearch
from textrnn.generation.reading import read_on
from textrnn.generation.state import State
from textrnn.generation.stepper import Start, Stepper, write_by_steps
from textrnn.generation.transcript import Transcript, transcribe
from textrnn.generation.writing import Writing


@dataclass(frozen=True, eq=False)
class Author:
    """What is to be written, and what it goes on from; nothing has been read yet.

    Attributes:
        tokenizer: Ids to text.
        stepper: The model.
        state: The state before the prompt.
        prompt: The ids to read first, int32 `[N]`.
        shown: What every text begins with.
        writing: How to write.
    """

    tokenizer: Any
    stepper: Stepper
    state: State
    prompt: np.ndarray
    shown: str
    writing: Writing

    def texts(self) -> list[str]:
        """All texts, whole."""
        if self.writing.search is None:
            return ["".join(pieces) for pieces in zip(*self.pieces(), strict=True)]
        return [self.shown + text for text in self._found(self.writing.search)]

    def pieces(self) -> Iterator[Sequence[str]]:
        """The next piece of every text, as they are written."""
        writing = self.writing
        yield [self.shown] * writing.samples
        state, start = self._start(writing.samples)
        generators = [np.random.default_rng(seed) for seed in writing.seeds]
        transcripts = [self._transcript(state) for _ in range(writing.samples)]
        write = self.stepper.write if writing.samples > 1 else None  # one text comes symbol by symbol
        if write is not None and (write.has(writing.sampler) or is_worth_compiling(writing.samples, writing.length)):
            symbols = write(start, writing.sampler, generators, writing.length)
        else:
            symbols = write_by_steps(self.stepper.step, start, writing.sampler, generators, writing.length)
        yield from transcribe(symbols, transcripts)

    def _found(self, search: BeamSearch) -> list[str]:
        state, start = self._start(1)
        tail = 4 * max(map(len, self.writing.stop), default=0) + 4  # symbols; a character may be four bytes

        def has_ended(ids: Sequence[int]) -> bool:
            if not self.writing.stop:
                return ids[-1] == self.tokenizer.end_id
            transcript = self._transcript(state)
            for symbol in ids[-tail:]:
                transcript.add(symbol)
            return transcript.is_done

        found = search.run(self.stepper.step, start, has_ended, self.writing.length)
        columns = ([np.array([symbol]) for symbol in ids] for ids in found)
        texts = ["".join(piece for (piece,) in transcribe(ids, [self._transcript(state)])) for ids in columns]
        return texts[: self.writing.samples]

    def _start(self, rows: int) -> tuple[State, Start]:
        """The state after the prompt, and the same as so many rows to write from."""
        _, state = read_on(self.stepper, self.prompt, self.state, is_scored=False)
        window = self.writing.sampler.repetition_window
        # Padding fills up what is recent at the beginning of a text: it is never written.
        recent = np.concatenate([np.full([window], self.tokenizer.pad_id), state.recent.astype(np.int64)])[-window:]
        logits = np.where(self.writing.banned, -np.inf, state.logits.astype(np.float64))
        tensors = tuple(np.repeat(tensor, rows, axis=0) for tensor in state.tensors)
        return state, Start(
            np.repeat(logits[None], rows, 0), tensors, np.repeat(recent[None], rows, 0), self.writing.banned
        )

    def _transcript(self, state: State) -> Transcript:
        """Of a text that goes on after what the state has read: a word may need a space before it."""
        decode: Callable[[int], str] = self.tokenizer.incremental_decoder()
        if state.last_id is not None:
            decode(state.last_id)
        return Transcript(decode, self.writing.stop, self.tokenizer.end_id)


def is_worth_compiling(samples: int, length: int) -> bool:
    """Whether a compiled function writes so many texts sooner than NumPy, the time it takes to compile counted."""
    return samples >= 16 and samples * length >= 1 << 16
