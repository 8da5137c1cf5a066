"""Decoding of bytes in small blocks, with errors that name the line."""

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

from textrnn.text.recognition import TO_JSON_LINES, find_binary, find_encoding, find_wide_encoding, is_json_array

BLOCK_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 512  # least size of a stream's first block, unless it ends before
SAMPLE_BYTES: Final = 1 << 12  # enough to recognize the encoding
MARK_UNDECODABLE: Final = "textrnn.mark-undecodable"
_MARK: Final = re.compile("[\udc00-\udcff]")  # half a surrogate pair, which no encoding gives

# Called with the name of a text whose line endings were changed.
Notice = Callable[[str], None]


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that Python does not know or that is not for text."""
    if not isinstance(encoding, str):
        raise TypeError(f"`encoding` must be a str such as 'utf-8'; received {encoding!r}")
    try:
        "a".encode(encoding)
    except (LookupError, UnicodeError) as error:
        raise ValueError(f"`encoding` must name a text encoding; received {encoding!r}") from error


def decode_blocks(
    stream: BinaryIO,
    name: str,
    encoding: str,
    notice: Notice = lambda name: None,
    *,
    errors: str = "strict",
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[str]:
    """Decode a binary stream, a block at a time.

    A byte-order mark is removed, and every line ending becomes `\\n`.

    Args:
        stream: source of the bytes.
        name: name in messages, usually the path.
        encoding: encoding; a byte-order mark of UTF-8, UTF-16 or UTF-32 overrides it.
        notice: function called with `name` at the end if there were line endings other than `\\n`.
        errors: "strict", or `MARK_UNDECODABLE`: undecodable bytes become marks, which `find_undecodable` finds, and
            NUL characters are kept.
        block_bytes: bytes read at once.

    Raises:
        ValueError: if bytes are undecodable or NUL, with the line and the first such byte; if the bytes are a binary
            format or JSON, with its name.
    """
    block = _read_head(stream, block_bytes)
    encoding = find_encoding(block, encoding)
    _refuse(block, name, encoding)
    # The byte-order mark is removed below in all encodings, so plain UTF-8 suffices here.
    decoder = codecs.getincrementaldecoder("utf-8" if is_utf8(encoding) else encoding)(errors)
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    line, is_start, is_last = 1, True, False
    while not is_last:
        is_last, state = not block, newlines.getstate()
        try:
            text = newlines.decode(block, final=is_last)
        except UnicodeDecodeError as error:
            newlines.setstate((b"", state[1]))
            line += newlines.decode(error.object[: error.start], final=True).count("\n")
            raise ValueError(_undecodable(name, line, error, encoding)) from error
        if errors == "strict" and "\0" in text:
            line += text.count("\n", 0, text.index("\0"))
            raise ValueError(f"{name}, line {line}: holds a NUL byte, which no text does; is it a binary file?")
        line += text.count("\n")
        if is_start and text:
            text, is_start = text.removeprefix("\ufeff"), False
            if is_json_array(text):
                raise ValueError(f"{name} looks like a JSON array, neither a text nor a table; {TO_JSON_LINES}")
        if text:
            yield text
        block = b"" if is_last else stream.read(block_bytes)
    _report(newlines, name, notice)


def _read_head(stream: BinaryIO, block_bytes: int) -> bytes:
    """The first block of a stream, with enough bytes to recognize a format."""
    head = stream.read(block_bytes)
    while 0 < len(head) < HEAD_BYTES and (more := stream.read(block_bytes)):
        head += more
    return head


def _refuse(head: bytes, name: str, encoding: str) -> None:
    """Refuse first bytes that are no text in this encoding."""
    binary = find_binary(head)
    if binary:
        raise ValueError(f"{name} {binary}")
    wide = None if is_wide(encoding) else find_wide_encoding(head[:SAMPLE_BYTES])
    if wide:
        raise ValueError(
            f"{name} looks like {wide[:6].upper()} without a byte-order mark; encoding={wide!r} (--encoding {wide}) "
            "reads it"
        )


def normalize_blocks(text: str, name: str, notice: Notice) -> Iterator[str]:
    """Normalize line endings and the byte-order mark of a str, as `decode_blocks` does for bytes."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    for start in range(0, len(text), BLOCK_BYTES):
        block = newlines.decode(text[start : start + BLOCK_BYTES])
        yield block if start else block.removeprefix("\ufeff")
    yield newlines.decode("", final=True)
    _report(newlines, name, notice)


def split_lines(blocks: Iterable[str]) -> Iterator[str]:
    """Cut text that arrives in blocks into lines, each with its `\\n` if it has one."""
    parts: list[str] = []
    for block in blocks:
        first, *others = block.split("\n")
        parts.append(first)
        for other in others:
            yield "".join(parts) + "\n"
            parts = [other]
    if last := "".join(parts):
        yield last


def find_undecodable(text: str) -> int | None:
    """The first undecodable byte of a `text` decoded with `MARK_UNDECODABLE`, or None."""
    found = None if text.isascii() else _MARK.search(text)
    return ord(found[0]) - 0xDC00 if found else None


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(MARK_UNDECODABLE, _mark)


def is_utf8(encoding: str) -> bool:
    """Whether the encoding is UTF-8, with or without a byte-order mark."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def is_wide(encoding: str) -> bool:
    """Whether the encoding is UTF-16 or UTF-32, in which NUL bytes are normal."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def _report(newlines: io.IncrementalNewlineDecoder, name: str, notice: Notice) -> None:
    if newlines.newlines not in (None, "\n"):
        notice(name)


def _undecodable(name: str, line: int, error: UnicodeDecodeError, encoding: str) -> str:
    byte = error.object[error.start]
    what = f"{name}, line {line}: byte 0x{byte:02x} is not valid {encoding} ({error.reason})"
    if is_wide(encoding):
        return f"{what}; the file is damaged, or of another encoding"
    others = (
        "'latin-1' or 'cp1252' (western Europe), 'gb18030' (Chinese) or 'shift_jis' (Japanese)"
        if is_utf8(encoding)
        else "'utf-8'"
    )
    return f"{what}; name the encoding of the file (--encoding), such as encoding={others}"
