"""Inputs of a command: a text, or a table of labeled texts; `-` is standard input."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from textrnn import checks
from textrnn.cli import flags
from textrnn.labels import find_label, number_labels, read_label

if TYPE_CHECKING:
    from textrnn.text import LabeledTexts


def read_corpus(path: str, encoding: str) -> str:
    """Read a text file, a folder of them, or standard input, which may be empty."""
    from textrnn.text import open_corpus, read_text

    return read_text(path, encoding) if path == "-" else "".join(open_corpus(path, encoding=encoding).pieces())


def read_table(path: str, model: Any, arguments: argparse.Namespace, table: Any = None) -> LabeledTexts:
    """Read labeled texts with labels of the model; `table` is their format, by default that of the flags."""
    from textrnn.text import LabeledTexts, read_labeled

    options = flags.reading(arguments)
    options["table"] = table or options["table"]
    data = read_labeled(path, label_column=arguments.label_column, **options)
    names = {read_label(old): new for old, new in arguments.rename}
    number_of = number_labels(model.labels)
    labels = [names.get(label, label) for label in data.labels]
    numbers = {label: find_label(label, number_of, "--rename") for label in set(labels)}
    unknown = sorted(label for label, number in numbers.items() if number is None)
    if unknown:
        raise ValueError(
            f"{path} must hold only the labels {checks.listed(model.labels, show=str)}; it also holds "
            f"{checks.listed(unknown, show=str)} "
            "(--rename OLD=NEW gives the model's name for a label)."
        )
    return LabeledTexts(data.texts, [model.labels[numbers[label]] for label in labels])
