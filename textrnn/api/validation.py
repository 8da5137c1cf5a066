"""The user's own validation data, and checks of labels."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from textrnn import checks
from textrnn.api.settings import Settings
from textrnn.options import TableOptions
from textrnn.runtime.archive import read_archive
from textrnn.text import TableFormat, checked_table
from textrnn.training import RunFolder


def resolve_validation(settings: Settings, default: float) -> Settings:
    """Settings with a `validation_split`, which is 0 if there is `validation_data`.

    Raises:
        ValueError: If both are given, or `patience` has no validation data.
    """
    training = settings.training
    if training.validation_data is None:
        settings = settings.filled({"validation_split": default})
        if training.patience is not None and not settings.training.validation_split:
            raise ValueError(
                "`patience` needs `validation_split` or `validation_data` to wait on; received validation_split=0."
            )
        return settings
    if training.validation_split:
        raise ValueError(
            "`validation_data` takes the place of what `validation_split` holds out: give one of them; received "
            f"validation_split={training.validation_split!r} as well."
        )
    return settings.filled({"validation_split": 0.0})


@contextlib.contextmanager
def reading_validation_data() -> Iterator[None]:
    """A context whose errors name `validation_data` instead of `source`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        said = str(error).replace("`source`", "`validation_data`").replace("source[", "validation_data[")
        raise kind(said) from error


def format_of(table: TableOptions) -> TableFormat:
    """The format of the table in `source`."""
    return checked_table(table)


def format_beside(table: TableOptions, path: Any) -> TableFormat:
    """The format of another table, which is read beside `source`."""
    return format_of(table).beside(path) if isinstance(path, (str, os.PathLike)) else TableFormat()


def check_labels(labels: Iterable[str], known: Sequence[str]) -> None:
    """Refuse labels of `validation_data` that no text of `source` has."""
    unknown = sorted(set(labels) - set(known))
    if unknown:
        raise ValueError(
            f"`validation_data` must have labels that `source` has, {checks.listed(known, show=str)}; received also "
            f"{checks.listed(unknown)}."
        )


def check_same_labels(run: RunFolder, labels: Sequence[str]) -> None:
    """Refuse a resumed run whose labels or their order differ: each label has its place in the weights."""
    before = read_archive(run.model).config["labels"]
    if list(before) != list(labels):
        raise ValueError(
            f"a resumed run must have the labels it was started with, in their order: {', '.join(before)}; received "
            f"{', '.join(labels)}. Another version of textrnn ordered them differently: start a new run."
        )
