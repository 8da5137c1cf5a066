"""Types of flags: what is wrong with a value is said before anything is loaded."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from textrnn import checks

Check = Callable[[str, Any], Any]


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
positive_number = checked(float, checks.positive_number)
number = checked(float, checks.non_negative_number)
fraction = checked(float, checks.fraction)
share = checked(float, partial(checks.fraction, zero=False, one=True))


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """Flags of `generate` that say how a symbol is chosen."""
    parser.add_argument(
        "--temperature", type=number, metavar="X", default=1.0, help="below 1 safer, above 1 wilder, 0 greedy"
    )
    parser.add_argument("--top-k", "--top_k", type=positive_integer, metavar="N", help="keep the K likeliest symbols")
    parser.add_argument(
        "--top-p", "--top_p", type=share, metavar="X", help="keep the likeliest that reach this probability"
    )
    parser.add_argument(
        "--min-p", "--min_p", type=fraction, metavar="X", help="keep those at least so likely as the likeliest"
    )


def add_condition(parser: argparse.ArgumentParser) -> None:
    """The label of a text, of `generate`, `score` and `evaluate`."""
    parser.add_argument("--condition", metavar="LABEL", help="the text's label, for a model conditioned on labels")
