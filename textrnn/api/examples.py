"""The texts a classifier is trained on: opened, checked, and their labels in order."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Sequence
from typing import Any

from textrnn import checks
from textrnn.labels import checked_label
from textrnn.text import Column, LabelledTexts, TableFormat, checked_table, read_labelled, read_texts


def open_labelled(
    source: Any, text_column: Column, label_column: Column, encoding: str, table: TableFormat | None
) -> LabelledTexts:
    """The labelled texts of `train_classifier`'s arguments of these names."""
    if isinstance(source, (str, os.PathLike)):
        return read_labelled(
            source, text_column=text_column, label_column=label_column, encoding=encoding, table=table
        )
    if not isinstance(source, (tuple, list)) or len(source) != 2 or isinstance(source[0], str):
        raise TypeError(
            "`source` must be a path or a pair (texts, labels), such as (table['text'], table['label']); received "
            f"{type(source).__name__}."
        )
    texts = list(checks.texts("texts", source[0]))
    labels = list(checks.several("labels", source[1], "a list with a label for each text"))
    if len(texts) != len(labels) or not texts:
        raise ValueError(
            f"`source` must hold as many labels as texts, and at least one; received {len(texts)} texts and "
            f"{len(labels)} labels."
        )
    return LabelledTexts(texts, [checked_label(f"labels[{n}]", label) for n, label in enumerate(labels)])


def open_unlabelled(source: Any, text_column: Column, encoding: str, table: TableFormat | None) -> list[str]:
    """The texts of its argument `unlabelled`."""
    if source is None:
        return []
    if isinstance(source, (str, os.PathLike)):
        beside = checked_table(table).beside(source)
        return read_texts(source, text_column=text_column, encoding=encoding, table=beside)
    return list(checks.texts("unlabelled", source, "a path or a list of strings"))


def warn_of_repeated(held_out: Sequence[str], trained_on: Collection[str]) -> None:
    """Say how many held-out texts were also trained on."""
    repeated = sum(text in trained_on for text in held_out)
    if repeated:
        warnings.warn(
            f"{repeated:,} of the {len(held_out):,} held-out texts are also among those trained on: what is measured "
            "on them is too good to be true. Remove them from either.",
            stacklevel=3,
        )
