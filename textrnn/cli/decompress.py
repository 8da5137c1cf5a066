"""`textrnn decompress MODEL FILE OUT`."""

from __future__ import annotations

import argparse
from pathlib import Path

from textrnn.cli import flags
from textrnn.cli.library import load_kind
from textrnn.files import atomic_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `decompress`."""
    parser.usage = "%(prog)s MODEL FILE OUT [options]"
    parser.add_argument("model", metavar="MODEL", help="model that FILE was compressed with")
    parser.add_argument("file", metavar="FILE", help="file that compress wrote")
    parser.add_argument("out", metavar="OUT", help="text file to write")
    flags.add_condition(parser)


def run(arguments: argparse.Namespace) -> None:
    """Write the original text, byte for byte."""
    data = Path(arguments.file).read_bytes()
    model = load_kind(arguments.model, "LanguageModel", with_tensorflow=False)
    try:
        text = model.decompress(data, condition=arguments.condition, progress=True)
    except ValueError as error:
        raise ValueError(str(error).replace("`data`", arguments.file)) from error
    with atomic_path(arguments.out) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
