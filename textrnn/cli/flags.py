"""Types of flags: what is wrong with a value is said before anything is loaded."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textrnn import checks
from textrnn.cli.paths import check_is_text

if TYPE_CHECKING:
    from textrnn.text import TableFormat

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


def column(text: str) -> str | int:
    """A column by name or, in digits, by number."""
    return int(text) if text.isdecimal() else text


def columns(text: str) -> list[str]:
    """Names with commas between; unnamed ones are empty."""
    return [name.strip() for name in text.split(",")]


def add_encoding(parser: argparse.ArgumentParser, what: str = "of the file") -> None:
    """How bytes become text, of every command that reads a file."""
    default: dict[str, Any] = {} if parser.argument_default == argparse.SUPPRESS else {"default": "utf-8"}
    parser.add_argument("--encoding", **default, help=f"{what} (default: utf-8; a byte-order mark counts for more)")


def add_table(parser: argparse.ArgumentParser) -> None:
    """How a table is read, of every command that reads one; `reading` is what was asked for."""
    add_encoding(parser)
    parser.add_argument(
        "--text-column",
        type=column,
        metavar="NAME",
        help="default: text, sentence or review; a number, from 1, in a table without a header",
    )
    group = parser.add_argument_group("a table", "How it is written, where the name of the file does not say so.")
    group.add_argument(
        "--format", choices=("csv", "tsv", "jsonl", "txt"), help="what FILE holds; txt is a text a line"
    )
    group.add_argument(
        "--delimiter",
        type=unescaped,
        metavar="X",
        help=r"what separates fields (default: a comma; in a .tsv \t, a tab)",
    )
    group.add_argument(
        "--quoting",
        choices=("minimal", "none"),
        help="none: a quote is a character like any other (default where tabs separate); minimal: quotes enclose "
        "fields that hold delimiters, quotes or line breaks",
    )
    group.add_argument(
        "--columns", type=columns, metavar="NAME,...", help="of a table without a header, as in text,label"
    )


TABLE = ("format", "delimiter", "quoting", "columns")


def table(arguments: Mapping[str, Any], recorded: Mapping[str, Any] | None = None) -> TableFormat:
    """What `add_table` asked for, on top of what a run was started with."""
    from textrnn.text import TableFormat

    given = {name: arguments[name] for name in TABLE if arguments.get(name) is not None}
    return TableFormat(**{**(recorded or {}), **given})


def reading(arguments: argparse.Namespace) -> dict[str, Any]:
    """The same as arguments of `read_texts`."""
    return {
        "text_column": arguments.text_column,
        "encoding": arguments.encoding,
        "table": table(vars(arguments)),
    }


def add_labelled_table(parser: argparse.ArgumentParser) -> None:
    """How a table of labelled texts is read, of `evaluate` and `calibrate`."""
    add_table(parser)
    parser.add_argument("--label-column", type=column, metavar="NAME", help="default: label or sentiment")
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
    add_encoding(parser, "of files")


def prompt(arguments: argparse.Namespace) -> str:
    """The text that `add_prompt` asked for."""
    text: str = arguments.prompt
    if arguments.raw_prompt:
        return text
    if not text.startswith("FILE:"):
        words = unescaped(text)
        check_is_text("--prompt", words, f"FILE:{words} reads a file, --raw-prompt takes the words as typed")
        return words
    from textrnn.text import read_text

    return read_text(text.removeprefix("FILE:"), arguments.encoding)


def add_condition(parser: argparse.ArgumentParser) -> None:
    """The label of a text, of `generate`, `score` and `evaluate`."""
    parser.add_argument("--condition", metavar="LABEL", help="the text's label, for a model conditioned on labels")
