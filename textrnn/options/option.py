"""An option, written once: a field of a class, with type, default, range, help and flags."""

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
    """The definition of an option.

    Attributes:
        range: Allowed values.
        help: Description, a sentence that begins with a noun.
        flags: Other spellings of the flag, with dashes.
        is_from_recipe: Whether a recipe decides where no value is given.
        is_in_shell: Whether the command line has a flag for it.
        name: Name of the field and, with dashes, of the flag.
        default: Value where none is given. None has the meaning that `help` states; where `is_from_recipe`, it
            leaves the value to the recipe.
    """

    range: Range
    help: str
    flags: tuple[str, ...] = ()
    is_from_recipe: bool = False
    is_in_shell: bool = True
    name: str = ""
    default: Any = None

    def check(self, value: Any) -> Any:
        """The checked value.

        Raises:
            ValueError, TypeError: If the option does not allow it.
        """
        return None if value is None and self.default is None else self.range.check(self.name, value)


def option(values: Range, sentence: str, *, flags: Collection[str] = (), is_in_shell: bool = True) -> Option:
    """The annotation of an option; arguments as for `Option`."""
    return Option(values, sentence, tuple(flags), is_in_shell=is_in_shell)


def from_recipe(values: Range, sentence: str, *, flags: Collection[str] = ()) -> Option:
    """The annotation of an option for which the recipe decides where its value is None."""
    return Option(values, sentence, tuple(flags), is_from_recipe=True)


@dataclass(frozen=True)
class Options:
    """A group of options, immutable and checked when constructed."""

    def __post_init__(self) -> None:
        for each in options_of(type(self)):
            object.__setattr__(self, each.name, each.check(getattr(self, each.name)))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the options."""
        return tuple(each.name for each in options_of(cls))

    @classmethod
    def from_given(cls, given: Mapping[str, Any]) -> Self:
        """An object with the values of `given` that are options of this class."""
        return cls(**{name: given[name] for name in cls.names() if name in given})

    def as_dict(self) -> dict[str, Any]:
        """All values by name."""
        return {name: getattr(self, name) for name in self.names()}

    def changed(self) -> dict[str, Any]:
        """The values that differ from the default, by name."""
        return {
            each.name: getattr(self, each.name)
            for each in options_of(type(self))
            if not _equal(getattr(self, each.name), each.default)
        }

    def updated(self, argument: str, flat: Mapping[str, Any]) -> Self:
        """A copy with the flat arguments that differ from their default.

        Args:
            argument: Name of the argument that this object was given as, for messages.
            flat: Values by name; names that are no options of this class are ignored.

        Raises:
            ValueError: If an option is given twice with different values.
        """
        changed = {}
        for each in options_of(type(self)):
            value, own = flat.get(each.name), getattr(self, each.name)
            if value is None or _equal(value, each.default):
                continue
            if not _equal(own, each.default) and not _equal(own, value):
                raise ValueError(
                    f"`{each.name}` must be given once; received {value!r} and, in `{argument}`, {own!r}."
                )
            changed[each.name] = value
        return dataclasses.replace(self, **changed)

    def filled(self, values: Mapping[str, Any], *, fixed_by: str | None = None) -> Self:
        """A copy in which `values` replace the options that are None.

        Args:
            values: Values by name; names that are no options of this class are ignored.
            fixed_by: Name of the argument that fixes these values, if one does.

        Raises:
            ValueError: If `fixed_by` is given and an option has another value than the fixed one.
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
    """Turns a class of annotated fields into an `Options` class, which suggests a name for a misspelled option."""
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
        dataclasses.replace(each, name=field.name, default=field.default)
        for field in dataclasses.fields(cls)
        for each in getattr(hints[field.name], "__metadata__", ())
    )


def check_names(owner: str, given: Collection[str], known: Collection[str]) -> None:
    """Refuse names that are not among `known`, and suggest the likeliest.

    Raises:
        TypeError: If a name is unknown.
    """
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"did you mean `{close[0]}`?" if close else f"it has {', '.join(known)}."
            raise TypeError(f"{owner} has no option `{name}`; {hint}")


def _equal(value: Any, other: Any) -> bool:
    """Whether two values are equal; other objects, such as arrays, are equal only if identical."""
    return value is other or (type(value) is type(other) and isinstance(value, (str, int, float)) and value == other)
