"""Rows of a .csv, .tsv or .jsonl file, compressed or not, with the line each one begins on."""

import bz2
import csv
import gzip
import json
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from textrnn.text.decoding import check_encoding, decode_blocks, split_lines

Row = tuple[int, dict[str, Any]]

_COMPRESSIONS: Final[dict[str, Callable[..., Any]]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}


def read_rows(path: Path, encoding: str) -> list[Row]:
    """Reads all the rows of a table as (line number, {column: value}).

    Values are str in .csv and .tsv, and whatever JSON says in .jsonl.

    Raises:
        ValueError: an unknown ending, a broken row (with path and line), or no rows at all.
    """
    ending = file_ending(path)
    if ending == ".jsonl":
        rows = list(_read_json_lines(read_lines(path, encoding), path))
    elif ending in _DELIMITERS:
        with _no_field_size_limit():
            rows = list(_read_delimited(read_lines(path, encoding), path, _DELIMITERS[ending]))
    else:
        raise ValueError(
            f"{path} must end in .csv, .tsv or .jsonl, with .gz, .bz2 or .xz behind it if compressed; "
            f"received {ending or 'no ending'!r}"
        )
    if not rows:
        raise ValueError(f"{path} holds no rows")
    return rows


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """Reads a text file, compressed or not, line by line, each with its `\\n` where it has one."""
    check_encoding(encoding)
    opener = _COMPRESSIONS.get(path.suffix.lower(), open)
    with cast(BinaryIO, opener(path, "rb")) as stream:
        try:
            yield from split_lines(decode_blocks(stream, str(path), encoding))
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error


def file_ending(path: Path) -> str:
    """Returns the ending that says what the file holds: ".csv" for reviews.csv and reviews.csv.gz."""
    name = Path(path.stem) if path.suffix.lower() in _COMPRESSIONS else path
    return name.suffix.lower()


def _read_json_lines(lines: Iterable[str], path: Path) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}, line {number}: not valid JSON ({error})") from error
        if not isinstance(row, dict):
            raise ValueError(f"{path}, line {number}: must be a JSON object; received {line.strip()[:60]}")
        yield number, row


def _read_delimited(lines: Iterable[str], path: Path, delimiter: str) -> Iterator[Row]:
    numbered = _number_records(csv.reader(lines, delimiter=delimiter, strict=True), path)
    columns: list[str] | None = None
    for number, fields in numbered:
        if columns is None:
            columns = _checked_header([field.strip() for field in fields], path, number)
        elif len(fields) != len(columns):
            raise ValueError(
                f"{path}, line {number}: must have {len(columns)} fields, as the header has; received {len(fields)}"
            )
        else:
            yield number, dict(zip(columns, fields, strict=True))


def _number_records(reader: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields each record that is not a blank line with the line it begins on; it may span several."""
    while True:
        number = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"{path}, line {number}: not a valid row ({error})") from error
        if fields is None:
            return
        if fields:
            yield number, fields


def _checked_header(columns: list[str], path: Path, number: int) -> list[str]:
    for column in columns:
        if columns.count(column) > 1:
            raise ValueError(f"{path}, line {number}: the header names the column {column!r} more than once")
    return columns


@contextmanager
def _no_field_size_limit() -> Iterator[None]:
    # The csv module has one limit for the whole process, 131,072 characters: less than a long review.
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)
