"""A vocabulary of single characters (Unicode code points)."""

import functools
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np

from textrnn.text.special_tokens import END_ID, FIRST_FREE_ID, PAD_ID, REPLACEMENT, UNKNOWN_ID
from textrnn.text.tokenizer import Tokenizer, check_distinct_strings, check_keys

# Python sorts the marks of a character by insertion: a million of them take an hour, runs of a thousand a second a
# million. Text that means something has a few (Unicode's Stream-Safe Text Format allows 30, UAX #15).
MOST_MARKS: Final = 1000
_LAST_MARKED: Final = 0x1FFFF  # no character of a later plane combines


class CharacterTokenizer(Tokenizer):
    """One id for each character that the text contains, in the order of their code points.

    Args:
        normalize: "NFC" to compose text first (`e` + U+0301 becomes `é`), so that two spellings of
            one character share an id; None to take text as it is. A text with more than 1,000 combining
            marks in a row is then refused: composing it would take minutes.

    Example:
        >>> tokenizer = CharacterTokenizer().fit("hello")
        >>> tokenizer.encode("hole").tolist()
        [4, 6, 5, 3]
        >>> tokenizer.decode([4, 6, 5, 3])
        'hole'
    """

    kind: ClassVar[str] = "character"

    def __init__(self, normalize: Literal["NFC"] | None = None) -> None:
        if normalize not in (None, "NFC"):
            raise ValueError(f"`normalize` must be None or 'NFC'; received {normalize!r}")
        self.normalize = normalize
        self._characters: list[str] = []

    @property
    def is_fitted(self) -> bool:
        return bool(self._characters)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        check_keys(data, cls.kind, {"normalize", "characters"})
        if data["normalize"] not in (None, "NFC"):
            raise ValueError(f"`data['normalize']` must be None or 'NFC'; received {data['normalize']!r}")
        check_distinct_strings(data["characters"], "characters")
        if not data["characters"] or max(map(len, data["characters"])) > 1:
            raise ValueError("`data['characters']` must hold at least one string, each of one character")
        tokenizer = cls(data["normalize"])
        tokenizer._set_characters(data["characters"])
        return tokenizer

    def __repr__(self) -> str:
        size = self.vocabulary_size if self.is_fitted else None
        return f"CharacterTokenizer(normalize={self.normalize!r}, vocabulary_size={size})"

    def _vocabulary_size(self) -> int:
        return FIRST_FREE_ID + len(self._characters)

    def _learn(self, texts: Iterator[str], progress: bool) -> None:
        self._set_characters(self._found(texts))

    def _found(self, texts: Iterator[str]) -> list[str]:
        characters: set[str] = set()
        for text in texts:
            characters.update(self._normalized(text))
        if not characters:
            raise ValueError("`texts` must hold at least one character to fit on; received none")
        return sorted(characters)

    def _set_characters(self, characters: list[str]) -> None:
        self._characters = list(characters)
        codes = np.array([ord(character) for character in characters], np.uint32)
        specials = np.zeros(FIRST_FREE_ID, np.uint32)
        specials[UNKNOWN_ID] = ord(REPLACEMENT)
        self._code_by_id = np.concatenate([specials, codes])
        # One entry past the highest code, always unknown, stands for all the codes above it.
        self._id_by_code = np.full(int(codes.max()) + 2, UNKNOWN_ID, np.int32)
        self._id_by_code[codes] = np.arange(FIRST_FREE_ID, self._vocabulary_size())

    def _encode(self, text: str, after: int | None) -> np.ndarray:
        return self._id_by_code.take(_codes(self._normalized(text)), mode="clip")

    def _decode(self, ids: np.ndarray) -> str:
        codes = self._code_by_id[ids[(ids != PAD_ID) & (ids != END_ID)]]
        return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")

    def _make_decoder(self) -> Callable[[int], str]:
        return ["", REPLACEMENT, "", *self._characters].__getitem__

    def _tokens(self) -> list[str]:
        return self._characters

    def _with_tokens(self, tokens: list[str]) -> Self:
        tokenizer = type(self)(self.normalize)
        tokenizer._set_characters(tokens)
        return tokenizer

    def _unknown_tokens(self, text: str) -> list[str]:
        known = set(self._characters)
        return [token for token in dict.fromkeys(self._normalized(text)) if token not in known]

    def _unknown_pieces(self, text: str) -> list[str]:
        known = set(self._characters)
        return [token for token in self._normalized(text) if token not in known]

    def _state(self) -> dict[str, Any]:
        # A list, not one string: JSON would merge a high surrogate with a low one beside it.
        return {"normalize": self.normalize, "characters": list(self._characters)}

    def _normalized(self, text: str) -> str:
        if self.normalize is None or text.isascii():
            return text
        _check_marks(text)
        return unicodedata.normalize(self.normalize, text)


def _codes(text: str) -> np.ndarray:
    # Lone surrogates are legal in a str, though not in UTF-32 proper: hence surrogatepass.
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def _check_marks(text: str) -> None:
    """Raises a ValueError if a run of marks is too long to be composed."""
    others = np.flatnonzero(~_are_marks().take(_codes(text), mode="clip"))
    bounds = np.concatenate([[-1], others, [len(text)]])
    too_long = np.flatnonzero(np.diff(bounds) > MOST_MARKS + 1)
    if len(too_long):
        start = int(bounds[too_long[0]]) + 1
        raise ValueError(
            f"text to compose (NFC) must have at most {MOST_MARKS:,} combining marks in a row; it has more from "
            f"character {start:,} on, the first of them U+{ord(text[start]):04X}"
        )


@functools.cache
def _are_marks() -> np.ndarray:
    """Which characters combine, or come apart into some that do, bool by code; the last stands for all above."""
    first_of = (unicodedata.normalize("NFD", chr(code))[0] for code in range(_LAST_MARKED + 1))
    return np.array([unicodedata.combining(character) != 0 for character in first_of])
