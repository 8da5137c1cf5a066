"""The texts a classifier is trained on: opened, checked, and their labels in order."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Sequence
from typing import Any

from textrnn import checks
from textrnn.classification.text_labeller import WHOLE_NUMBERS
from textrnn.text import LabelledTexts, read_labelled, read_texts


def open_labelled(source: Any, text_column: str | None, label_column: str | None, encoding: str) -> LabelledTexts:
    """The labelled texts of `train_classifier`'s arguments of these names."""
    if isinstance(source, (str, os.PathLike)):
        return read_labelled(source, text_column=text_column, label_column=label_column, encoding=encoding)
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
    return LabelledTexts(texts, [_label(n, label) for n, label in enumerate(labels)])


def open_unlabelled(source: Any, text_column: str | None, encoding: str) -> list[str]:
    """The texts of its argument `unlabelled`."""
    if source is None:
        return []
    if isinstance(source, (str, os.PathLike)):
        return read_texts(source, text_column=text_column, encoding=encoding)
    return list(checks.texts("unlabelled", source, "a path or a list of strings"))


def in_order(labels: set[str]) -> list[str]:
    """By size where all are whole numbers, so that 10 stars come after 9; else by the alphabet."""
    are_numbers = all(label.isdecimal() for label in labels)
    return sorted(labels, key=lambda label: (int(label), label) if are_numbers else (0, label))


def warn_of_repeated(held_out: Sequence[str], trained_on: Collection[str]) -> None:
    """Say how many held-out texts were also trained on."""
    repeated = sum(text in trained_on for text in held_out)
    if repeated:
        warnings.warn(
            f"{repeated:,} of the {len(held_out):,} held-out texts are also among those trained on: what is measured "
            "on them is too good to be true. Remove repeated texts from `source`.",
            stacklevel=3,
        )


def _label(n: int, label: Any) -> str:
    """A label as a string: whole numbers may be given too."""
    if not isinstance(label, (str, *WHOLE_NUMBERS)):
        raise TypeError(f"`labels[{n}]` must be a string or a whole number; received {label!r}.")
    return str(label)
