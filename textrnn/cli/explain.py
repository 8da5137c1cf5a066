"""`textrnn explain MODEL TEXT`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from textrnn.cli import flags
from textrnn.cli.hints import piped
from textrnn.cli.library import load_kind
from textrnn.cli.paths import check_is_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `explain`."""
    parser.usage = "%(prog)s MODEL [TEXT] [options]"
    parser.add_argument("model", metavar="MODEL", help=flags.MODEL_HELP)
    parser.add_argument(
        "text", nargs="?", default="-", metavar="TEXT", help="text to explain; - or nothing reads standard input"
    )
    parser.add_argument("--label", help="label to explain (default: the predicted one)")
    parser.add_argument("--against", metavar="LABEL", help="label to compare it with (default: the likeliest other)")
    parser.add_argument("--html", metavar="FILE", help="write a web page with the colored text")
    flags.add_encoding(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print the parts of a text that speak for a label, in color on a terminal."""
    from textrnn.files import atomic_path
    from textrnn.text import read_text

    if arguments.text != "-":
        words = piped(arguments.text, "explain", arguments.model)
        check_is_text("TEXT", arguments.text, f"only a text can be explained; for the words themselves: {words}")
    classifier = load_kind(arguments.model, "TextClassifier", with_tensorflow=False)
    text = read_text("-", arguments.encoding).removesuffix("\n") if arguments.text == "-" else arguments.text
    explanation = classifier.explain(text, arguments.label, arguments.against)
    print(explanation.to_terminal() if sys.stdout.isatty() else explanation)
    if arguments.html is not None:
        with atomic_path(arguments.html) as temporary:
            Path(temporary).write_text(explanation.to_html(), encoding="utf-8")
