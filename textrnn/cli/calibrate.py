"""`textrnn calibrate MODEL FILE`."""

from __future__ import annotations

import argparse

from textrnn.cli import flags
from textrnn.cli.inputs import read_table
from textrnn.cli.library import load_kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `calibrate`."""
    parser.usage = "%(prog)s MODEL FILE [options]"
    parser.add_argument("model", metavar="MODEL", help=flags.MODEL_HELP)
    parser.add_argument(
        "file", metavar="FILE", help=".csv, .tsv or .jsonl file of labeled texts that the model was not trained on"
    )
    parser.add_argument("--out", metavar="FILE", help=".keras file to write instead of replacing MODEL")
    flags.add_labeled_table(parser)


def run(arguments: argparse.Namespace) -> None:
    """Fit the temperature and save the model with it; a crash leaves the old file whole."""
    if arguments.out is not None and not arguments.out.endswith(".keras"):
        raise argparse.ArgumentTypeError(f"--out must end in .keras; received {arguments.out!r}")
    from textrnn.runtime import find_model
    from textrnn.runtime.archive import is_preset
    from textrnn.runtime.quantized import is_quantized

    file = find_model(arguments.model)
    if arguments.out is None and is_preset(file):
        raise argparse.ArgumentTypeError(
            f"--out is needed: {arguments.model} comes with the package and stays as it is"
        )
    classifier = load_kind(arguments.model, "TextClassifier")
    data = read_table(arguments.file, classifier, arguments)
    calibration = classifier.calibrate(data.texts, data.labels, progress=True)
    out = arguments.out or file
    classifier.save(out, quantized=is_quantized(file))
    print(f"{calibration}\nsaved in {out}")
