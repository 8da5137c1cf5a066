"""Checks of arguments where they enter. An error names the argument, the expected and the received value."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

MAX_LISTED = 10  # values named in a message
SHOWN = 200  # characters of a received value in a message
MISSING = ("None", "nan", "<NA>", "NaT")  # missing texts in tables


def positive_integer(name: str, value: Any) -> int:
    return integer_of_at_least(1, name, value)


def integer_of_at_least(least: int, name: str, value: Any) -> int:
    kinds = {0: "a non-negative integer", 1: "a positive integer"}
    expected = kinds.get(least, f"an integer of at least {least}")
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` must be {expected}; received {value!r:.{SHOWN}}.")
    if value < least:
        raise ValueError(f"`{name}` must be {expected}; received {value!r:.{SHOWN}}.")
    return int(value)


def positive_number(name: str, value: Any) -> float:
    number = _finite(name, "a positive number", value)
    if number <= 0:
        raise ValueError(f"`{name}` must be a positive number; received {value!r:.{SHOWN}}.")
    return number


def non_negative_number(name: str, value: Any) -> float:
    number = _finite(name, "a number of 0 or more", value)
    if number < 0:
        raise ValueError(f"`{name}` must be a number of 0 or more; received {value!r:.{SHOWN}}.")
    return number


def fraction(name: str, value: Any, *, zero: bool = True, one: bool = False) -> float:
    """Check a number from 0 to 1; `zero` and `one` say whether the ends are allowed."""
    expected = f"a number {'of 0 or more' if zero else 'above 0'} and {'of 1 or less' if one else 'below 1'}"
    number = _finite(name, expected, value)
    above = number >= 0 if zero else number > 0
    below = number <= 1 if one else number < 1
    if not (above and below):
        raise ValueError(f"`{name}` must be {expected}; received {value!r:.{SHOWN}}.")
    return number


def one_of(name: str, value: Any, allowed: Collection[Any]) -> Any:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"`{name}` must be one of {listed(allowed)}; received {value!r:.{SHOWN}}.")
    return value


def boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"`{name}` must be True or False; received {value!r:.{SHOWN}}.")
    return value


def string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be a string; received {value!r:.{SHOWN}} of type {type(value).__name__}.")
    return value


def distinct_strings(name: str, value: Any, *, least: int = 0) -> tuple[str, ...]:
    expected = {0: "distinct strings", 2: "two or more distinct strings"}[least]
    checked = tuple(texts(name, value, expected))
    if len(set(checked)) != len(checked) or len(checked) < least:
        raise ValueError(f"`{name}` must be {expected}; received {list(checked)!r:.{SHOWN}}.")
    return checked


def texts(name: str, value: Any, expected: str = "a list of strings") -> Iterator[str]:
    """Iterate once over several strings. A wrong container is refused at the call, a wrong item when it is reached.

    Raises:
        TypeError: If an item is no string, with its position.
    """
    return _each_text(name, several(name, value, expected, "; `textrnn.text.read_texts` reads a file"))


def several(name: str, value: Any, expected: str, instead: str = "") -> Iterable[Any]:
    """Check an ordered iterable: a list, an array, a series, a generator.

    Raises:
        TypeError: If the value is one string, a table (iterating over it gives names of columns or whole rows), a
            set, or not iterable.
    """
    requirement = f"`{name}` must be {expected}"
    if isinstance(value, str):
        raise TypeError(f"{requirement}; received one string: wrap it as [{value[:40]!r}]{instead}.")
    kind = type(value).__name__
    if isinstance(value, Mapping) or _has_columns(value):
        raise TypeError(f'{requirement}; received a table ({kind}): pass one of its columns, such as {name}["text"].')
    if kind.lower().endswith("groupby"):
        raise TypeError(f"{requirement}; received groups ({kind}): pass a column of the table before it is grouped.")
    if getattr(value, "ndim", 1) == 0:
        raise TypeError(f"{requirement}; received {kind} of shape (), one value: wrap it as [{name}.item()].")
    if getattr(value, "ndim", 1) != 1:
        shape = getattr(value, "shape", None)
        raise TypeError(f"{requirement}; received {kind} of shape {shape}: pass one column, such as {name}[:, 0].")
    if isinstance(value, (set, frozenset)):
        raise TypeError(f"{requirement}; received a {kind}, which has no order: pass sorted({name}).")
    if isinstance(value, (bytes, bytearray)) or not isinstance(value, Iterable):
        raise TypeError(f"{requirement}; received {value!r:.{SHOWN}} of type {kind}.")
    return value


def listed(values: Iterable[Any], most: int = MAX_LISTED, show: Callable[[Any], str] = repr) -> str:
    """Values for a message: the first few, and the number of the others."""
    named = list(values)
    more = f" and {len(named) - most:,} more" if len(named) > most else ""
    return ", ".join(map(show, named[:most])) + more


def _each_text(name: str, value: Iterable[Any]) -> Iterator[str]:
    for n, text in enumerate(value):
        if not isinstance(text, str) and str(text) in MISSING:
            raise TypeError(
                f"`{name}[{n}]` must be a string; received {text!r}: drop missing texts, or fill them with ''."
            )
        yield string(f"{name}[{n}]", text)


def _has_columns(value: Any) -> bool:
    """Whether a value is a data frame (pandas, Polars, Arrow) or a data set of rows (Hugging Face).

    The class is inspected, not the object: labels of a Series can also be read as its attributes.
    """
    own = (*getattr(value, "__dict__", ()), *dir(type(value)))
    return "columns" in own or "column_names" in own


def _finite(name: str, expected: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be {expected}; received {value!r:.{SHOWN}}.")
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"`{name}` must be {expected}; received {value!r:.{SHOWN}}.")
    return number
