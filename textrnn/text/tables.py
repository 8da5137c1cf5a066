"""Rows of a .csv, .tsv, .jsonl or .txt file, compressed or not, one after the other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from textrnn.text.decoding import MARK_UNDECODABLE, check_encoding, decode_blocks, split_lines
from textrnn.text.packed import CountedBytes, is_input, name_of_source, named_errors, open_packed, unpack
from textrnn.text.rows import Row, Rows
from textrnn.text.table_format import DELIMITERS, FILES_OF_TEXTS, TableFormat, checked_table

_STREAM_BLOCK_BYTES: Final = 1 << 16  # a few hundred reviews: what has been read is little ahead of what is worked on


class RowStream:
    """Rows of an open file, and how far it has been read.

    Attributes:
        name: What to call the file in messages.
        header: What the header names, as it stands there; None for JSON, which has none.
        columns: The same, each name once, as `Row.values` has them.
        size: Bytes of the file; None for a pipe, which can be read only once.
    """

    def __init__(self, name: str, source: CountedBytes, rows: Rows, size: int | None) -> None:
        self.name, self.header, self.columns, self.size = name, rows.header, rows.columns, size
        self._source, self._rows = source, rows

    @property
    def bytes_read(self) -> int:
        """Bytes of the file (as it lies on the disk, compressed or not) that have been read."""
        return self._source.count

    def __iter__(self) -> Iterator[Row]:
        with named_errors(self.name):
            yield from self._rows


@contextmanager
def open_rows(
    path: str | os.PathLike[str],
    *,
    table: TableFormat | None = None,
    encoding: str = "utf-8",
    is_numbered: bool = False,
    is_strict: bool = False,
    allowed: tuple[str, ...] = FILES_OF_TEXTS,
) -> Iterator[RowStream]:
    """Opens a table, or a text a line, to be read once in constant memory.

    A broken row comes as a `Row` with a `problem`, and those behind it are read.

    Args:
        path: The file; `"-"` is standard input.
        table: How it is written; by default as its name says, and for standard input a text a line.
        encoding: Of the file; a byte-order mark counts for more.
        is_numbered: Whether columns are asked for by number, so that the table has no header.
        is_strict: Whether bytes that the encoding does not allow, and NULs, are errors and not problems of rows.
        allowed: What the file may be, of `FILES_OF_TEXTS`.

    Raises:
        ValueError: An unknown ending, a broken header (with path and line), no header at all.
    """
    check_encoding(encoding)
    table, name = checked_table(table).of(path, allowed), name_of_source(path)
    if is_numbered and table.format == "jsonl":
        raise ValueError(f"columns of {name} have names, as its objects say; ask for them by name, not by number")
    with open_packed(path) as source:
        with named_errors(name):
            blocks = decode_blocks(
                unpack(source, os.fspath(path)),
                name,
                encoding,
                errors="strict" if is_strict else MARK_UNDECODABLE,
                block_bytes=_STREAM_BLOCK_BYTES,
            )
            rows = Rows(split_lines(blocks), table, name, is_numbered=is_numbered)
        if rows.header is None and table.ending in DELIMITERS:
            raise ValueError(f"{name} holds no rows")
        path = Path(path)
        yield RowStream(name, source, rows, None if is_input(path) or not path.is_file() else path.stat().st_size)
