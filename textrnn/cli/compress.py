"""`textrnn compress MODEL FILE OUT`."""

from __future__ import annotations

import argparse
import sys

from textrnn.cli import flags
from textrnn.cli.library import load_kind
from textrnn.files import atomic_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `compress`."""
    parser.usage = "%(prog)s MODEL FILE OUT [options]"
    parser.add_argument("model", metavar="MODEL", help=flags.MODEL_HELP)
    parser.add_argument("file", metavar="FILE", help="text file; - reads standard input")
    parser.add_argument("out", metavar="OUT", help="file to write; decompressing it takes the same model")
    flags.add_condition(parser)
    flags.add_encoding(parser)


def run(arguments: argparse.Namespace) -> None:
    """Write the compressed text and print its size."""
    from textrnn.text import read_exactly

    text, count, is_plain = read_exactly(arguments.file, arguments.encoding)
    model = load_kind(arguments.model, "LanguageModel", with_tensorflow=False)
    data = model.compress(text, condition=arguments.condition, progress=True)
    with atomic_path(arguments.out) as temporary:
        temporary.write_bytes(data)
    print(f"{count:,} bytes to {len(data):,}: {8 * len(data) / max(len(text), 1):.3f} bits per character")
    if not is_plain:
        print("`textrnn decompress` gives the text back as plain UTF-8", file=sys.stderr)
