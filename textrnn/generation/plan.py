"""Plan of a generation: its options, checked against the model before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn.generation.beam_search import BeamSearch
from textrnn.generation.reading import read_on
from textrnn.generation.sampler import Sampler
from textrnn.generation.snapshot import DecodingState, Snapshot, write_by_steps
from textrnn.generation.state import State
from textrnn.generation.transcript import Transcript, transcribe
from textrnn.options import GenerationConfig, SamplingOptions

NOT_CHARACTERS = {  # kinds of tokenizer, their tokens, and the reason why no character can be ruled out
    "word": "words, where spaces and capitals go without saying",
    "byte_pair": "byte pairs, where a character is a part of many tokens",
}


@dataclass(frozen=True, eq=False)
class GenerationPlan:
    """Texts to be generated.

    Attributes:
        config: The options.
        sampler: Draws a token.
        search: Beam search for the likeliest text, instead of draws, or None.
        banned: Tokens never generated, bool `[V]`.
        tokenizer: Ids to text.
        snapshot: Snapshot of the model.
        state: State before the prompt.
        prompt: Ids of the prompt, int32 `[N]`.
        shown: Beginning of every text.
    """

    config: GenerationConfig
    sampler: Sampler
    search: BeamSearch | None
    banned: np.ndarray
    tokenizer: Any
    snapshot: Snapshot
    state: State
    prompt: np.ndarray
    shown: str

    def texts(self) -> list[str]:
        """All texts, whole."""
        if self.search is None:
            return ["".join(pieces) for pieces in zip(*self.pieces(), strict=True)]
        return [self.shown + text for text in self._found(self.search)]

    def pieces(self) -> Iterator[Sequence[str]]:
        """The next piece of every text, as they are written."""
        samples, length = self.config.samples, self.config.length
        yield [self.shown] * samples
        state, start = self._start(samples)
        generators = [np.random.default_rng(seed) for seed in self._seeds()]
        transcripts = [self._transcript(state) for _ in range(samples)]
        write = self.snapshot.write if samples > 1 else None  # one text comes token by token
        if write is not None and (write.has(self.sampler) or is_worth_compiling(samples, length)):
            tokens = write(start, self.sampler, generators, length)
        else:
            tokens = write_by_steps(self.snapshot.step, start, self.sampler, generators, length)
        yield from transcribe(tokens, transcripts)

    def _seeds(self) -> list[tuple[int, int]]:
        """One for each text; the first is the same whatever `samples` is."""
        number: Any = np.random.SeedSequence().entropy if self.config.seed is None else self.config.seed
        return [(number, sample) for sample in range(self.config.samples)]

    def _found(self, search: BeamSearch) -> list[str]:
        state, start = self._start(1)
        stop = self.config.stop or ()
        tail = 4 * max(map(len, stop), default=0) + 4  # tokens; a character may be four bytes

        def has_ended(ids: Sequence[int]) -> bool:
            if not stop:
                return ids[-1] == self.tokenizer.end_id
            transcript = self._transcript(state)
            for token in ids[-tail:]:
                transcript.add(token)
            return transcript.is_done

        found = search.run(self.snapshot.step, start, has_ended, self.config.length)
        columns = ([np.array([token]) for token in ids] for ids in found)
        texts = ["".join(piece for (piece,) in transcribe(ids, [self._transcript(state)])) for ids in columns]
        return texts[: self.config.samples]

    def _start(self, rows: int) -> tuple[State, DecodingState]:
        """The state after the prompt, and the decoding state of that many rows."""
        _, state = read_on(self.snapshot, self.prompt, self.state, is_scored=False)
        window = self.sampler.repetition_window
        # Padding fills up what is recent at the beginning of a text: it is never written.
        recent = np.concatenate([np.full([window], self.tokenizer.pad_id), state.recent.astype(np.int64)])[-window:]
        logits = np.where(self.banned, -np.inf, state.logits.astype(np.float64))
        tensors = tuple(np.repeat(tensor, rows, axis=0) for tensor in state.tensors)
        return state, DecodingState(
            np.repeat(logits[None], rows, 0), tensors, np.repeat(recent[None], rows, 0), self.banned
        )

    def _transcript(self, state: State) -> Transcript:
        """Transcript of a text that continues the state: a word may need a space before it."""
        decode: Callable[[int], str] = self.tokenizer.incremental_decoder()
        if state.last_id is not None:
            decode(state.last_id)
        return Transcript(decode, self.config.stop or (), self.tokenizer.end_id)


def is_worth_compiling(samples: int, length: int) -> bool:
    """Whether a compiled function writes that many texts sooner than NumPy, its compilation included."""
    return samples >= 16 and samples * length >= 1 << 16


def make_sampler(config: GenerationConfig, vocabulary_size: int) -> Sampler:
    """The sampler of a generation.

    Raises:
        ValueError: If two options conflict, or one does not fit this vocabulary.
    """
    plain = SamplingOptions()
    if config.repetition_window != plain.repetition_window and config.repetition_penalty == 1:
        raise ValueError(
            f"`repetition_window` needs a `repetition_penalty` above 1; received {config.repetition_window!r} alone."
        )
    sampler = Sampler.from_given(config.as_dict())
    if sampler.top_k is not None and sampler.top_k > vocabulary_size:
        raise ValueError(f"`top_k` must be at most the vocabulary size, {vocabulary_size}; received {sampler.top_k}.")
    if config.beams == 1 and config.samples > 1 and sampler.is_greedy:
        raise ValueError(
            "`samples` must be 1 with temperature 0 or `top_k` 1, where all would be alike; received "
            f"{config.samples}."
        )
    return sampler


def make_search(config: GenerationConfig) -> BeamSearch | None:
    """The beam search of a generation, or None where tokens are drawn.

    Raises:
        ValueError: If two options conflict.
    """
    if config.beams == 1:
        if config.length_penalty != 1:
            raise ValueError(f"`length_penalty` needs `beams` above 1; received {config.length_penalty!r} alone.")
        return None
    if config.samples > config.beams:
        raise ValueError(
            f"`samples` must be at most `beams`: a search ends with {config.beams} texts; received {config.samples}."
        )
    plain = SamplingOptions()
    drawing = [name for name in plain.names() if name != "repetition_window"]
    given = {name: getattr(config, name) for name in drawing if getattr(config, name) != getattr(plain, name)}
    if config.seed is not None:
        given = {"seed": config.seed, **given}
    for name, value in given.items():
        raise ValueError(
            f"`{name}` must be left out with `beams` above 1: a beam search draws nothing; received {value!r}."
        )
    return BeamSearch(config.beams, config.length_penalty)


def banned_tokens(tokenizer: Any, end_of_text: bool, allowed: str | None, banned: str | None) -> np.ndarray:
    """Tokens never generated, bool `[V]`.

    Raises:
        ValueError, TypeError: If `allowed` or `banned` are not characters that are one token each, have some in
            common, or leave nothing to write.
    """
    never = np.zeros([tokenizer.vocabulary_size], bool)
    never[[tokenizer.pad_id, tokenizer.unknown_id]] = True
    never[tokenizer.end_id] = not end_of_text
    for name, characters in (("allowed", allowed), ("banned", banned)):
        _check_characters(tokenizer, name, characters)
    if set(allowed or "") & set(banned or ""):
        both = "".join(sorted(set(allowed or "") & set(banned or "")))
        raise ValueError(f"`allowed` and `banned` must have no character in common; received {both!r} in both.")
    if allowed is not None:
        others = np.ones_like(never)
        others[[*tokenizer.encode(allowed), tokenizer.end_id]] = False
        never |= others
    never[tokenizer.encode(banned or "")] = True
    if np.delete(never, tokenizer.end_id).all():  # the end alone is nothing to write
        raise ValueError(
            f"`allowed` and `banned` must leave a token of the model to write; received {allowed!r} and {banned!r}."
        )
    return never


def _check_characters(tokenizer: Any, name: str, characters: str | None) -> None:
    if characters is None:
        return
    if tokenizer.kind in NOT_CHARACTERS:
        raise ValueError(
            f"`{name}` must be left out for a model of {NOT_CHARACTERS[tokenizer.kind]}; received {characters!r}."
        )
    for character in characters:
        spelled = len(tokenizer.encode(character))
        if spelled != 1:
            raise ValueError(
                f"`{name}` must hold characters that are one token each; {character!r} is {spelled} in this model."
            )
