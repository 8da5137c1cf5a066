"""Rows of a .csv, .tsv, .jsonl or .txt file, compressed or not: all at once, or one after the other."""

import bz2
import gzip
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from textrnn.text.decoding import MARK_UNDECODABLE, check_encoding, decode_blocks, split_lines
from textrnn.text.rows import DELIMITERS, Row, Rows

TABLES: Final = (*DELIMITERS, ".jsonl")
FILES_OF_TEXTS: Final = (*TABLES, ".txt")
STANDARD_INPUT: Final = "-"

_COMPRESSIONS: Final[dict[str, Callable[..., Any]]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_STREAM_BLOCK_BYTES: Final = 1 << 16  # a few hundred reviews: what has been read is little ahead of what is worked on


class RowStream:
    """Rows of an open file, and how far it has been read.

    Attributes:
        name: What to call the file in messages.
        columns: What the header names; None for JSON, which has none.
        size: Bytes of the file; None for a pipe, which can be read only once.
    """

    def __init__(self, name: str, source: "_CountedBytes", rows: Rows, size: int | None) -> None:
        self.name, self.columns, self.size = name, rows.columns, size
        self._source, self._rows = source, rows

    @property
    def bytes_read(self) -> int:
        """Bytes of the file (as it lies on the disk, compressed or not) that have been read."""
        return self._source.count

    def __iter__(self) -> Iterator[Row]:
        with _named_errors(self.name):
            yield from self._rows


@contextmanager
def open_rows(
    path: str | os.PathLike[str], *, ending: str | None = None, encoding: str = "utf-8"
) -> Iterator[RowStream]:
    """Opens a table, or a text a line, to be read once in constant memory.

    Unlike `read_rows` it goes on behind a broken row, which comes as a `Row` with a `problem`.

    Args:
        path: The file; `"-"` is standard input.
        ending: Of `FILES_OF_TEXTS`, what it holds; by default what its name says, and for standard input a text a
            line.
        encoding: Of the file.

    Raises:
        ValueError: An unknown ending, a broken header (with path and line), no header at all.
    """
    check_encoding(encoding)
    is_input = os.fspath(path) == STANDARD_INPUT
    path, name = Path(path), "standard input" if is_input else str(path)
    ending = ending or (".txt" if is_input else _checked_ending(path, FILES_OF_TEXTS))
    with sys.stdin.buffer if is_input else path.open("rb") as file:
        source = _CountedBytes(file)
        opener = _COMPRESSIONS.get(path.suffix.lower())
        with _named_errors(name):
            stream = cast(BinaryIO, opener(source) if opener else source)
            blocks = decode_blocks(stream, name, encoding, errors=MARK_UNDECODABLE, block_bytes=_STREAM_BLOCK_BYTES)
            rows = Rows(split_lines(blocks), ending, name)
        if rows.columns is None and ending in DELIMITERS:
            raise ValueError(f"{name} holds no rows")
        yield RowStream(name, source, rows, None if is_input or not path.is_file() else path.stat().st_size)


def read_rows(path: Path, encoding: str) -> list[Row]:
    """Reads all the rows of a table.

    Raises:
        ValueError: an unknown ending, a broken row (with path and line), or no rows at all.
    """
    ending = _checked_ending(path, TABLES)
    rows = []
    for row in Rows(read_lines(path, encoding), ending, str(path)):
        if row.problem:
            raise ValueError(f"{path}, line {row.line}: {row.problem}")
        rows.append(row)
    if not rows:
        raise ValueError(f"{path} holds no rows")
    return rows


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """Reads a text file, compressed or not, line by line, each with its `\\n` where it has one."""
    check_encoding(encoding)
    opener = _COMPRESSIONS.get(path.suffix.lower(), open)
    with cast(BinaryIO, opener(path, "rb")) as stream, _named_errors(str(path)):
        yield from split_lines(decode_blocks(stream, str(path), encoding))


def file_ending(path: Path) -> str:
    """Returns the ending that says what the file holds: ".csv" for reviews.csv and reviews.csv.gz."""
    name = Path(path.stem) if path.suffix.lower() in _COMPRESSIONS else path
    return name.suffix.lower()


def _checked_ending(path: Path, allowed: tuple[str, ...]) -> str:
    ending = file_ending(path)
    if ending not in allowed:
        raise ValueError(
            f"{path} must end in {', '.join(allowed[:-1])} or {allowed[-1]}, with .gz, .bz2 or .xz behind it if "
            f"compressed; received {ending or 'no ending'!r}"
        )
    return ending


@contextmanager
def _named_errors(name: str) -> Iterator[None]:
    """What goes wrong in reading or unpacking, with the name of the file."""
    try:
        yield
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"{name} cannot be read: {error}") from error


class _CountedBytes:
    """A binary stream that knows how much was read of it, and gives what there is at once, as a pipe has it."""

    def __init__(self, stream: Any) -> None:
        self._stream, self.count = stream, 0

    def read(self, size: int = -1) -> bytes:
        block: bytes = self._stream.read1(size)
        self.count += len(block)
        return block
