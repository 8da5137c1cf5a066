"""Flags made from options: spelling, type, range and help stand in the options' own classes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from typing import Any

from textrnn.options import Option, Options, options_of


def add_options(
    group: Any, options: type[Options], *, left_out: Collection[str] = (), is_partial: bool = True
) -> None:
    """A flag for each option that has one.

    Args:
        group: A parser, or an argument group of one.
        options: The class that holds the options.
        left_out: Names of options without a flag here.
        is_partial: Whether an option whose flag is not given is no attribute of the parsed arguments, or else has its
            default.
    """
    for one in options_of(options):
        if one.is_in_shell and one.name not in left_out:
            default = argparse.SUPPRESS if is_partial else one.default
            group.add_argument(*_spellings(one), dest=one.name, default=default, help=_help(one), **_kind(one))


def given_options(options: type[Options], arguments: dict[str, Any]) -> dict[str, Any]:
    """Those of `arguments` that are options of this class."""
    return {name: arguments[name] for name in options.names() if name in arguments}


def read_as(one: Option) -> Callable[[str], Any]:
    """An argparse type: from what was typed to a value of this option; an error says which values there are."""

    def read(text: str) -> Any:
        try:
            value = one.range.read(text)
        except ValueError:
            value = text
        try:
            checked = one.range.check("value", value)
            return value if one.range.is_repeated else checked  # of several values, each is one
        except (TypeError, ValueError) as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix("`value` ")) from error

    return read


def _spellings(one: Option) -> list[str]:
    return [f"--{one.name.replace('_', '-')}", *one.flags]


def _kind(one: Option) -> dict[str, Any]:
    if one.range.is_switch:
        return {"action": argparse.BooleanOptionalAction}
    if one.range.choices:
        return {"choices": one.range.choices}
    repeated = {"action": "append"} if one.range.is_repeated else {}
    return {"type": read_as(one), "metavar": one.range.metavar, **repeated}


def _help(one: Option) -> str:
    """In argparse's manner: in lower case, without a full stop, the default behind it."""
    words = f"{one.words[0].lower()}{one.words[1:]}".removesuffix(".").replace("%", "%%")
    has_default = one.default is not None and not one.range.is_switch
    return f"{words} (default: {one.default})" if has_default else words
