"""Values that an option takes: reading them from a shell, checking them, and saying in words which they are."""

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
    """The values that an option takes.

    Attributes:
        check: Called with an option's name and a value; returns the value or raises `ValueError` or `TypeError`.
        read: From what was typed in a shell to a value; raises `ValueError` where that cannot be.
        metavar: What stands for a value in help.
        words: Which values they are, for a table of options.
        choices: All values that can be typed, where they are a few words.
        is_repeated: Whether a flag may be given several times, each time with one more value.
    """

    check: Callable[[str, Any], Any]
    read: Callable[[str], Any]
    metavar: str
    words: str
    choices: tuple[str, ...] = ()
    is_repeated: bool = False

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off, so that a flag needs no value."""
        return self.check is checks.boolean


def one_of(*choices: str) -> Range:
    """One of a few words."""
    return Range(partial(_one_of, choices), str, "NAME", ", ".join(choices), choices)


def integer_of_at_least(least: int) -> Range:
    """An integer that is `least` or more."""
    return Range(partial(checks.integer_of_at_least, least), int, "N", f"an integer of at least {least}")


def integer_from_to(least: int, most: int) -> Range:
    """An integer within bounds, which it may reach."""
    return Range(partial(_from_to, least, most), int, "N", f"an integer from {least} to {most}")


def anything(metavar: str, words: str, *, choices: tuple[str, ...] = (), is_repeated: bool = False) -> Range:
    """What only its user can check."""
    return Range(_unchecked, str, metavar, words, choices, is_repeated)


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
    r"""Text from a shell, where \n stands for a line break, \t for a tab and \\ for a backslash."""
    return re.sub(r"\\([nt\\])", lambda found: ESCAPES[found[1]], text)
