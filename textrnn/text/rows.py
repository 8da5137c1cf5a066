"""Rows of text, one after the other in constant memory; one that cannot be read says why and costs no other."""

import csv
import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from textrnn.text.decoding import find_undecodable

DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
TEXT: Final = "text"  # the one column of a text a line
LONGEST_RECORD: Final = 1 << 24  # characters: far above any text, and a quote nobody closed ends somewhere


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        line: The line it begins on, from 1; a quoted field may hold line breaks.
        values: By column. From JSON whatever it says, else str. Empty if there is a problem.
        problem: Why it cannot be read, or None.
    """

    line: int
    values: dict[str, Any]
    problem: str | None = None


class Rows(Iterable[Row]):
    """The rows of a table, read once.

    Args:
        lines: Each with its `\\n` where it has one. Bytes that are no text are marked as `decode_blocks` marks them.
        ending: What the lines hold: ".csv" or ".tsv", whose first row is a header; ".jsonl", an object a line; or
            ".txt", a text a line.
        name: What to call the file in messages.

    Attributes:
        columns: What the header names, `["text"]` for a text a line; None for JSON, and for a table without a header.

    Raises:
        ValueError: If the header is broken, with name and line.
    """

    def __init__(self, lines: Iterable[str], ending: str, name: str) -> None:
        self.columns: list[str] | None = None
        if ending == ".jsonl":
            self._rows = _json_rows(lines)
        elif ending == ".txt":
            self.columns = [TEXT]
            self._rows = _text_rows(lines)
        else:
            records = _records(lines, DELIMITERS[ending])
            self.columns = _read_header(records, name)
            self._rows = _delimited_rows(records, self.columns or [])

    def __iter__(self) -> Iterator[Row]:
        return self._rows


@dataclass(frozen=True)
class _Record:
    """Fields between delimiters, before they have names."""

    line: int
    fields: list[str]
    problem: str | None


def _text_rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        problem = _find_undecodable([line])
        yield Row(number, {} if problem else {TEXT: line.removesuffix("\n")}, problem)


def _json_rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        values, problem = None, _find_undecodable([line])
        if not problem:
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                problem = f"not valid JSON ({error})"
        if not problem and not isinstance(values, dict):
            problem = f"must be a JSON object; received {line.strip()[:60]}"
        yield Row(number, {} if problem or values is None else values, problem)


def _read_header(records: Iterator[_Record], name: str) -> list[str] | None:
    header = next(records, None)
    if header is None:
        return None
    if header.problem:
        raise ValueError(f"{name}, line {header.line}: {header.problem}")
    columns = [field.strip() for field in header.fields]
    for column in columns:
        if columns.count(column) > 1:
            raise ValueError(f"{name}, line {header.line}: the header names the column {column!r} more than once")
    return columns


def _delimited_rows(records: Iterable[_Record], columns: list[str]) -> Iterator[Row]:
    for record in records:
        problem = record.problem
        if not problem and len(record.fields) != len(columns):
            problem = f"must have {len(columns)} fields, as the header has; received {len(record.fields)}"
        yield Row(record.line, {} if problem else dict(zip(columns, record.fields, strict=True)), problem)


def _records(lines: Iterable[str], delimiter: str) -> Iterator[_Record]:
    """Every record that is not a blank line.

    One that breaks off, for want of a quote perhaps, ends with its first line: those behind it are read again, each
    as the beginning of a record.
    """
    source, again = iter(lines), deque[str]()
    number = 1
    while True:
        used: list[str] = []
        fields: list[str] | None = []
        problem = None
        try:
            with _no_field_size_limit():
                fields = next(csv.reader(_take(again, source, used), delimiter=delimiter, strict=True), None)
        except csv.Error as error:
            problem = f"not a valid row ({error})"
            if sum(map(len, used)) > LONGEST_RECORD:
                problem = f"not a valid row (a quoted field does not end within {LONGEST_RECORD:,} characters)"
            again.extendleft(reversed(used[1:]))
            del used[1:]
        if not used:
            return
        if problem or fields:
            yield _Record(number, fields or [], _find_undecodable(used) or problem)
        number += len(used)


def _take(again: deque[str], source: Iterator[str], used: list[str]) -> Iterator[str]:
    """Lines for one record, those to be read again first; what the record takes is `used`."""
    characters = 0
    while characters <= LONGEST_RECORD:
        line = again.popleft() if again else next(source, None)
        if line is None:
            return
        used.append(line)
        characters += len(line)
        yield line


def _find_undecodable(lines: Iterable[str]) -> str | None:
    for line in lines:
        byte = find_undecodable(line)
        if byte is not None:
            return f"byte 0x{byte:02x} is not valid in the encoding of the file"
    return None


@contextmanager
def _no_field_size_limit() -> Iterator[None]:
    # The csv module has one limit for the whole process, 131,072 characters: less than a long review.
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)
