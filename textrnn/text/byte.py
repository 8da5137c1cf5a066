"""Tokenizer of bytes: any text in any script, with no unknown tokens and nothing to fit."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Self

import numpy as np

from textrnn.text.special_tokens import END_ID, FIRST_FREE_ID, PAD_ID, REPLACEMENT, UNKNOWN_ID
from textrnn.text.tokenizer import Tokenizer, check_keys, check_texts
from textrnn.text.utf8 import make_decoder, to_bytes, to_text

# The byte of each id; special ids have none.
BYTES_BY_ID: Final = (*[b""] * FIRST_FREE_ID, *(bytes([byte]) for byte in range(256)))


class ByteTokenizer(Tokenizer):
    """One id for each byte of the text's UTF-8 form; needs no `fit`.

    Decoding restores every str exactly, lone surrogates included. Bytes that are not UTF-8, which a model may
    generate, decode to U+FFFD.

    Example:
        >>> ByteTokenizer().encode("né").tolist()
        [113, 198, 172]
    """

    kind: ClassVar[str] = "byte"

    @property
    def is_fitted(self) -> bool:
        return True

    def fit(self, texts: Iterable[str] | str, *, progress: bool = False) -> Self:
        """Return the tokenizer unchanged, without reading `texts`."""
        check_texts(texts)
        return self

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        check_keys(data, cls.kind, set())
        return cls()

    def __repr__(self) -> str:
        return "ByteTokenizer()"

    def _vocabulary_size(self) -> int:
        return len(BYTES_BY_ID)

    def _learn(self, texts: Iterator[str], progress: bool) -> None:
        return None

    def _encode(self, text: str, after: int | None) -> np.ndarray:
        data = np.frombuffer(to_bytes(text), np.uint8)
        return data.astype(np.int32) + FIRST_FREE_ID

    def _decode(self, ids: np.ndarray) -> str:
        ids = ids[(ids != PAD_ID) & (ids != END_ID)]
        pieces = np.split(ids, np.flatnonzero(ids == UNKNOWN_ID))
        data = [(piece[piece != UNKNOWN_ID] - FIRST_FREE_ID).astype(np.uint8).tobytes() for piece in pieces]
        return REPLACEMENT.join(map(to_text, data))

    def _make_decoder(self) -> Callable[[int], str]:
        return make_decoder(BYTES_BY_ID)

    def _found(self, texts: Iterator[str]) -> list[str]:
        return []

    def _tokens(self) -> list[str]:
        return []

    def _with_tokens(self, tokens: list[str]) -> Self:
        return self

    def _unknown_tokens(self, text: str) -> list[str]:
        return []

    def _unknown_pieces(self, text: str) -> list[str]:
        return []

    def _state(self) -> dict[str, Any]:
        return {}
