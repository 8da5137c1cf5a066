"""What `generate` and `stream` are asked for, checked as a whole before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.generation.beam_search import BeamSearch
from textrnn.generation.sampler import Sampler

NOT_CHARACTERS = {  # kinds of tokenizer, what their symbols are, and why no character can be ruled out
    "word": "words, where spaces and capitals go without saying",
    "byte_pair": "byte pairs, where a character is a part of many symbols",
}


@dataclass(frozen=True, eq=False)
class Writing:
    """How texts are to be written.

    Attributes:
        length: The most symbols.
        samples: How many texts.
        seeds: One for each.
        sampler: What chooses a symbol.
        search: What looks for the likeliest text instead, or None.
        banned: The symbols never to write, bool `[V]`.
        stop: Strings at which a text ends.
    """

    length: int
    samples: int
    seeds: tuple[tuple[int, int], ...]
    sampler: Sampler
    search: BeamSearch | None
    banned: np.ndarray
    stop: tuple[str, ...]


def check_writing(
    tokenizer: Any,
    *,
    documents: bool,
    length: int,
    samples: int,
    seed: int | None,
    beams: int,
    length_penalty: float,
    repetition_penalty: float,
    repetition_window: int | None,
    allowed: str | None,
    banned: str | None,
    stop: str | Sequence[str] | None,
    **filters: Any,
) -> Writing:
    """From the arguments of `generate`, `filters` being those of `Sampler`.

    Raises:
        ValueError, TypeError: If one is out of its range or of another type, or two make no sense together.
    """
    checks.integer_of_at_least(0, "length", length)
    checks.positive_integer("samples", samples)
    drawn = np.random.SeedSequence().entropy if seed is None else seed
    number = checks.integer_of_at_least(0, "seed", drawn)
    if repetition_window is not None and repetition_penalty == 1:
        raise ValueError(
            f"`repetition_window` needs a `repetition_penalty` above 1; received {repetition_window!r} alone."
        )
    sampler = Sampler(
        repetition_penalty=repetition_penalty,
        repetition_window=Sampler.repetition_window if repetition_window is None else repetition_window,
        **filters,
    )
    if sampler.top_k is not None and sampler.top_k > tokenizer.vocabulary_size:
        raise ValueError(
            f"`top_k` must be at most the vocabulary size, {tokenizer.vocabulary_size}; received {sampler.top_k}."
        )
    search = _check_search(BeamSearch(beams, length_penalty), samples, sampler, seed)
    if search is None and samples > 1 and sampler.is_greedy:
        raise ValueError(
            f"`samples` must be 1 with temperature 0 or `top_k` 1, where all would be alike; received {samples}."
        )
    never = _never_written(tokenizer, documents, allowed, banned)
    seeds = tuple((number, sample) for sample in range(samples))
    return Writing(length, samples, seeds, sampler, search, never, _stop_strings(stop))


def _check_search(search: BeamSearch, samples: int, sampler: Sampler, seed: int | None) -> BeamSearch | None:
    if search.beams == 1:
        if search.length_penalty != 1:
            raise ValueError(f"`length_penalty` needs `beams` above 1; received {search.length_penalty!r} alone.")
        return None
    if samples > search.beams:
        raise ValueError(
            f"`samples` must be at most `beams`: a search ends with {search.beams} texts; received {samples}."
        )
    if seed is not None:
        raise ValueError(
            f"`seed` must be left out with `beams` above 1: a beam search draws nothing; received {seed!r}."
        )
    drawing = Sampler(repetition_window=sampler.repetition_window)
    for name in ("temperature", "top_k", "top_p", "min_p", "repetition_penalty"):
        if getattr(sampler, name) != getattr(drawing, name):
            raise ValueError(
                f"`{name}` must be left out with `beams` above 1: a beam search draws nothing; "
                f"received {getattr(sampler, name)!r}."
            )
    return search


def _never_written(tokenizer: Any, documents: bool, allowed: str | None, banned: str | None) -> np.ndarray:
    never = np.zeros([tokenizer.vocabulary_size], bool)
    never[[tokenizer.pad_id, tokenizer.unknown_id]] = True
    never[tokenizer.end_id] = not documents
    for name, characters in (("allowed", allowed), ("banned", banned)):
        if characters is None:
            continue
        if tokenizer.kind in NOT_CHARACTERS:
            raise ValueError(
                f"`{name}` must be left out for a model of {NOT_CHARACTERS[tokenizer.kind]}; received {characters!r}."
            )
        for character in checks.string(name, characters):
            spelt = len(tokenizer.encode(character))
            if spelt != 1:
                raise ValueError(
                    f"`{name}` must hold characters that are one symbol each; {character!r} is {spelt} in this model."
                )
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
            f"`allowed` and `banned` must leave a symbol of the model to write; received {allowed!r} and {banned!r}."
        )
    return never


def _stop_strings(stop: str | Sequence[str] | None) -> tuple[str, ...]:
    if stop is not None and not isinstance(stop, (str, list, tuple)):
        raise TypeError(f"`stop` must be a non-empty string or several of them; received {stop!r}.")
    strings = (stop,) if isinstance(stop, str) else tuple(stop or ())
    if not all(isinstance(text, str) and text for text in strings):
        raise ValueError(f"`stop` must be a non-empty string or several of them; received {stop!r}.")
    return strings
