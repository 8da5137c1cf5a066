"""Share of a text that stands word for word in another: whether a model writes or recites."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from textrnn import checks

LEAST = 24  # characters: shorter passages are common turns of phrase
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse: 2**64 divided by the golden ratio


@dataclass(frozen=True)
class Copied:
    """Passages that a text shares with a corpus.

    Attributes:
        share: Fraction of the text's characters that lie in a passage of `least` characters or more which stands in
            the corpus as well.
        passages: The longest such passages, each as long as one place of the corpus continues it, the longest first.
        least: Least length of a passage, in characters.
    """

    share: float
    passages: tuple[str, ...]
    least: int


def find_copied(text: str, corpus: Iterable[str], *, least: int = LEAST, count: int = 5) -> Copied:
    """Measure the copied share of `text`.

    Every window of `least` characters of both is hashed, so a corpus of any size takes one reading and little memory;
    two windows that differ have the same hash with a probability of 2**-64.

    Args:
        text: Generated text.
        corpus: Training text of the model, as pieces of one text.
        least: Least length of a passage, in characters.
        count: Number of passages to list.
    """
    checks.positive_integer("least", least)
    checks.positive_integer("count", count)
    lengths = _lengths_in_common(text, corpus, least)
    is_copied = np.zeros(len(text), bool)
    for start in np.flatnonzero(lengths):
        is_copied[start : start + least] = True
    ends = np.flatnonzero(lengths > np.append(lengths, 0)[1:] - 1)  # where the next window does not continue it
    found = {text[end - lengths[end] + 1 : end + least] for end in ends if lengths[end]}
    passages = sorted(found, key=lambda passage: (-len(passage), passage))
    return Copied(float(is_copied.mean()) if text else 0.0, tuple(passages[:count]), least)


def _lengths_in_common(text: str, corpus: Iterable[str], least: int) -> np.ndarray:
    """For each window of `text`, the number of consecutive windows, this one the last, that are also consecutive in
    the corpus, int64 `[windows]`."""
    wanted, which = np.unique(_hashes(_codes(text), least), return_inverse=True)
    if not len(which):
        return which
    starts_of = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    longest, length = np.zeros([2, len(which)], np.int64)
    seen_at = np.full(len(which), -1)  # where in the corpus `length` was counted
    tail, position = np.zeros(0, np.uint64), 1
    for piece in checks.texts("corpus", corpus, "a list of strings, the pieces of one text"):
        codes = np.concatenate([tail, _codes(piece)])
        tail = codes[max(0, len(codes) - least + 1) :]
        hashes = _hashes(codes, least)
        numbers = np.searchsorted(wanted[:-1], hashes)
        for place in np.flatnonzero(wanted[numbers] == hashes).tolist():
            starts = starts_of[numbers[place]]
            goes_on = (starts > 0) & (seen_at[starts - 1] == position + place - 1)
            length[starts] = np.where(goes_on, length[starts - 1], 0) + 1
            seen_at[starts] = position + place
            longest[starts] = np.maximum(longest[starts], length[starts])
        position += len(hashes)
    return longest


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)


def _hashes(codes: np.ndarray, length: int) -> np.ndarray:
    """A hash of every window of `length` codes, uint64: the value of a polynomial, as in Rabin and Karp, 1987."""
    windows = len(codes) - length + 1
    if windows < 1:
        return np.zeros(0, np.uint64)
    hashes = np.zeros(windows, np.uint64)
    for place in range(length):
        hashes = hashes * MULTIPLIER + codes[place : place + windows] + np.uint64(1)
    return hashes
