"""Flags derived from options: each option's class states spelling, type, range and help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Collection
from typing import Any

from textrnn.options import Option, Options, options_of

CITATION = re.compile(r" \([^()]*\b(?:19|20)\d\d\b[^()]*\)")  # the table of options in the docs has them
NAME = re.compile(r"`(\w+)`")


def add_options(
    group: Any, options: type[Options], *, left_out: Collection[str] = (), is_partial: bool = True
) -> None:
    """Add the flag of each option that has one.

    Args:
        group: A parser, or an argument group of one.
        options: The class that holds the options.
        left_out: Names of options without a flag here.
        is_partial: Whether a flag that is not given leaves no attribute on the parsed arguments; otherwise the
            attribute has the option's default.
    """
    for option in options_of(options):
        if option.is_in_shell and option.name not in left_out:
            default = argparse.SUPPRESS if is_partial else option.default
            names = [_flag(option.name), *option.flags]
            group.add_argument(*names, dest=option.name, default=default, help=_help(option), **_kind(option))


def given_options(options: type[Options], arguments: dict[str, Any]) -> dict[str, Any]:
    """The `arguments` that are options of this class."""
    return {name: arguments[name] for name in options.names() if name in arguments}


def reader_of(option: Option) -> Callable[[str], Any]:
    """The argparse type of an option: reads and checks a typed value; an error lists the allowed values."""

    def read(text: str) -> Any:
        try:
            value = option.range.read(text)
        except ValueError:
            value = text
        try:
            checked = option.range.check("value", value)
            return value if option.range.is_repeated else checked  # of several values, each is one
        except (TypeError, ValueError) as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix("`value` ")) from error

    return read


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _kind(option: Option) -> dict[str, Any]:
    if option.range.is_switch:
        return {"action": argparse.BooleanOptionalAction}
    if option.range.choices:
        return {"choices": option.range.choices}
    repeated = {"action": "append"} if option.range.is_repeated else {}
    return {"type": reader_of(option), "metavar": option.range.metavar, **repeated}


def _help(option: Option) -> str:
    """The option's help as argparse writes it: lower case, no full stop, no citation, the default at the end."""
    text = CITATION.sub("", f"{option.help[0].lower()}{option.help[1:]}".removesuffix(".")).replace("%", "%%")
    text = NAME.sub(lambda name: _flag(name[1]), text)
    has_default = option.default is not None and not option.range.is_switch
    return f"{text} (default: {option.default})" if has_default else text
