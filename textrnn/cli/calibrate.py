"""`textrnn calibrate MODEL FILE`."""

from __future__ import annotations

import argparse

from textrnn.cli import flags
from textrnn.cli.evaluate_classifier import read_table
from textrnn.cli.library import load_kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `calibrate`."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file or a run folder")
    parser.add_argument(
        "file", metavar="FILE", help=".csv, .tsv or .jsonl of labelled texts that the model was not trained on"
    )
    parser.add_argument("--out", metavar="FILE", help="write the model here (.keras), not over MODEL")
    flags.add_labelled_table(parser)


def run(arguments: argparse.Namespace) -> None:
    """Fit the temperature and write the model with it; a crash leaves the old file whole."""
    if arguments.out is not None and not arguments.out.endswith(".keras"):
        raise argparse.ArgumentTypeError(f"--out must end in .keras; received {arguments.out!r}")
    classifier = load_kind(arguments.model, "TextClassifier")
    data = read_table(arguments.file, classifier, arguments)
    calibration = classifier.calibrate(data.texts, data.labels, progress=True)

    from textrnn.runtime import find_model

    out = arguments.out or find_model(arguments.model)
    classifier.save(out)
    print(f"{calibration}\nsaved in {out}")
