"""Flags that several commands share. A wrong value is reported before anything is loaded."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textrnn import checks
from textrnn.cli.option_flags import add_options
from textrnn.cli.paths import check_is_text
from textrnn.options import RunOptions, TableFormat, TableOptions
from textrnn.options.ranges import unescaped

if TYPE_CHECKING:
    from textrnn import text

Check = Callable[[str, Any], Any]

TABLE = TableFormat.names()
MODEL_HELP = ".keras file, run folder or preset (plays-en, reviews-en, sentiment-en)"
TABLE_HELP = "By default the file's name decides how it is read."


def checked(number: Callable[[str], Any], check: Check) -> Callable[[str], Any]:
    """The argparse type of a flag: `number` reads a typed value, `check` refuses one out of range."""

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
number = checked(float, checks.non_negative_number)
share = checked(float, partial(checks.fraction, zero=False, one=True))


def renaming(text: str) -> tuple[str, str]:
    """Read OLD=NEW."""
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f"must be OLD=NEW, such as 1=positive; received {text!r}")
    return old, new


def add_encoding(parser: argparse.ArgumentParser) -> None:
    """Add `--encoding`, for every command that reads a file."""
    names = (name for name in TableOptions.names() if name != "encoding")
    add_options(parser, TableOptions, left_out=tuple(names), is_partial=False)


def add_precision(parser: Any) -> None:
    """Add `--precision`, for every command that classifies many texts."""
    names = (name for name in RunOptions.names() if name != "precision")
    add_options(parser, RunOptions, left_out=tuple(names), is_partial=False)


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a table without labels; `reading` returns their values."""
    group = parser.add_argument_group("table", TABLE_HELP)
    add_options(group, TableOptions, left_out=("label_column",), is_partial=False)


def table(arguments: Mapping[str, Any]) -> text.TableFormat:
    """The format of a table, from the flags of `add_table`."""
    from textrnn import text

    return text.checked_table(TableFormat.from_given(arguments))


def reading(arguments: argparse.Namespace) -> dict[str, Any]:
    """The flags of `add_table` as arguments of `read_texts`."""
    return {
        "text_column": arguments.text_column,
        "encoding": arguments.encoding,
        "table": table(vars(arguments)),
    }


def add_labeled_table(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a table of labeled texts, for `evaluate` and `calibrate`."""
    group = parser.add_argument_group("table", TABLE_HELP)
    add_options(group, TableOptions, is_partial=False)
    parser.add_argument(
        "--rename",
        type=renaming,
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="label of the table and the model's name for it, such as 1=positive; may be repeated",
    )


def add_prompt(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the prompt, for `generate` and `write`."""
    parser.add_argument(
        "--prompt",
        "--primetext",
        "--prime",
        "--prefix",
        "--start",
        default="",
        metavar="TEXT",
        help=r"text to continue; \n is a line break, \t a tab, \\ a backslash; FILE:PATH reads a file",
    )
    parser.add_argument("--raw-prompt", action="store_true", help=r"take the prompt as typed, without \n or FILE:")
    add_encoding(parser)


def prompt(arguments: argparse.Namespace) -> str:
    """The prompt, from the flags of `add_prompt`."""
    text: str = arguments.prompt
    if arguments.raw_prompt:
        return text
    if not text.startswith("FILE:"):
        words = unescaped(text)
        check_is_text("--prompt", words, f"FILE:{words} reads a file, --raw-prompt takes the words as typed")
        return words
    from textrnn.text import read_text

    return read_text(text.removeprefix("FILE:"), arguments.encoding)


def add_condition(parser: Any) -> None:
    """Add `--condition`, for every command of a language model."""
    parser.add_argument("--condition", metavar="LABEL", help="label of the text, for a model conditioned on labels")
