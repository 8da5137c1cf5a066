"""Types of flags: what is wrong with a value is said before anything is loaded."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from textrnn import checks
from textrnn.cli.paths import check_is_text

Check = Callable[[str, Any], Any]

ESCAPES = {"n": "\n", "t": "\t", "\\": "\\"}  # what stands after a backslash in a prompt


def checked(number: Callable[[str], Any], check: Check) -> Callable[[str], Any]:
    """A flag's type: `number` reads it, `check` says whether it is in range."""

    def parse(text: str) -> Any:
        try:
            value: Any = number(text)
        except ValueError:
            value = text
        try:
            return check("value", value)
        except (TypeError, ValueError) as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix("`value` ")) from error

    return parse


positive_integer = checked(int, checks.positive_integer)
count = checked(int, partial(checks.integer_of_at_least, 0))
ngram_length = checked(int, partial(checks.integer_of_at_least, 2))
positive_number = checked(float, checks.positive_number)
number = checked(float, checks.non_negative_number)
fraction = checked(float, checks.fraction)
share = checked(float, partial(checks.fraction, zero=False, one=True))


def temperatures(text: str) -> float | list[float]:
    """One number, or several with commas between, which take turns."""
    values = [number(part) for part in text.split(",")]
    return values if len(values) > 1 else values[0]


def renaming(text: str) -> tuple[str, str]:
    """OLD=NEW."""
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f"must be OLD=NEW, such as 1=positive; received {text!r}")
    return old, new


def add_labelled_table(parser: argparse.ArgumentParser) -> None:
    """How a table of labelled texts is read, of `evaluate` and `calibrate`."""
    parser.add_argument("--encoding", default="utf-8", help="of the file")
    parser.add_argument("--text-column", metavar="NAME", help="default: text, sentence or review")
    parser.add_argument("--label-column", metavar="NAME", help="default: label or sentiment")
    parser.add_argument(
        "--rename",
        type=renaming,
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="a label of the table that the model calls otherwise, such as 1=positive; for more give it again",
    )


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """How a symbol is chosen, of `generate` and `write`."""
    parser.add_argument(
        "--temperature",
        type=temperatures,
        metavar="X",
        help="below 1 safer, above 1 wilder, 0 greedy; several, as in 0.5,1, take turns (default: 1)",
    )
    parser.add_argument("--top-k", "--top_k", type=positive_integer, metavar="N", help="keep the N likeliest symbols")
    parser.add_argument(
        "--top-p", "--top_p", type=share, metavar="X", help="keep the likeliest that reach this probability"
    )
    parser.add_argument(
        "--min-p", "--min_p", type=fraction, metavar="X", help="keep those at least so likely as the likeliest"
    )
    parser.add_argument(
        "--repetition-penalty",
        type=positive_number,
        metavar="X",
        help="divide the probability of recent symbols by X",
    )
    parser.add_argument(
        "--repetition-window", type=positive_integer, metavar="N", help="how many symbols are recent (default: 64)"
    )
    parser.add_argument(
        "--allowed", type=unescaped, metavar="CHARACTERS", help=r"write no others; \n is a line break"
    )
    parser.add_argument(
        "--banned", type=unescaped, metavar="CHARACTERS", help=r"never write these; \n is a line break"
    )


def sampling(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was asked for of `add_sampling`, as `generate` takes it."""
    names = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "repetition_window", "allowed", "banned")
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}


def unescaped(text: str) -> str:
    r"""Text from the shell, where \n stands for a line break, \t for a tab and \\ for a backslash."""
    return re.sub(r"\\([nt\\])", lambda found: ESCAPES[found[1]], text)


def add_prompt(parser: argparse.ArgumentParser) -> None:
    """The text to go on from, of `generate` and `write`."""
    parser.add_argument(
        "--prompt",
        "--primetext",
        "--prime",
        "--prefix",
        "--start",
        default="",
        metavar="TEXT",
        help=r"text to continue; \n is a line break, \t a tab, \\ a backslash; FILE:path reads a file",
    )
    parser.add_argument("--raw-prompt", action="store_true", help=r"take \n, FILE: and the like as typed")


def prompt(arguments: argparse.Namespace) -> str:
    """The text that `add_prompt` asked for."""
    text: str = arguments.prompt
    if arguments.raw_prompt:
        return text
    if not text.startswith("FILE:"):
        words = unescaped(text)
        check_is_text("--prompt", words, f"FILE:{words} reads a file, --raw-prompt takes the words as typed")
        return words
    path = Path(text.removeprefix("FILE:"))
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"--prompt FILE:{path} must be UTF-8 text: {error}") from error


def add_condition(parser: argparse.ArgumentParser) -> None:
    """The label of a text, of `generate`, `score` and `evaluate`."""
    parser.add_argument("--condition", metavar="LABEL", help="the text's label, for a model conditioned on labels")
