"""Ranges of options: reading a value from a shell, checking it, and describing the allowed values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from textrnn import checks

ESCAPES = {"n": "\n", "t": "\t", "\\": "\\"}  # after a backslash


@dataclass(frozen=True)
class Range:
    """The allowed values of an option.

    Attributes:
        check: Function of an option's name and a value; returns the value or raises `ValueError` or `TypeError`.
        read: Function from a typed string to a value; raises `ValueError`.
        metavar: Placeholder of the value in help.
        description: Description of the allowed values, for a table of options.
        choices: All allowed words, if only a few words are allowed.
        is_repeated: Whether the flag may be given several times, for several values.
    """

    check: Callable[[str, Any], Any]
    read: Callable[[str], Any]
    metavar: str
    description: str
    choices: tuple[str, ...] = ()
    is_repeated: bool = False

    @property
    def is_switch(self) -> bool:
        """Whether the option is boolean, so that its flag takes no value."""
        return self.check is checks.boolean


def one_of(*choices: str) -> Range:
    """The range of a few words."""
    return Range(partial(_one_of, choices), str, "NAME", ", ".join(choices), choices)


def integer_of_at_least(least: int) -> Range:
    """The range of integers from `least` on."""
    return Range(partial(checks.integer_of_at_least, least), int, "N", f"an integer of at least {least}")


def integer_from_to(least: int, most: int) -> Range:
    """The range of integers from `least` to `most`, both included."""
    return Range(partial(_from_to, least, most), int, "N", f"an integer from {least} to {most}")


def anything(metavar: str, description: str, *, choices: tuple[str, ...] = (), is_repeated: bool = False) -> Range:
    """The range of an option that is checked where it is used."""
    return Range(_unchecked, str, metavar, description, choices, is_repeated)


POSITIVE_INTEGER = Range(checks.positive_integer, int, "N", "a positive integer")
COUNT = Range(partial(checks.integer_of_at_least, 0), int, "N", "a non-negative integer")
POSITIVE_NUMBER = Range(checks.positive_number, float, "X", "a positive number")
NON_NEGATIVE_NUMBER = Range(checks.non_negative_number, float, "X", "a number of 0 or more")
FRACTION = Range(checks.fraction, float, "X", "0 to 1, 1 excluded")
SHARE = Range(partial(checks.fraction, zero=False, one=True), float, "X", "0 to 1, 0 excluded")
SWITCH = Range(checks.boolean, str, "", "True or False")
TEXT = Range(checks.string, str, "TEXT", "a string")


def _one_of(choices: tuple[str, ...], name: str, value: Any) -> Any:
    return checks.one_of(name, value, choices)


def _from_to(least: int, most: int, name: str, value: Any) -> int:
    if checks.integer_of_at_least(least, name, value) > most:
        raise ValueError(f"`{name}` must be an integer from {least} to {most}; received {value!r}.")
    return int(value)


def _unchecked(name: str, value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def unescaped(text: str) -> str:
    r"""The text with \n replaced by a line break, \t by a tab and \\ by a backslash."""
    return re.sub(r"\\([nt\\])", lambda found: ESCAPES[found[1]], text)
