"""`textrnn score MODEL FILE`."""

from __future__ import annotations

import argparse
import sys

from textrnn.cli import flags
from textrnn.cli.library import load_kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `score`."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file or a run folder")
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="a text file; - or none is the input")
    parser.add_argument("--text", help="score this text instead of a file")
    parser.add_argument("--encoding", default="utf-8", help="of the file")
    flags.add_condition(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print how likely a text is."""
    text = arguments.text if arguments.text is not None else read_text(arguments.file, arguments.encoding)
    score = load_kind(arguments.model, "LanguageModel").score(text, condition=arguments.condition)
    print(
        f"{len(score.log_probabilities):,} symbols, {score.bits_per_character:.4f} bits per character, "
        f"perplexity {score.perplexity:.4f}"
    )


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
