"""Tokenizer of words and punctuation, from which the text can be restored exactly."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, ClassVar, Final, Self

import numpy as np

from textrnn.text.cache import StringCache
from textrnn.text.special_tokens import END_ID, FIRST_FREE_ID, PAD_ID, REPLACEMENT, UNKNOWN_ID
from textrnn.text.tokenizer import Tokenizer, check_distinct_strings, check_keys, check_whole_number
from textrnn.text.word_rules import Case, apply_case, fold_case, spacing, split_items, split_spaced_items

GLUE_ID: Final = FIRST_FREE_ID  # no space here, where one is usual
CAPITALIZED_ID: Final = FIRST_FREE_ID + 1  # the next word has a capital first letter
UPPER_ID: Final = FIRST_FREE_ID + 2  # the next word is all capitals
SPACE_ID: Final = FIRST_FREE_ID + 3  # a space here, where none is usual
FIRST_WORD_ID: Final = FIRST_FREE_ID + 4

TAIL: Final = "#"  # before a tail: no word begins with it, and as a character it stands alone

_CASES: Final[dict[int, Case]] = {CAPITALIZED_ID: "capitalized", UPPER_ID: "upper"}
_MARKER_IDS: Final[dict[Case, tuple[int, ...]]] = {
    "as_is": (),
    "capitalized": (CAPITALIZED_ID,),
    "upper": (UPPER_ID,),
}


class WordTokenizer(Tokenizer):
    """One id for each word (in lower case), punctuation character and white-space character.

    Capitals and unusual spacing are tokens of their own, so `decode(encode(text))` is exactly the text if all its
    tokens are in the vocabulary. A single space where one is usual costs no token. Scripts without spaces between
    words make poor words: use characters for them.

    Args:
        minimum_count: least number of occurrences of a token in the vocabulary.
        maximum_size: largest number of ids, including the 7 fixed ones; the most frequent tokens are kept.
        head_letters: letters of a long word's first token, its head, which its tail follows, so that "disappointed"
            and "disappointing" share a token; None keeps words whole.

    Example:
        >>> tokenizer = WordTokenizer().fit("Not bad, not bad at all!")
        >>> len(tokenizer.encode("Not bad at all!"))  # capital, not, bad, at, all, !
        6
        >>> tokenizer.decode(tokenizer.encode("ALL bad!"))
        'ALL bad!'
    """

    kind: ClassVar[str] = "word"

    def __init__(
        self, minimum_count: int = 1, maximum_size: int | None = None, head_letters: int | None = None
    ) -> None:
        check_whole_number("minimum_count", minimum_count, at_least=1)
        if maximum_size is not None:
            check_whole_number("maximum_size", maximum_size, at_least=FIRST_WORD_ID + 1)
        if head_letters is not None:
            check_whole_number("head_letters", head_letters, at_least=1)
        self.minimum_count = minimum_count
        self.maximum_size = maximum_size
        self.head_letters = head_letters
        self._words: list[str] | None = None
        self._id_by_word: dict[str, int] = {}

    @property
    def is_fitted(self) -> bool:
        return self._words is not None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        check_keys(data, cls.kind, {"minimum_count", "maximum_size", "head_letters", "words"})
        check_distinct_strings(data["words"], "words")
        tokenizer = cls(data["minimum_count"], data["maximum_size"], data["head_letters"])
        tokenizer._set_words(data["words"])
        return tokenizer

    def __repr__(self) -> str:
        size = self.vocabulary_size if self.is_fitted else None
        settings = (
            f"minimum_count={self.minimum_count}, maximum_size={self.maximum_size}, head_letters={self.head_letters}"
        )
        return f"WordTokenizer({settings}, vocabulary_size={size})"

    def _vocabulary_size(self) -> int:
        return FIRST_WORD_ID + len(self._id_by_word)

    def _learn(self, texts: Iterator[str], progress: bool) -> None:
        counts = self._counted(texts)
        words = self._most_frequent(counts)
        if counts and not words:
            highest = max(counts.values())
            raise ValueError(
                f"`minimum_count` {self.minimum_count} leaves no word: the most frequent one "
                f"occurs {highest} time{'s' if highest > 1 else ''}"
            )
        self._set_words(words[: self._room()])

    def _found(self, texts: Iterator[str]) -> list[str]:
        return self._most_frequent(self._counted(texts))

    def _counted(self, texts: Iterator[str]) -> Counter[str]:
        items: Counter[str] = Counter()
        for text in texts:
            items.update(split_items(text))
        if not items:
            raise ValueError("`texts` must hold at least one character to fit on; received none")
        del items[" "]  # it has an id of its own
        counts: Counter[str] = Counter()
        for item, count in items.items():
            for part in self._parts(fold_case(item)[1]):
                counts[part] += count
        return counts

    def _most_frequent(self, counts: Counter[str]) -> list[str]:
        enough = [word for word, count in counts.items() if count >= self.minimum_count]
        return sorted(enough, key=lambda word: (-counts[word], word))

    def _room(self) -> int | None:
        """Largest number of words."""
        return None if self.maximum_size is None else self.maximum_size - FIRST_WORD_ID

    def _set_words(self, words: list[str]) -> None:
        self._words = list(words)
        self._id_by_word = {word: FIRST_WORD_ID + index for index, word in enumerate(words)}
        self._encoded = [StringCache(partial(self._encode_item, is_space_usual=usual)) for usual in (False, True)]

    def _encode(self, text: str, after: int | None) -> np.ndarray:
        ids, is_space_usual = [], after is not None and self._is_space_usual_after(after)
        for item in split_spaced_items(text):
            item_ids, is_space_usual = self._encoded[is_space_usual][item]
            ids.append(item_ids)
        return np.fromiter(chain.from_iterable(ids), np.int32)

    def _is_space_usual_after(self, token_id: int) -> bool:
        decoder = _WordDecoder(self._words or [])
        decoder(token_id)
        return decoder.space_usual_after

    def _encode_item(self, item: str, is_space_usual: bool) -> tuple[tuple[int, ...], bool]:
        """The ids of an item and the spaces before it, and whether a space is usual after it.

        Args:
            item: item of `split_spaced_items`.
            is_space_usual: whether a space is usual after the item before.
        """
        bare = item.lstrip(" ")
        spaces = len(item) - len(bare)
        if not bare:
            return (SPACE_ID,) * spaces, False
        ids, space_usual_before, space_usual_after = self._entry(bare)
        return (*_gap_ids(spaces, is_space_usual and space_usual_before), *ids), space_usual_after

    def _entry(self, item: str) -> tuple[tuple[int, ...], bool, bool]:
        """The ids of an item, and whether a space is usual before and after it."""
        case, word = fold_case(item)
        ids = tuple(self._id_by_word.get(part, UNKNOWN_ID) for part in self._parts(word))
        if ids[0] == UNKNOWN_ID:
            # Spaced like U+FFFD, its decoded form.
            return ids[:1], *spacing(REPLACEMENT)
        return (*_MARKER_IDS[case], *ids), *spacing(word)

    def _parts(self, word: str) -> tuple[str, ...]:
        """The tokens of a lower-case word: the word, or its head and its tail."""
        if self.head_letters is None or len(word) <= self.head_letters:
            return (word,)
        return word[: self.head_letters], TAIL + word[self.head_letters :]

    def _make_decoder(self) -> Callable[[int], str]:
        return _WordDecoder(self._words or [])

    def _tokens(self) -> list[str]:
        return self._words or []

    def _with_tokens(self, tokens: list[str]) -> Self:
        tokenizer = type(self)(self.minimum_count, self.maximum_size, self.head_letters)
        tokenizer._set_words(tokens[: self._room()])
        return tokenizer

    def _unknown_tokens(self, text: str) -> list[str]:
        words = [fold_case(item)[1] for item in dict.fromkeys(split_items(text)) if item != " "]
        return [
            word for word in dict.fromkeys(words) if not all(part in self._id_by_word for part in self._parts(word))
        ]

    def _unknown_pieces(self, text: str) -> list[str]:
        unknown = []
        for item in split_items(text):
            ids = () if item == " " else self._entry(item)[0]
            if UNKNOWN_ID in ids:
                unknown.append(item if ids[0] == UNKNOWN_ID else item[self.head_letters :])
        return unknown

    def _state(self) -> dict[str, Any]:
        words = None if self._words is None else list(self._words)
        return {
            "minimum_count": self.minimum_count,
            "maximum_size": self.maximum_size,
            "head_letters": self.head_letters,
            "words": words,
        }


class _WordDecoder:
    """Decodes token by token and adds implicit spaces and capitals."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._case: Case = "as_is"
        self._tail_case: Case = "as_is"
        self._is_glued = False
        self.space_usual_after = False

    def __call__(self, token_id: int) -> str:
        if token_id in (PAD_ID, END_ID):
            return ""
        if token_id == GLUE_ID:
            self._is_glued = True
            return ""
        if token_id in _CASES:
            self._case = _CASES[token_id]
            return ""
        return self._place(self._token(token_id))

    def _token(self, token_id: int) -> str:
        if token_id == UNKNOWN_ID:
            return REPLACEMENT
        return " " if token_id == SPACE_ID else self._words[token_id - FIRST_WORD_ID]

    def _place(self, token: str) -> str:
        if len(token) > 1 and token.startswith(TAIL):
            self.space_usual_after = True  # a tail ends a word, whether or not its head was seen
            return apply_case(self._tail_case, token.removeprefix(TAIL))
        self._tail_case = "upper" if self._case == "upper" else "as_is"
        space_usual_before, space_usual_after = spacing(token)
        has_space = self.space_usual_after and space_usual_before and not self._is_glued
        text = (" " if has_space else "") + apply_case(self._case, token)
        self._case, self._is_glued, self.space_usual_after = "as_is", False, space_usual_after
        return text


def _gap_ids(spaces: int, is_space_usual: bool) -> list[int]:
    """The tokens for the spaces between two items, if any are needed."""
    if spaces == int(is_space_usual):
        return []
    return [GLUE_ID] if spaces == 0 else [SPACE_ID] * spaces
