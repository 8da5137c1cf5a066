"""Texts with a label each, for a classifier."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from textrnn import checks
from textrnn.text.rows import Row
from textrnn.text.tables import file_ending, read_lines, read_rows

TEXT_COLUMNS: Final = ("text", "sentence", "review")
LABEL_COLUMNS: Final = ("label", "sentiment")


@dataclass(frozen=True)
class LabelledTexts:
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


def read_labelled(
    path: str | os.PathLike[str],
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str = "utf-8",
) -> LabelledTexts:
    """Reads texts and labels from a .csv, .tsv or .jsonl file (.gz, .bz2 or .xz behind it is fine).

    Args:
        path: the file. A .csv or .tsv begins with a header and may hold newlines in quoted fields.
        text_column: by default the first there is of text, sentence and review, in any case.
        label_column: by default the first there is of label and sentiment, in any case.
        encoding: of the file.

    Returns:
        The texts as they are, empty ones included, and the labels as str without space around them;
        numbers and truth values in JSON become "1" and "true".

    Raises:
        ValueError: with path and line, what is missing or malformed there.
    """
    path = Path(path)
    rows = read_rows(path, encoding)
    columns = list(rows[0].values)
    text_column = find_text_column(columns, path, text_column)
    label_column = _find_column(columns, path, "label_column", label_column, LABEL_COLUMNS)
    if text_column == label_column:
        raise ValueError(f"`text_column` and `label_column` must differ; received {text_column!r} for both")
    texts = [_read_text(row, path, text_column) for row in rows]
    return LabelledTexts(texts, [_read_label(row, path, label_column) for row in rows])


def read_texts(path: str | os.PathLike[str], *, text_column: str | None = None, encoding: str = "utf-8") -> list[str]:
    """Reads texts to classify: from the files `read_labelled` reads, or a .txt with one text a line.

    A blank line of a .txt is an empty text, so that results line up with the lines of the file.
    """
    path = Path(path)
    if file_ending(path) == ".txt":
        texts = [line.removesuffix("\n") for line in read_lines(path, encoding)]
        if not texts:
            raise ValueError(f"{path} is empty")
        return texts
    rows = read_rows(path, encoding)
    column = find_text_column(list(rows[0].values), path, text_column)
    return [_read_text(row, path, column) for row in rows]


def find_text_column(columns: list[str], path: str | os.PathLike[str], wanted: str | None = None) -> str:
    """The column that holds the texts: `wanted`, or the first there is of `TEXT_COLUMNS`, in any case."""
    return _find_column(columns, path, "text_column", wanted, TEXT_COLUMNS)


def find_problem(row: Row, column: str) -> str | None:
    """Why there is no text in this column of a row; None if there is one."""
    if row.problem:
        return row.problem
    if column not in row.values:
        return f"no column {column!r}; it has {_listed(row.values)}"
    if not isinstance(row.values[column], str):
        return f"{column!r} must be a string; received {row.values[column]!r:.60}"
    return None


def _find_column(
    columns: list[str], path: str | os.PathLike[str], argument: str, wanted: str | None, defaults: tuple[str, ...]
) -> str:
    if wanted in columns:
        return wanted
    lower = [column.lower() for column in columns]
    for name in defaults if wanted is None else ():
        if name in lower:
            return columns[lower.index(name)]
    looked_for = " or ".join(map(repr, defaults if wanted is None else [wanted]))
    raise ValueError(
        f"{os.fspath(path)}: no column {looked_for}; it has {_listed(columns)}; name one with `{argument}`"
    )


def _read_text(row: Row, path: Path, column: str) -> str:
    problem = find_problem(row, column)
    if problem:
        raise ValueError(f"{path}, line {row.line}: {problem}")
    text: str = row.values[column]
    return text


def _read_label(row: Row, path: Path, column: str) -> str:
    if column not in row.values:
        raise ValueError(f"{path}, line {row.line}: no column {column!r}; it has {_listed(row.values)}")
    label = row.values[column]
    if isinstance(label, bool):
        return str(label).lower()
    if not isinstance(label, str | int):
        raise ValueError(
            f"{path}, line {row.line}: {column!r} must be a string or a whole number; received {label!r:.60}"
        )
    text = str(label).strip()
    if not text:
        raise ValueError(f"{path}, line {row.line}: {column!r} is empty; every text needs a label")
    return text


def _listed(columns: Iterable[str]) -> str:
    return checks.listed(columns) or "none"
