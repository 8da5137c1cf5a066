"""What a command reads: a text, standard input, or a table of labelled texts."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from textrnn import checks

if TYPE_CHECKING:
    from textrnn.text import LabelledTexts


def read_text(path: str, encoding: str = "utf-8") -> str:
    """A whole text file, read as a corpus is (byte-order mark and line ends set right); `-` is standard input."""
    from textrnn.text import open_corpus

    return read_input(encoding) if path == "-" else "".join(open_corpus(path, encoding=encoding).pieces())


def read_input(encoding: str = "utf-8") -> str:
    """Standard input, decoded strictly, its line ends as `\\n`."""
    try:
        text = sys.stdin.buffer.read().decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise ValueError(f"the input must be text in the encoding {encoding}: {error}") from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_table(path: str, model: Any, arguments: argparse.Namespace) -> LabelledTexts:
    """Labelled texts, of the model's own labels only."""
    from textrnn.text import LabelledTexts, read_labelled

    data = read_labelled(
        path,
        text_column=arguments.text_column,
        label_column=arguments.label_column,
        encoding=arguments.encoding,
    )
    names = dict(arguments.rename)
    labels = [names.get(label, label) for label in data.labels]
    unknown = sorted(set(labels) - set(model.labels))
    if unknown:
        raise ValueError(
            f"{path} must hold only the labels {checks.listed(model.labels, show=str)}; it also holds "
            f"{checks.listed(unknown, show=str)} "
            "(--rename OLD=NEW says that they mean the same)."
        )
    return LabelledTexts(data.texts, labels)
