"""The base class of tokenizers."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from textrnn import checks
from textrnn.text.special_tokens import END_ID, PAD_ID, UNKNOWN_ID


class Tokenizer(ABC):
    """Encodes text as a sequence of token ids, and decodes it.

    The base class checks arguments; a subclass defines the tokens. Ids 0, 1 and 2 are padding, the unknown token and
    the end of text in every tokenizer. `encode` never returns padding or the end of text, and `decode` skips both.
    """

    kind: ClassVar[str]
    pad_id: ClassVar[int] = PAD_ID
    unknown_id: ClassVar[int] = UNKNOWN_ID
    end_id: ClassVar[int] = END_ID

    @property
    @abstractmethod
    def is_fitted(self) -> bool:
        """Whether the tokenizer has a vocabulary."""

    @property
    def vocabulary_size(self) -> int:
        """V, the number of ids, including the special ones."""
        self._require_fitted()
        return self._vocabulary_size()

    def fit(self, texts: Iterable[str] | str, *, progress: bool = False) -> Self:
        """Learn the vocabulary, replacing any earlier one.

        Args:
            texts: one text, or an iterable of texts, read once and one at a time.
            progress: whether long work that follows the reading shows its progress on standard error.

        Returns:
            The tokenizer itself. The same texts always give the same ids.

        Raises:
            ValueError: if there is no character to learn from.
            TypeError: if an item is not a str.
        """
        self._learn(check_texts(texts), progress)
        return self

    def extended(self, texts: Iterable[str] | str) -> Self:
        """Return a tokenizer that also knows the tokens of `texts`: old ids stay, new ones follow.

        Args:
            texts: as for `fit`; the tokenizer's settings apply to new tokens, too.

        Raises:
            ValueError: if there is no character to learn from.
            TypeError: if an item is not a str.
        """
        self._require_fitted()
        return self._with_tokens(list(dict.fromkeys([*self._tokens(), *self._found(check_texts(texts))])))

    def encode(self, text: str, *, after: int | None = None) -> np.ndarray:
        """Encode text as ids, int32 [N]. A token outside the vocabulary becomes `unknown_id`.

        Args:
            text: any string.
            after: the id before the text, if the text continues another: a space between words may be implicit.
        """
        self._check_text(text)
        return self._encode(text, after)

    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        """Decode ids, integers [N], as text.

        Padding and the end of text are skipped; an unknown token becomes U+FFFD.

        Raises:
            ValueError: if an id is outside the vocabulary, or `ids` is not one-dimensional.
            TypeError: if `ids` are not integers.
        """
        self._require_fitted()
        return self._decode(self._checked_ids(ids))

    def incremental_decoder(self) -> Callable[[int], str]:
        """Return a function that takes one id at a time and returns the newly completed text.

        The function has a state, so make one for each text. Its results joined are `decode` of all the ids, except
        for an unfinished last character of bytes.
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
        """List the distinct tokens of `text` outside the vocabulary, in order of appearance."""
        self._check_text(text)
        return self._unknown_tokens(text)

    def unknown_pieces(self, text: str) -> list[str]:
        """List the text of each unknown token of `encode(text)`, in order."""
        self._check_text(text)
        return self._unknown_pieces(text)

    def to_dict(self) -> dict[str, Any]:
        """Return settings and vocabulary as JSON values; see `from_dict`."""
        self._require_fitted()
        return {"kind": self.kind, **self._state()}

    @classmethod
    @abstractmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a tokenizer from `to_dict`; damaged `data` raises a ValueError."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokenizer):
            return NotImplemented
        return type(self) is type(other) and self._state() == other._state()

    # A tokenizer can be fitted again, so it has no lasting hash.
    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def _vocabulary_size(self) -> int: ...

    @abstractmethod
    def _learn(self, texts: Iterator[str], progress: bool) -> None: ...

    @abstractmethod
    def _encode(self, text: str, after: int | None) -> np.ndarray: ...

    @abstractmethod
    def _make_decoder(self) -> Callable[[int], str]: ...

    @abstractmethod
    def _found(self, texts: Iterator[str]) -> list[str]:
        """Tokens in `texts`, in the order of their ids."""

    @abstractmethod
    def _tokens(self) -> list[str]:
        """Tokens of the vocabulary, in the order of their ids."""

    @abstractmethod
    def _with_tokens(self, tokens: list[str]) -> Self:
        """A tokenizer with the same settings and these tokens."""

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
    """Make an unfitted tokenizer by name.

    Args:
        kind: "character", "byte", "byte_pair" or "word".
        options: keyword arguments of the tokenizer's class.
    """
    return _class_of(kind)(**options)


def tokenizer_from_dict(data: Mapping[str, Any]) -> Tokenizer:
    """Rebuild a tokenizer of any kind from `to_dict`."""
    if not isinstance(data, Mapping) or "kind" not in data:
        raise ValueError(f"`data` must be a dict with the key 'kind'; received {_describe(data)}")
    return _class_of(data["kind"]).from_dict(data)


def check_keys(data: Mapping[str, Any], kind: str, keys: set[str]) -> None:
    """Raise a ValueError unless `data` describes a `kind` tokenizer by exactly `keys`."""
    if not isinstance(data, Mapping):
        raise ValueError(f"`data` must be a dict; received {_describe(data)}")
    if data.get("kind") != kind:
        raise ValueError(f"`data['kind']` must be {kind!r}; received {data.get('kind')!r}")
    for key in sorted(keys - set(data)):
        raise ValueError(f"`data` lacks the key {key!r} that a {kind} tokenizer needs")
    for key in sorted(set(data) - keys - {"kind"}, key=str):
        raise ValueError(f"`data` has the key {key!r} that a {kind} tokenizer does not know")


def check_distinct_strings(values: Any, key: str) -> None:
    """Raise a ValueError unless `values`, found under `key`, is a list of distinct non-empty str."""
    if not isinstance(values, list):
        raise ValueError(f"`data[{key!r}]` must be a list of strings; received {_describe(values)}")
    for position, value in enumerate(values):
        if not isinstance(value, str) or not value:
            raise ValueError(f"`data[{key!r}][{position}]` must be a non-empty str; received {value!r}")
    if len(set(values)) != len(values):
        raise ValueError(f"`data[{key!r}]` must hold each string once; received a repeated one")


def check_whole_number(name: str, value: object, at_least: int) -> None:
    """Raise a ValueError unless `value`, an option of a tokenizer, is a whole number of at least `at_least`."""
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
    """Iterate once over one text or several.

    Raises:
        TypeError: If `texts` is a table, or an item is no string.
    """
    return checks.texts("texts", [texts] if isinstance(texts, str) else texts, "a string or a list of strings")


def _outside_vocabulary(token_id: int, vocabulary_size: int) -> str:
    return f"`ids` must lie in 0..{vocabulary_size - 1}, the vocabulary; received {token_id}"


def _describe(value: object) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"
