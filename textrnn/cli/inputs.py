"""What a command reads: a text, or a table of labeled texts; `-` is standard input."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from textrnn import checks
from textrnn.cli import flags
from textrnn.labels import find_label, number_labels, read_label

if TYPE_CHECKING:
    from textrnn.text import LabeledTexts


def read_corpus(path: str, encoding: str) -> str:
    """A whole text file or a folder of them; standard input may be empty."""
    from textrnn.text import open_corpus, read_text

    return read_text(path, encoding) if path == "-" else "".join(open_corpus(path, encoding=encoding).pieces())


def read_table(path: str, model: Any, arguments: argparse.Namespace, table: Any = None) -> LabeledTexts:
    """Labeled texts, of the model's own labels only; `table` is how they are written, by default as flags say."""
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
            "(--rename OLD=NEW says that they mean the same)."
        )
    return LabeledTexts(data.texts, [model.labels[numbers[label]] for label in labels])
