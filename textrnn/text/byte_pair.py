"""Tokenizer of byte pairs: frequent parts of words, for any text in any script."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, pairwise, repeat
from typing import Any, ClassVar, Final, Self

import numpy as np

from textrnn.text.byte import BYTES_BY_ID
from textrnn.text.byte_pair_merges import FIRST_MERGED_ID, Pair, learn_merges, spell
from textrnn.text.byte_pair_words import split_words
from textrnn.text.cache import StringCache
from textrnn.text.special_tokens import FIRST_FREE_ID, PAD_ID, REPLACEMENT, UNKNOWN_ID
from textrnn.text.tokenizer import Tokenizer, check_keys, check_whole_number
from textrnn.text.utf8 import make_decoder, to_text

MAX_TOKEN_BYTES: Final = 1 << 10  # of a token; no word has as many


class BytePairTokenizer(Tokenizer):
    """Byte-pair encoding: one id for each byte, and one for each pair of tokens that was merged into one.

    Common words become one token, rare ones a few, and no token is unknown: decoding restores every str exactly, lone
    surrogates included. The space before a word is part of its first token, so a prompt should not end in a space.
    Bytes that are not UTF-8, which a model may generate, decode to U+FFFD.

    Fitting follows Sennrich et al. (2016, arXiv 1508.07909): it repeatedly merges the pair that is most frequent
    within the words of the text. Memory grows with the number of distinct words: 200,000 take some 150 MB while
    merges are learned.

    Args:
        maximum_size: largest number of ids, including the 3 special ones and the 256 bytes. There are fewer if no
            pair is left that occurs twice.

    Example:
        >>> tokenizer = BytePairTokenizer(maximum_size=262).fit("low lower lowest")
        >>> [tokenizer.decode([token]) for token in tokenizer.encode("lower slow")]
        ['low', 'e', 'r', ' ', 's', 'low']
    """

    kind: ClassVar[str] = "byte_pair"

    def __init__(self, maximum_size: int = 8000) -> None:
        check_whole_number("maximum_size", maximum_size, at_least=FIRST_MERGED_ID + 1)
        self.maximum_size = maximum_size
        self._merges: list[Pair] | None = None
        self._bytes_by_id: list[bytes] = []
        self._ids_by_word = StringCache(_Merging([]))

    @property
    def is_fitted(self) -> bool:
        return self._merges is not None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        check_keys(data, cls.kind, {"maximum_size", "merges"})
        tokenizer = cls(data["maximum_size"])
        tokenizer._set_merges(_checked_merges(data["merges"], tokenizer._room()))
        return tokenizer

    def __repr__(self) -> str:
        size = self.vocabulary_size if self.is_fitted else None
        return f"BytePairTokenizer(maximum_size={self.maximum_size}, vocabulary_size={size})"

    def _vocabulary_size(self) -> int:
        return len(self._bytes_by_id)

    def _learn(self, texts: Iterator[str], progress: bool) -> None:
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(split_words(text))
        if not counts:
            raise ValueError("`texts` must hold at least one character to fit on; received none")
        self._set_merges(learn_merges(counts, self._room(), progress))

    def _room(self) -> int:
        """Largest number of merges."""
        return self.maximum_size - FIRST_MERGED_ID

    def _set_merges(self, merges: list[Pair]) -> None:
        self._merges = merges
        self._bytes_by_id = [*BYTES_BY_ID]
        for left, right in merges:
            self._bytes_by_id.append(self._bytes_by_id[left] + self._bytes_by_id[right])
        self._ids_by_word = StringCache(_Merging(merges))

    def _encode(self, text: str, after: int | None) -> np.ndarray:
        ids = map(self._ids_by_word.__getitem__, split_words(text))
        return np.fromiter(chain.from_iterable(ids), np.int32)

    def _decode(self, ids: np.ndarray) -> str:
        pieces = np.split(ids, np.flatnonzero(ids == UNKNOWN_ID))
        data = (b"".join(map(self._bytes_by_id.__getitem__, piece.tolist())) for piece in pieces)
        return REPLACEMENT.join(map(to_text, data))

    def _make_decoder(self) -> Callable[[int], str]:
        return make_decoder(self._bytes_by_id)

    def _found(self, texts: Iterator[str]) -> list[str]:
        return []  # all bytes are known

    def _tokens(self) -> list[str]:
        return []

    def _with_tokens(self, tokens: list[str]) -> Self:
        tokenizer = type(self)(self.maximum_size)
        tokenizer._set_merges(list(self._merges or []))
        return tokenizer

    def _unknown_tokens(self, text: str) -> list[str]:
        return []

    def _unknown_pieces(self, text: str) -> list[str]:
        return []

    def _state(self) -> dict[str, Any]:
        merges = None if self._merges is None else [list(pair) for pair in self._merges]
        return {"maximum_size": self.maximum_size, "merges": merges}


class _Merging:
    """Merges the bytes of a word, in the order in which the merges were learned.

    Args:
        merges: pairs of ids; an earlier one has a lower id.
    """

    def __init__(self, merges: list[Pair]) -> None:
        self._merged_ids = {pair: FIRST_MERGED_ID + index for index, pair in enumerate(merges)}
        self._none = FIRST_MERGED_ID + len(merges)

    def __call__(self, word: str) -> tuple[int, ...]:
        """The ids of a word."""
        merged_id, none = self._merged_ids.get, self._none
        tokens = [PAD_ID, *spell(word), PAD_ID]  # padding merges with nothing, so that every token has two neighbors
        candidates = list(map(merged_id, pairwise(tokens), repeat(none)))
        while (first := min(candidates)) < none:
            place = candidates.index(first)  # equal pairs from left to right
            tokens[place] = first
            del tokens[place + 1], candidates[place]
            candidates[place - 1] = merged_id((tokens[place - 1], first), none)
            candidates[place] = merged_id((first, tokens[place + 1]), none)
        return tuple(tokens[1:-1])


def _checked_merges(merges: Any, at_most: int) -> list[Pair]:
    if not isinstance(merges, list):
        raise ValueError(f"`data['merges']` must be a list of pairs of ids; received {type(merges).__name__}")
    if len(merges) > at_most:
        raise ValueError(
            f"`data['merges']` must hold at most {at_most} pairs, as `maximum_size` says; received {len(merges)}"
        )
    sizes = [len(data) for data in BYTES_BY_ID]
    for position, pair in enumerate(merges):
        _check_pair(position, pair)
        sizes.append(sum(sizes[token] for token in pair))
        if sizes[-1] > MAX_TOKEN_BYTES:
            raise ValueError(
                f"`data['merges'][{position}]` must make a token of at most {MAX_TOKEN_BYTES} bytes; "
                f"{pair} makes one of {sizes[-1]}"
            )
    pairs = [(left, right) for left, right in merges]
    if len(set(pairs)) < len(pairs):
        raise ValueError("`data['merges']` must hold each pair once; received a repeated one")
    return pairs


def _check_pair(position: int, pair: Any) -> None:
    known = range(FIRST_FREE_ID, FIRST_MERGED_ID + position)
    is_pair = isinstance(pair, list) and len(pair) == 2 and all(type(token) is int for token in pair)
    if not is_pair or not all(token in known for token in pair):
        raise ValueError(
            f"`data['merges'][{position}]` must be a list of two ids in {known.start}..{known.stop - 1}, "
            f"the tokens before it; received {pair!r:.60}"
        )
