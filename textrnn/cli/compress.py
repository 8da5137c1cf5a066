"""`textrnn compress MODEL FILE OUT`."""

from __future__ import annotations

import argparse
from pathlib import Path

from textrnn.cli import flags
from textrnn.cli.library import load_kind
from textrnn.files import atomic_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `compress`."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file, a run folder or a preset")
    parser.add_argument("file", metavar="FILE", help="a text file in UTF-8")
    parser.add_argument("out", metavar="OUT", help="the file to write; the same model turns it back into the text")
    flags.add_condition(parser)


def run(arguments: argparse.Namespace) -> None:
    """Read a text, write what it comes down to."""
    read = Path(arguments.file).read_bytes()
    try:
        text = read.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{arguments.file} must be UTF-8 text: {error}") from error
    model = load_kind(arguments.model, "LanguageModel", with_tensorflow=False)
    data = model.compress(text, condition=arguments.condition, progress=True)
    with atomic_path(arguments.out) as temporary:
        temporary.write_bytes(data)
    print(f"{len(read):,} bytes to {len(data):,}: {8 * len(data) / max(len(text), 1):.3f} bits per character")
