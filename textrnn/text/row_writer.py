"""Writers of rows as .csv, .tsv or .jsonl in UTF-8, with columns added at the end."""

import csv
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from textrnn.text.table_format import DELIMITERS, TableFormat


class RowWriter(Protocol):
    """Writes a row in two parts, so that a faulty row is known before its added values are computed."""

    def header(self) -> bytes:
        """First bytes of the file."""

    def begin(self, values: Mapping[str, Any]) -> Any:
        """Prepare the row's own part for `finish`.

        Raises:
            ValueError: If this row cannot be written.
        """

    def finish(self, begun: Any, added: Sequence[Any]) -> bytes:
        """The bytes of the whole row, with a value for each added column."""


def make_row_writer(
    table: TableFormat, columns: Sequence[str], added: Sequence[str], *, header: Sequence[str] | None = None
) -> RowWriter:
    """A writer for this format.

    Args:
        table: Resolved format: csv, tsv or jsonl.
        columns: Columns of the rows, in order. A row in JSON may have others.
        added: Columns to add at the end.
        header: Names of the columns in the file, if they differ.

    Raises:
        ValueError: If an added column exists already, or the header cannot be written.
    """
    _check_added(columns, added)
    if table.ending in DELIMITERS:
        return DelimitedWriter(table, columns, added, columns if header is None else header)
    return JsonWriter(added)


class DelimitedWriter:
    """Writer of comma- or tab-separated lines that end in `\\n`, quoted as in RFC 4180 or unquoted.

    JSON values such as lists are written as JSON; null is an empty field.
    """

    def __init__(
        self, table: TableFormat, columns: Sequence[str], added: Sequence[str], header: Sequence[str]
    ) -> None:
        self.columns = tuple(columns)
        self._is_quoted, self._separator, self._format = table.is_quoted, table.separator, table.format
        # With this line end the csv module quotes a lone "\r", which readers take for one.
        self._writer = csv.writer(_Returned(), delimiter=table.separator, lineterminator="\r\n")
        self._header = self._line([self._checked(name) for name in (*header, *added)])

    def header(self) -> bytes:
        return self._header

    def begin(self, values: Mapping[str, Any]) -> list[str]:
        others = [column for column in values if column not in self.columns]
        if others:
            raise ValueError(f"no column {others[0]!r} in the first rows; write .jsonl, whose rows may differ")
        fields = [self._checked(_field(values.get(column))) for column in self.columns]
        _encode("".join(fields))
        return fields

    def finish(self, begun: list[str], added: Sequence[Any]) -> bytes:
        return self._line([*begun, *map(_field, added)])

    def _checked(self, field: str) -> str:
        """Refuse a field with a NUL, and without quotes one with a delimiter or a line break."""
        if "\0" in field:
            raise ValueError(f"a field holds a NUL, which a .{self._format} cannot; write .jsonl")
        ends = () if self._is_quoted else (self._separator, "\n", "\r")
        found = next((end for end in ends if end in field), None)
        if found:
            raise ValueError(
                f"a field holds {found!r}, which a .{self._format} without quotes cannot; write .csv or .jsonl, or "
                "--quoting minimal"
            )
        return field

    def _line(self, fields: Sequence[str]) -> bytes:
        if not self._is_quoted:
            return _encode(self._separator.join(fields) + "\n")
        line: str = self._writer.writerow(fields)
        return _encode(line.removesuffix("\r\n") + "\n")


class JsonWriter:
    """Writer of a JSON object per line."""

    def __init__(self, added: Sequence[str]) -> None:
        self.added = tuple(added)

    def header(self) -> bytes:
        return b""

    def begin(self, values: Mapping[str, Any]) -> bytes:
        _check_added(values, self.added)
        return _encode(_to_json(values))

    def finish(self, begun: bytes, added: Sequence[Any]) -> bytes:
        more = _encode(_to_json(dict(zip(self.added, added, strict=True))))
        return begun.removesuffix(b"}") + (b", " if begun != b"{}" else b"") + more.removeprefix(b"{") + b"\n"


class _Returned:
    """Output of a csv writer, so that `writerow` returns the line."""

    def write(self, line: str) -> str:
        return line


def _check_added(columns: Sequence[str] | Mapping[str, Any], added: Sequence[str]) -> None:
    there = [column for column in added if column in columns]
    if there:
        raise ValueError(f"there is a column {there[0]!r} already; name the added ones with --column-prefix")


def _field(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else _to_json(value)


def _to_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError as error:
        raise ValueError("holds lists or objects in one another too deeply") from error


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"holds {text[error.start]!r}, half of a surrogate pair, which is no character") from error
