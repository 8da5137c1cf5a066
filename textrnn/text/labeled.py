"""Labeled texts, for a classifier."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from textrnn import checks
from textrnn.labels import read_label
from textrnn.text.packed import is_input
from textrnn.text.rows import LABEL_COLUMNS, TEXT_COLUMNS, Row, find_other_delimiter
from textrnn.text.table_format import FILES_OF_TEXTS, TABLES, TableFormat, checked_table
from textrnn.text.tables import open_rows

Column = str | int | None
"""A column: its name, or its number from 1 in a table without a header; None for the usual names."""


@dataclass(frozen=True)
class LabeledTexts:
    """Texts and their labels, in the order of the file: `labels[i]` belongs to `texts[i]`."""

    texts: list[str]
    labels: list[str]

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels):
            raise ValueError(
                f"`texts` and `labels` must be of one length; received {len(self.texts)} texts and "
                f"{len(self.labels)} labels"
            )

    def __len__(self) -> int:
        return len(self.texts)


def read_labeled(
    path: str | os.PathLike[str],
    *,
    text_column: Column = None,
    label_column: Column = None,
    encoding: str = "utf-8",
    table: TableFormat | None = None,
) -> LabeledTexts:
    """Read texts and labels from a .csv, .tsv or .jsonl file, packed (.gz, .bz2, .xz, .zst) or not.

    Args:
        path: file, or "-" for standard input. A .csv or .tsv begins with a header, unless `table` has `columns` or
            the two columns are numbers.
        text_column: text column; by default the first of text, sentence and review, in any case.
        label_column: label column; by default the first of label and sentiment, in any case.
        encoding: encoding of the file; a byte-order mark overrides it.
        table: format of the table; by default the file's name decides.

    Returns:
        The texts unchanged, empty ones included, and the labels as `textrnn.labels` reads them: without surrounding
        blanks; numbers and truth values become "1" and "true".

    Raises:
        ValueError: if something is missing or malformed, with path and line.
    """
    with _open(path, encoding, table, TABLES, text_column, label_column) as (name, columns, rows):
        text = find_text_column(columns, name, text_column)
        label = _find_column(columns, name, "label_column", label_column, LABEL_COLUMNS)
        if text == label:
            raise ValueError(f"`text_column` and `label_column` must differ; received {text!r} for both")
        read = [(_read_text(row, name, text), _read_label(row, name, label)) for row in rows]
    if not read:
        raise ValueError(f"{name} holds no rows")
    return LabeledTexts([text for text, _ in read], [label for _, label in read])


def read_texts(
    path: str | os.PathLike[str],
    *,
    text_column: Column = None,
    encoding: str = "utf-8",
    table: TableFormat | None = None,
) -> list[str]:
    """Read texts to classify from a file as for `read_labeled`, or from a .txt with a text on each line.

    A blank line of a .txt is an empty text, so that results match the lines of the file. Empty standard input ("-")
    gives no texts.
    """
    is_text_a_line = checked_table(table).of(path).format == "txt"
    asked = None if is_text_a_line else text_column
    with _open(path, encoding, table, FILES_OF_TEXTS, asked) as (name, columns, rows):
        column = find_text_column(columns, name, asked)
        texts = [_read_text(row, name, column) for row in rows]
    if not texts and not (is_text_a_line and is_input(path)):
        raise ValueError(f"{name} {'is empty' if is_text_a_line else 'holds no rows'}")
    return texts


@contextmanager
def _open(
    path: str | os.PathLike[str], encoding: str, table: TableFormat | None, allowed: tuple[str, ...], *asked: Column
) -> Iterator[tuple[str, list[str], Iterable[Row]]]:
    """The name of a table, its columns and its rows; JSON must have at least one row."""
    numbered = is_numbered(*asked)
    with open_rows(
        path, table=table, encoding=encoding, is_numbered=numbered, is_strict=True, allowed=allowed
    ) as stream:
        rows = iter(stream)
        if stream.columns is not None:
            yield stream.name, stream.columns, rows
            return
        first = next(rows, None)
        if first is None:
            raise ValueError(f"{stream.name} holds no rows")
        if first.problem:
            raise ValueError(f"{stream.name}, line {first.line}: {first.problem}")
        yield stream.name, list(first.values), chain([first], rows)


def is_numbered(*columns: Column) -> bool:
    """Whether columns are given by number.

    Raises:
        TypeError: If a column is neither a name nor a number.
        ValueError: If one is a name and another a number.
    """
    asked = [column for column in columns if column is not None]
    for column in asked:
        if isinstance(column, bool) or not isinstance(column, (str, int)):
            raise TypeError(f"a column must be a name, or a number from 1; received {column!r}")
    numbers = [column for column in asked if isinstance(column, int)]
    if numbers and len(numbers) < len(columns):
        raise ValueError(
            f"columns must all be names or all be numbers (of a table without a header); received {columns!r}"
        )
    return bool(numbers)


def find_text_column(columns: list[str], path: str | os.PathLike[str], wanted: Column = None) -> str:
    """The text column: `wanted`, or the first of `TEXT_COLUMNS`, in any case."""
    return _find_column(columns, path, "text_column", wanted, TEXT_COLUMNS)


def find_problem(row: Row, column: str) -> str | None:
    """The problem of a row without a text in this column; None if there is a text."""
    if row.problem:
        return row.problem
    if column not in row.values:
        return f"no column {column!r}; it has {_listed(row.values)}"
    if not isinstance(row.values[column], str):
        return f"{column!r} must be a string; received {row.values[column]!r:.60}"
    return None


def _find_column(
    columns: list[str], path: str | os.PathLike[str], argument: str, wanted: Column, defaults: tuple[str, ...]
) -> str:
    name = os.fspath(path)
    if isinstance(wanted, int):
        if not 1 <= wanted <= len(columns):
            raise ValueError(f"{name}: `{argument}` must be from 1 to {len(columns)}, or a name; received {wanted!r}")
        return columns[wanted - 1]
    if wanted in columns:
        return wanted
    lower = [column.lower() for column in columns]
    looked_for = defaults if wanted is None else (wanted,)
    for each in looked_for if wanted is None else ():
        if each in lower:
            return columns[lower.index(each)]
    for each in looked_for:
        same = [column for column in columns if column.rpartition("#")[0].lower() == each.lower()]
        if same:
            raise ValueError(
                f"{name}: the header names the column {each!r} more than once; say which with `{argument}`: "
                + " or ".join(map(repr, same))
            )
    raise ValueError(
        f"{name}: no column {' or '.join(map(repr, looked_for))}; it has {_listed(columns)}; "
        + _way_out(columns, argument)
    )


def _way_out(columns: list[str], argument: str) -> str:
    delimiter = find_other_delimiter(columns)
    if delimiter is None:
        return f"name one with `{argument}`, or all of a table without a header with `columns` (--columns)"
    shown = "\\t" if delimiter == "\t" else delimiter
    return f"if {delimiter!r} separates its columns, delimiter={delimiter!r} (--delimiter '{shown}') says so"


def _read_text(row: Row, name: str, column: str) -> str:
    problem = find_problem(row, column)
    if problem:
        raise ValueError(f"{name}, line {row.line}: {problem}")
    text: str = row.values[column]
    return text


def _read_label(row: Row, name: str, column: str) -> str:
    if column not in row.values:
        raise ValueError(f"{name}, line {row.line}: no column {column!r}; it has {_listed(row.values)}")
    try:
        return read_label(row.values[column])
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}, line {row.line}: {column!r} {error}") from error


def _listed(columns: Iterable[str]) -> str:
    return checks.listed(columns) or "none"
