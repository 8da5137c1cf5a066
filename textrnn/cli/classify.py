"""`textrnn classify MODEL TEXT...`."""

from __future__ import annotations

import argparse

from textrnn.cli import flags
from textrnn.cli.library import load_kind
from textrnn.cli.score import read_input


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `classify`."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file or a run folder")
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="texts to label; without any, lines of the input")
    parser.add_argument("--file", metavar="FILE", help=".txt (a text a line), .csv, .tsv or .jsonl")
    parser.add_argument("--encoding", default="utf-8", help="of the file or the input")
    parser.add_argument("--text-column", help="default: text, sentence or review")
    parser.add_argument(
        "--batch-size", "--batch_size", type=flags.positive_integer, metavar="N", default=64, help="texts at once"
    )
    parser.add_argument(
        "--threshold", type=flags.share, metavar="X", help="a dash for the label where its probability is below X"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print label, probability and text, a line each."""
    texts = _texts(arguments)
    classifier = load_kind(arguments.model, "TextClassifier")
    predictions = classifier.classify(
        texts, batch_size=arguments.batch_size, threshold=arguments.threshold, progress=True
    )
    for text, prediction in zip(texts, predictions, strict=True):
        label = "-" if prediction.label is None else prediction.label
        print(f"{label}\t{prediction.probability:.3f}\t{' '.join(text.split())}")


def _texts(arguments: argparse.Namespace) -> list[str]:
    from textrnn.text import read_texts

    if arguments.file and arguments.texts:
        raise argparse.ArgumentTypeError("give either TEXT or --file, not both")
    if arguments.file:
        return read_texts(arguments.file, text_column=arguments.text_column, encoding=arguments.encoding)
    return arguments.texts or read_input(arguments.encoding).splitlines()
