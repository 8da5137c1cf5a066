"""Opening of a .csv, .tsv, .jsonl (.json) or .txt file, packed or not, as a stream of rows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from textrnn.text.decoding import MARK_UNDECODABLE, check_encoding, decode_blocks, split_lines
from textrnn.text.packed import CountedBytes, is_input, name_of_source, named_errors, open_packed, unpack
from textrnn.text.rows import Row, Rows
from textrnn.text.table_format import DELIMITERS, FILES_OF_TEXTS, TableFormat, checked_table

_STREAM_BLOCK_BYTES: Final = 1 << 16  # a few hundred reviews: reading is little ahead of processing


class RowStream:
    """Rows of an open file, with the number of bytes read.

    Attributes:
        name: Name of the file in messages.
        header: Names in the header, unchanged; None for JSON.
        columns: Distinct names, as in `Row.values`.
        size: Bytes of the file; None for a pipe.
    """

    def __init__(self, name: str, source: CountedBytes, rows: Rows, size: int | None) -> None:
        self.name, self.header, self.columns, self.size = name, rows.header, rows.columns, size
        self._source, self._rows = source, rows

    @property
    def bytes_read(self) -> int:
        """Bytes read from the file, before unpacking."""
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
    """Open a table, or a .txt with a text on each line, to be read once in constant memory.

    A malformed row becomes a `Row` with a `problem`; reading continues after it.

    Args:
        path: File, or `"-"` for standard input.
        table: Format; by default the file's name decides, and standard input has a text on each line.
        encoding: Encoding of the file; a byte-order mark overrides it.
        is_numbered: Whether columns are given by number, so that the table has no header.
        is_strict: Whether undecodable bytes and NULs are errors rather than problems of rows.
        allowed: Allowed endings, of `FILES_OF_TEXTS`.

    Raises:
        ValueError: If the ending is unknown, or the header is malformed (with path and line) or missing.
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
