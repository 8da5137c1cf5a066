"""What every tokenizer promises: text to ids and back."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from textrnn import checks
from textrnn.text.special_tokens import END_ID, PAD_ID, UNKNOWN_ID


class Tokenizer(ABC):
    """Turns text into a sequence of small integers and back.

    The base class checks what arrives; a subclass says what a token is. Ids 0, 1 and 2 are padding,
    the unknown token and the end of text in every tokenizer. `encode` never makes padding or the end
    of text, and `decode` skips both.
    """

    kind: ClassVar[str]
    pad_id: ClassVar[int] = PAD_ID
    unknown_id: ClassVar[int] = UNKNOWN_ID
    end_id: ClassVar[int] = END_ID

    @property
    @abstractmethod
    def is_fitted(self) -> bool:
        """Whether there is a vocabulary."""

    @property
    def vocabulary_size(self) -> int:
        """V, the number of ids, the special ones included."""
        self._require_fitted()
        return self._vocabulary_size()

    def fit(self, texts: Iterable[str] | str) -> Self:
        """Learns the vocabulary, replacing any earlier one.

        Args:
            texts: one text, or an iterable of texts, read once and one at a time.

        Returns:
            The tokenizer itself. The same texts give the same ids, always.

        Raises:
            ValueError: there is no character to learn from.
            TypeError: an item is not a str.
        """
        self._learn(check_texts(texts))
        return self

    def extended(self, texts: Iterable[str] | str) -> Self:
        """Returns a tokenizer that also knows the tokens of `texts`: old ids stay, new ones follow.

        Args:
            texts: as for `fit`; what this tokenizer's settings leave out of a vocabulary stays out.

        Raises:
            ValueError: there is no character to learn from.
            TypeError: an item is not a str.
        """
        self._require_fitted()
        return self._with_tokens(list(dict.fromkeys([*self._tokens(), *self._found(check_texts(texts))])))

    def encode(self, text: str, *, after: int | None = None) -> np.ndarray:
        """Turns text into ids, int32 [N]. A token outside the vocabulary becomes `unknown_id`.

        Args:
            text: any string.
            after: the id before the text, if it goes on: between words a space may go without saying.
        """
        self._check_text(text)
        return self._encode(text, after)

    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        """Turns ids, integers [N], back into text.

        Padding and the end of text are skipped; an unknown token becomes U+FFFD.

        Raises:
            ValueError: an id is outside the vocabulary, or `ids` is not one-dimensional.
            TypeError: `ids` are not integers.
        """
        self._require_fitted()
        return self._decode(self._checked_ids(ids))

    def incremental_decoder(self) -> Callable[[int], str]:
        """Returns a function that takes one id at a time and returns the text complete by then.

        The function remembers what it has seen, so make one for each text. Its pieces joined are
        `decode` of all the ids, except that bytes may hold back an unfinished last character.
        """
        self._require_fitted()
        decode_one, vocabulary_size = self._make_decoder(), self.vocabulary_size

        def decode_checked(token_id: int) -> str:
            position = operator.index(token_id)
            if not 0 <= position < vocabulary_size:
                raise ValueError(_outside_vocabulary(position, vocabulary_size))
            return decode_one(position)

        return decode_checked

    def unknown_tokens(self, text: str) -> list[str]:
        """Lists the tokens of `text` outside the vocabulary, each once, in order of appearance."""
        self._check_text(text)
        return self._unknown_tokens(text)

    def unknown_pieces(self, text: str) -> list[str]:
        """Lists what each unknown token of `encode(text)` stands for, in order."""
        self._check_text(text)
        return self._unknown_pieces(text)

    def to_dict(self) -> dict[str, Any]:
        """Returns settings and vocabulary as plain values that JSON can hold; see `from_dict`."""
        self._require_fitted()
        return {"kind": self.kind, **self._state()}

    @classmethod
    @abstractmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuilds the tokenizer that `to_dict` described; a damaged `data` is a ValueError."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokenizer):
            return NotImplemented
        return type(self) is type(other) and self._state() == other._state()

    # A tokenizer can be fitted again, so it has no lasting hash.
    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def _vocabulary_size(self) -> int: ...

    @abstractmethod
    def _learn(self, texts: Iterator[str]) -> None: ...

    @abstractmethod
    def _encode(self, text: str, after: int | None) -> np.ndarray: ...

    @abstractmethod
    def _make_decoder(self) -> Callable[[int], str]: ...

    @abstractmethod
    def _found(self, texts: Iterator[str]) -> list[str]:
        """What there is to learn from `texts`, in the order of the ids it would get."""

    @abstractmethod
    def _tokens(self) -> list[str]:
        """What was learned, in the order of the ids."""

    @abstractmethod
    def _with_tokens(self, tokens: list[str]) -> Self:
        """A tokenizer with the same settings that has learned these."""

    @abstractmethod
    def _unknown_tokens(self, text: str) -> list[str]: ...

    @abstractmethod
    def _unknown_pieces(self, text: str) -> list[str]: ...

    @abstractmethod
    def _state(self) -> dict[str, Any]: ...

    def _decode(self, ids: np.ndarray) -> str:
        return "".join(map(self._make_decoder(), ids.tolist()))

    def _require_fitted(self) -> None:
        if not self.is_fitted:
            raise ValueError(f"{type(self).__name__} has no vocabulary yet; call fit(texts) first")

    def _check_text(self, text: str) -> None:
        self._require_fitted()
        if not isinstance(text, str):
            raise TypeError(f"`text` must be a str; received {_describe(text)}")

    def _checked_ids(self, ids: Iterable[int] | np.ndarray) -> np.ndarray:
        array = np.asarray(ids if hasattr(ids, "__array__") else list(ids))
        if array.ndim != 1:
            raise ValueError(f"`ids` must have one dimension; received shape {array.shape}")
        if array.size == 0:
            return array.astype(np.int64)
        if array.dtype.kind not in "iu":
            raise TypeError(f"`ids` must be integers; received {array.dtype}")
        outside = (array < 0) | (array >= self.vocabulary_size)
        if outside.any():
            raise ValueError(_outside_vocabulary(array[outside.argmax()], self.vocabulary_size))
        return array


def make_tokenizer(kind: str, **options: Any) -> Tokenizer:
    """Makes an unfitted tokenizer by name.

    Args:
        kind: "character", "byte", "byte_pair" or "word".
        options: the keyword arguments of that tokenizer's class.
    """
    return _class_of(kind)(**options)


def tokenizer_from_dict(data: Mapping[str, Any]) -> Tokenizer:
    """Rebuilds the tokenizer, of whatever kind, that `to_dict` described."""
    if not isinstance(data, Mapping) or "kind" not in data:
        raise ValueError(f"`data` must be a dict with the key 'kind'; received {_describe(data)}")
    return _class_of(data["kind"]).from_dict(data)


def check_keys(data: Mapping[str, Any], kind: str, keys: set[str]) -> None:
    """Raises a ValueError unless `data` describes a `kind` tokenizer by exactly `keys`."""
    if not isinstance(data, Mapping):
        raise ValueError(f"`data` must be a dict; received {_describe(data)}")
    if data.get("kind") != kind:
        raise ValueError(f"`data['kind']` must be {kind!r}; received {data.get('kind')!r}")
    for key in sorted(keys - set(data)):
        raise ValueError(f"`data` lacks the key {key!r} that a {kind} tokenizer needs")
    for key in sorted(set(data) - keys - {"kind"}, key=str):
        raise ValueError(f"`data` has the key {key!r} that a {kind} tokenizer does not know")


def check_distinct_strings(values: Any, key: str) -> None:
    """Raises a ValueError unless `values`, found under `key`, is a list of distinct non-empty str."""
    if not isinstance(values, list):
        raise ValueError(f"`data[{key!r}]` must be a list of strings; received {_describe(values)}")
    for position, value in enumerate(values):
        if not isinstance(value, str) or not value:
            raise ValueError(f"`data[{key!r}][{position}]` must be a non-empty str; received {value!r}")
    if len(set(values)) != len(values):
        raise ValueError(f"`data[{key!r}]` must hold each string once; received a repeated one")


def check_whole_number(name: str, value: object, at_least: int) -> None:
    """Raises a ValueError unless `value`, an option of a tokenizer, is a whole number and large enough."""
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"`{name}` must be a whole number of at least {at_least}; received {value!r}")


def _class_of(kind: str) -> type[Tokenizer]:
    # Imported here because each of these files imports this one.
    from textrnn.text.byte import ByteTokenizer
    from textrnn.text.byte_pair import BytePairTokenizer
    from textrnn.text.character import CharacterTokenizer
    from textrnn.text.word import WordTokenizer

    classes: tuple[type[Tokenizer], ...] = (CharacterTokenizer, ByteTokenizer, BytePairTokenizer, WordTokenizer)
    for tokenizer_class in classes:
        if tokenizer_class.kind == kind:
            return tokenizer_class
    raise ValueError(f"tokenizer `kind` must be 'character', 'byte', 'byte_pair' or 'word'; received {kind!r}")


def check_texts(texts: Iterable[str] | str) -> Iterator[str]:
    """What a tokenizer learns from: one text or several, each read once.

    Raises:
        TypeError: If they are a table, or one of them is no string.
    """
    return checks.texts("texts", [texts] if isinstance(texts, str) else texts, "a string or a list of strings")


def _outside_vocabulary(token_id: int, vocabulary_size: int) -> str:
    return f"`ids` must lie in 0..{vocabulary_size - 1}, the vocabulary; received {token_id}"


def _describe(value: object) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"
