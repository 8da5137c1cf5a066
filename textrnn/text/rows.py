"""Rows of a table, read one after the other in constant memory; an unreadable row states its problem."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from textrnn.text.records import Record, find_problem_of_bytes, read_records
from textrnn.text.table_format import TableFormat

TEXT: Final = "text"  # the only column of a .txt
TEXT_COLUMNS: Final = ("text", "sentence", "review")
LABEL_COLUMNS: Final = ("label", "sentiment")
OTHER_DELIMITERS: Final = (";", "\t", "|", ",")


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        line: First line, from 1; a quoted field may hold line breaks.
        values: Values by column: any from JSON, else str. Empty if there is a problem.
        problem: Reason why the row cannot be read, or None.
    """

    line: int
    values: dict[str, Any]
    problem: str | None = None


class Rows(Iterable[Row]):
    """The rows of a table, read once.

    Args:
        lines: Lines, each with its `\\n` if it has one. Undecodable bytes are marked as by `decode_blocks`.
        table: Resolved format.
        name: Name of the file in messages.
        is_numbered: Whether columns are given by number, so that there is no header.

    Attributes:
        header: Names in the header, unchanged; `["text"]` for a .txt, numbers for columns without names; None for
            JSON and for an empty table.
        columns: Distinct names: `#` and the column's number is added to an empty or repeated one.

    Raises:
        ValueError: If the header is malformed, with name and line.
    """

    def __init__(self, lines: Iterable[str], table: TableFormat, name: str, *, is_numbered: bool = False) -> None:
        self.header: list[str] | None = None
        self.columns: list[str] | None = None
        self._rows: Iterator[Row]
        if table.format == "jsonl":
            self._rows = _json_rows(lines)
        elif table.format == "txt":
            self.header = self.columns = [TEXT]
            self._rows = _text_rows(lines)
        else:
            records = read_records(lines, table, name)
            self.header, records = _read_header(records, table, name, is_numbered)
            self.columns = _distinct(self.header or [])
            self._rows = _delimited_rows(records, self.columns, table, is_numbered)

    def __iter__(self) -> Iterator[Row]:
        return self._rows


def _text_rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        problem = find_problem_of_bytes([line])
        yield Row(number, {} if problem else {TEXT: line.removesuffix("\n")}, problem)


def _json_rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        values, problem = None, find_problem_of_bytes([line])
        if not problem:
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                problem = f"not valid JSON ({error})"
        if not problem and not isinstance(values, dict):
            problem = f"must be a JSON object; received {line.strip()[:60]}"
        yield Row(number, {} if problem or values is None else values, problem)


def _read_header(
    records: Iterator[Record], table: TableFormat, name: str, is_numbered: bool
) -> tuple[list[str] | None, Iterator[Record]]:
    """The names of the columns, and the records of the rows."""
    first = next(records, None)
    if first is None:
        return None, records
    fields = [field.strip() for field in first.fields]
    if table.columns is None and first.problem:
        raise ValueError(f"{name}, line {first.line}: {first.problem}")
    if table.columns is None and not is_numbered:
        return fields, records
    lower = [field.lower() for field in fields]
    if fields == list(table.columns or ()) or (is_numbered and {*lower} & {*TEXT_COLUMNS, *LABEL_COLUMNS}):
        raise ValueError(
            f"{name}, line {first.line} names the columns ({', '.join(map(repr, fields))}): ask for them by name, "
            "and leave `columns` out"
        )
    header = [str(number) for number, _ in enumerate(fields, start=1)] if table.columns is None else [*table.columns]
    return header, itertools.chain([first], records)


def _distinct(header: Sequence[str]) -> list[str]:
    columns: list[str] = []
    for number, name in enumerate(header, start=1):
        column = name if name and header.count(name) == 1 else f"{name}#{number}"
        while column in columns:
            column += "#"
        columns.append(column)
    return columns


def _delimited_rows(
    records: Iterable[Record], columns: list[str], table: TableFormat, is_numbered: bool
) -> Iterator[Row]:
    source = "`columns`" if table.columns is not None else "the first row" if is_numbered else "the header"
    for record in records:
        problem = record.problem
        if not problem and len(record.fields) != len(columns):
            problem = f"must have {len(columns)} fields, as {source} has; received {len(record.fields)}"
            if table.quoting is None and not table.is_quoted and any(each.startswith('"') for each in record.fields):
                problem += "; if quotes enclose fields here, quoting='minimal' (--quoting minimal) says so"
        yield Row(record.line, {} if problem else dict(zip(columns, record.fields, strict=True)), problem)


def find_other_delimiter(columns: Sequence[str]) -> str | None:
    """The likely delimiter of a header that was read as one field."""
    if len(columns) != 1:
        return None
    counts = {delimiter: columns[0].count(delimiter) for delimiter in OTHER_DELIMITERS}
    likeliest = max(counts, key=lambda delimiter: counts[delimiter])
    return likeliest if counts[likeliest] else None
