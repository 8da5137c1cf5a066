"""An option, written once: the field of a class that says its type, default, range, help and flags."""

from __future__ import annotations

import dataclasses
import difflib
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar, dataclass_transform, get_type_hints

from textrnn.options.ranges import Range

Made = TypeVar("Made", bound="Options")


@dataclass(frozen=True)
class Option:
    """What is known of an option.

    Attributes:
        range: The values it takes.
        words: What it is, in a sentence that begins with a noun.
        flags: Other spellings of its flag, with dashes.
        is_from_recipe: Whether a recipe decides where no value is given.
        is_in_shell: Whether it has a flag.
        name: Of the field and, with dashes, of the flag.
        default: Its value where none is given. None has the meaning that `words` give it or, where `is_from_recipe`,
            leaves the value to the recipe.
    """

    range: Range
    words: str
    flags: tuple[str, ...] = ()
    is_from_recipe: bool = False
    is_in_shell: bool = True
    name: str = ""
    default: Any = None

    def check(self, value: Any) -> Any:
        """The value, if the option takes it.

        Raises:
            ValueError, TypeError: If it does not.
        """
        return None if value is None and self.default is None else self.range.check(self.name, value)


def option(values: Range, words: str, *, flags: Collection[str] = (), is_in_shell: bool = True) -> Option:
    """The annotation of an option; arguments as for `Option`."""
    return Option(values, words, tuple(flags), is_in_shell=is_in_shell)


def from_recipe(values: Range, words: str, *, flags: Collection[str] = ()) -> Option:
    """The annotation of an option whose value is the recipe's where it is None."""
    return Option(values, words, tuple(flags), is_from_recipe=True)


@dataclass(frozen=True)
class Options:
    """A group of options, immutable and checked when it is made."""

    def __post_init__(self) -> None:
        for one in options_of(type(self)):
            object.__setattr__(self, one.name, one.check(getattr(self, one.name)))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of its options."""
        return tuple(one.name for one in options_of(cls))

    @classmethod
    def from_given(cls, given: Mapping[str, Any]) -> Self:
        """Made of those of `given` that are options of this class."""
        return cls(**{name: given[name] for name in cls.names() if name in given})

    def as_dict(self) -> dict[str, Any]:
        """All values by name."""
        return {name: getattr(self, name) for name in self.names()}

    def changed(self) -> dict[str, Any]:
        """The values that are not the default, by name."""
        return {
            one.name: getattr(self, one.name)
            for one in options_of(type(self))
            if not _equal(getattr(self, one.name), one.default)
        }

    def updated(self, argument: str, flat: Mapping[str, Any]) -> Self:
        """With flat arguments on top, but for those that have their default.

        Args:
            argument: The name under which this object was given, for messages.
            flat: Values by name; what is no option of this class is left out.

        Raises:
            ValueError: If an option is given twice with different values.
        """
        changed = {}
        for one in options_of(type(self)):
            value, before = flat.get(one.name), getattr(self, one.name)
            if value is None or _equal(value, one.default):
                continue
            if not _equal(before, one.default) and not _equal(before, value):
                raise ValueError(
                    f"`{one.name}` must be given once; received {value!r} and, in `{argument}`, {before!r}."
                )
            changed[one.name] = value
        return dataclasses.replace(self, **changed)

    def filled(self, values: Mapping[str, Any], *, fixed_by: str | None = None) -> Self:
        """With `values` for the options that are None; what is no option of this class is left out.

        Args:
            values: By name.
            fixed_by: The argument that allows no other values, if there is one.

        Raises:
            ValueError: If an option has another value than the one that `fixed_by` allows.
        """
        own = {name: value for name, value in values.items() if name in self.names()}
        for name, value in own.items() if fixed_by is not None else ():
            given = getattr(self, name)
            if given not in (None, value):
                raise ValueError(
                    f"`{name}` must be that of `{fixed_by}`, {value!r}, or left out; received {given!r}."
                )
        missing = {name: value for name, value in own.items() if getattr(self, name) is None}
        return dataclasses.replace(self, **missing)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def options(cls: type[Made]) -> type[Made]:
    """Makes a class of annotated fields an `Options` class, which names what a misspelled option was meant to be."""
    made = dataclass(frozen=True, kw_only=True)(cls)
    make: Any = made.__init__

    @functools.wraps(make)
    def checked(self: Made, **given: Any) -> None:
        check_names(cls.__name__, given, made.names())
        make(self, **given)

    setattr(made, "__init__", checked)  # noqa: B010 (mypy allows no other way)
    return made


def options_of(cls: type[Options]) -> tuple[Option, ...]:
    """The options of a class, in the order of its fields."""
    cached: Any = _options_of
    found: tuple[Option, ...] = cached(cls)
    return found


@functools.cache
def _options_of(cls: Any) -> tuple[Option, ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple(
        dataclasses.replace(one, name=field.name, default=field.default)
        for field in dataclasses.fields(cls)
        for one in getattr(hints[field.name], "__metadata__", ())
    )


def check_names(owner: str, given: Collection[str], known: Collection[str]) -> None:
    """Refuses a name that is not among `known`, and says which was probably meant.

    Raises:
        TypeError: If there is one.
    """
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"did you mean `{close[0]}`?" if close else f"it has {', '.join(known)}."
            raise TypeError(f"{owner} has no option `{name}`; {hint}")


def _equal(value: Any, other: Any) -> bool:
    """Whether two values are one; of objects that compare otherwise, such as arrays, whether they are the same."""
    return value is other or (type(value) is type(other) and isinstance(value, (str, int, float)) and value == other)
