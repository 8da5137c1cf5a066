"""UTF-8 for the tokenizers of bytes: any string to bytes and back, and any bytes to text."""

import codecs
from collections.abc import Callable, Sequence
from typing import Final

from textrnn.text.special_tokens import REPLACEMENT, UNKNOWN_ID

_ERRORS: Final = "textrnn.surrogatepass_or_replace"


def to_bytes(text: str) -> bytes:
    """Encode a string as UTF-8; a lone surrogate takes three bytes."""
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """Decode bytes of `to_bytes`; other bytes become U+FFFD."""
    return data.decode("utf-8", _ERRORS)


def make_decoder(bytes_by_id: Sequence[bytes]) -> Callable[[int], str]:
    """Make a function that takes one id at a time and returns the newly completed text.

    Args:
        bytes_by_id: bytes of each id; those of `UNKNOWN_ID` are not used.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(_ERRORS)

    def decode_one(token_id: int) -> str:
        if token_id == UNKNOWN_ID:
            return decoder.decode(b"", final=True) + REPLACEMENT
        return decoder.decode(bytes_by_id[token_id])

    return decode_one


def _surrogate_or_replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogatepass")(error)
    except UnicodeError:
        return codecs.lookup_error("replace")(error)


codecs.register_error(_ERRORS, _surrogate_or_replacement)
