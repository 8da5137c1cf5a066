"""Options of tables and other files of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from textrnn import checks
from textrnn.options.option import Options, option, options
from textrnn.options.ranges import TEXT, Range, one_of, unescaped

FORMATS = ("csv", "tsv", "jsonl", "txt")
QUOTINGS = ("minimal", "none")


def _check_delimiter(name: str, value: Any) -> str:
    delimiter = checks.string(name, value)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"`{name}` must be one character, no quote and no line break; received {value!r}.")
    return delimiter


def _check_columns(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"`{name}` must be a list of names, such as ['text', 'label']; received {value!r}.")
    if not value:
        raise ValueError(f"`{name}` must name the columns of the table; received none.")
    return tuple(checks.string(f"{name}[{n}]", column) for n, column in enumerate(value))


def _read_columns(text: str) -> list[str]:
    """Names separated by commas; unnamed columns are empty."""
    return [name.strip() for name in text.split(",")]


def _check_column(name: str, value: Any) -> str | int:
    """A column's name or its number, counted from 1."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value in (0, "") or str(value).startswith("-"):
        raise (ValueError if isinstance(value, int) else TypeError)(
            f"a column must be a name, or a number from 1; received {value!r}."
        )
    return value


def _read_column(text: str) -> str | int:
    return int(text) if text.isdecimal() else text


DELIMITER = Range(_check_delimiter, unescaped, "X", "one character")
COLUMNS = Range(_check_columns, _read_columns, "NAME,...", "names")
COLUMN = Range(_check_column, _read_column, "NAME", "a name, or a number from 1")


@options
class TableFormat(Options):
    """Format of a table. None leaves an option to the name of the file."""

    format: Annotated[
        str | None,
        option(one_of(*FORMATS), "Format of the file; txt holds a text per line, jsonl an object per line."),
    ] = None
    delimiter: Annotated[
        str | None, option(DELIMITER, r"Delimiter of fields; by default a comma, a tab (\t) in a .tsv.")
    ] = None
    quoting: Annotated[
        str | None,
        option(
            one_of(*QUOTINGS),
            "Quoting of fields: none takes a quote as an ordinary character (the default for tabs), minimal quotes "
            "fields that hold delimiters, quotes or line breaks.",
        ),
    ] = None
    columns: Annotated[
        Sequence[str] | None,
        option(
            COLUMNS,
            "Names of the columns of a table without a header, such as text,label; an empty name skips a column.",
        ),
    ] = None


@options
class TableOptions(TableFormat):
    """Format of a table or another file of texts, its columns and its encoding."""

    text_column: Annotated[
        str | int | None,
        option(
            COLUMN,
            "Text column; by default text, sentence or review. In a table without a header a number, from 1.",
        ),
    ] = None
    label_column: Annotated[
        str | int | None,
        option(COLUMN, "Label column; by default label or sentiment. In a table without a header a number, from 1."),
    ] = None
    encoding: Annotated[str, option(TEXT, "Encoding of text files; a byte-order mark overrides it.")] = "utf-8"
