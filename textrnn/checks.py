"""Checks of arguments where they enter. An error says which argument, what was expected and what arrived."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Iterable
from typing import Any


def positive_integer(name: str, value: Any) -> int:
    return integer_of_at_least(1, name, value)


def integer_of_at_least(least: int, name: str, value: Any) -> int:
    kinds = {0: "a non-negative integer", 1: "a positive integer"}
    expected = kinds.get(least, f"an integer of at least {least}")
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` must be {expected}; received {value!r}.")
    if value < least:
        raise ValueError(f"`{name}` must be {expected}; received {value!r}.")
    return int(value)


def positive_number(name: str, value: Any) -> float:
    number = _finite(name, "a positive number", value)
    if number <= 0:
        raise ValueError(f"`{name}` must be a positive number; received {value!r}.")
    return number


def non_negative_number(name: str, value: Any) -> float:
    number = _finite(name, "a number of 0 or more", value)
    if number < 0:
        raise ValueError(f"`{name}` must be a number of 0 or more; received {value!r}.")
    return number


def fraction(name: str, value: Any, *, zero: bool = True, one: bool = False) -> float:
    """A number from 0 to 1; `zero` and `one` say whether the ends count."""
    expected = f"a number {'of 0 or more' if zero else 'above 0'} and {'of 1 or less' if one else 'below 1'}"
    number = _finite(name, expected, value)
    above = number >= 0 if zero else number > 0
    below = number <= 1 if one else number < 1
    if not (above and below):
        raise ValueError(f"`{name}` must be {expected}; received {value!r}.")
    return number


def one_of(name: str, value: Any, allowed: Collection[Any]) -> Any:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, allowed))}; received {value!r}.")
    return value


def boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"`{name}` must be True or False; received {value!r}.")
    return value


def string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be a string; received {value!r} of type {type(value).__name__}.")
    return value


def distinct_strings(name: str, value: Any, *, least: int = 0) -> tuple[str, ...]:
    expected = {0: "distinct strings", 2: "two or more distinct strings"}[least]
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"`{name}` must be a list of {expected}; received {value!r}.")
    checked = tuple(string(f"{name}[{n}]", each) for n, each in enumerate(value))
    if len(set(checked)) != len(checked) or len(checked) < least:
        raise ValueError(f"`{name}` must be {expected}; received {list(checked)!r}.")
    return checked


def _finite(name: str, expected: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be {expected}; received {value!r}.")
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"`{name}` must be {expected}; received {value!r}.")
    return number
