"""Labels, by one rule for tables, JSON and Python.

A label is a string without blanks around it. Numbers and truth values are labels too, written as JSON writes them:
`1` for 1, 1.0, "1" and "1.0" alike, `true` for True, "True" and "TRUE". The string "0.50" is a label of its own, not
the number 0.5: 3.10 and 3.1 may be versions. A missing one (empty, None, NaN) is an error.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")  # as pandas writes the whole numbers of a column that has gaps
_TRUTH_VALUES = ("bool", "bool_")  # NumPy's is no subclass of Python's
_MISSING = ("NAType", "NaTType")  # of pandas, which compare to nothing


def read_label(value: Any) -> str:
    """The label for a value.

    Raises:
        TypeError: If the value is no string, number or truth value.
        ValueError: If the value is missing or not finite. Both messages continue the name of the value's place.
    """
    kind = type(value).__name__
    if isinstance(value, str):
        return _read_string(value)
    if kind in _TRUTH_VALUES:
        return str(bool(value)).lower()
    if value is None or kind in _MISSING:
        raise ValueError(f"is missing ({value!r}); every text needs a label")
    if isinstance(value, numbers.Integral):
        return str(int(value))  # exact: a float has 53 bits
    if not isinstance(value, (numbers.Real, Decimal)):
        raise TypeError(f"must be a string, a number or a truth value; received {value!r:.60} of type {kind}")
    if math.isnan(value):
        raise ValueError("is missing (NaN); every text needs a label")
    if math.isinf(value):
        raise ValueError(f"must be finite; received {value!r}")
    is_whole = float(value).is_integer()
    return _read_string(f"{value:.0f}" if is_whole else str(float(value) if isinstance(value, Decimal) else value))


def checked_label(argument: str, value: Any) -> str:
    """`read_label` of an argument that the messages name."""
    try:
        return read_label(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"`{argument}` {error}.") from error


def _read_string(value: str) -> str:
    label = value.strip()
    if not label:
        raise ValueError("is empty; every text needs a label")
    lower = label.lower()
    if lower in ("nan", "<na>"):
        raise ValueError(f"is missing ({label}); every text needs a label")
    if lower in ("true", "false"):
        return lower
    whole = _WHOLE.fullmatch(label)
    if whole:
        label = whole[1]
    return "0" if label == "-0" else label


def sort_labels(labels: Iterable[str]) -> list[str]:
    """Sort labels: by value if all are numbers, so that 10 comes after 9 and -1 before 0, else alphabetically."""
    names = list(labels)
    are_numbers = all(map(_NUMBER.fullmatch, names))
    return sorted(names, key=lambda label: (Decimal(label) if are_numbers else 0, label))


def number_labels(labels: Sequence[str]) -> dict[str, int]:
    """The number of each label of a model, by its name and by its form from `read_label`."""
    return {_canonical(label): n for n, label in enumerate(labels)} | {label: n for n, label in enumerate(labels)}


def find_label(label: Any, number_of: dict[str, int], argument: str) -> int | None:
    """The number of a label given by an argument, or None; `number_of` is from `number_labels`."""
    if isinstance(label, str) and label in number_of:
        return number_of[label]
    return number_of.get(checked_label(argument, label))


def _canonical(label: str) -> str:
    """`read_label`, or the label itself if a model has one that no text can have, such as an empty one."""
    try:
        return read_label(label)
    except ValueError:
        return label
