"""Settings of one training: options gathered from arguments, checked and resolved."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import keras

from textrnn.models.precision import resolve_precision
from textrnn.options import IN_MEMORY, Options, RunOptions, TableOptions, check_names
from textrnn.options.tasks import names_of
from textrnn.text import Tokenizer, is_input

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")

NOT_RECORDED = ("out", "resume", "callbacks", "verbose", "checkpoint_seconds")  # no effect on the trained model
SOURCES = ("source", "validation_data", "init_from", "unlabeled")  # recorded by name


@dataclass(frozen=True)
class Settings:
    """The settings of one training.

    Attributes:
        source: Training data, as given.
        model: Options of the model.
        training: Options of the training.
        table: Options of reading files.
        run: Options of the run.
    """

    source: Any
    model: Any
    training: Any
    table: TableOptions
    run: RunOptions

    def filled(self, values: Mapping[str, Any], *, fixed_by: str | None = None) -> Settings:
        """A copy in which `values` replace the options that are None; see `Options.filled`."""
        parts = {name: getattr(self, name).filled(values, fixed_by=fixed_by) for name in ("model", "training")}
        return dataclasses.replace(self, **parts)

    def record(self) -> dict[str, Any]:
        """All settings that affect the trained model, by name, for the config of a run."""
        parts: list[Options] = [self.model, self.training, self.table, self.run]
        values = {"source": self.source, **{name: value for part in parts for name, value in part.as_dict().items()}}
        kept = {name: value for name, value in values.items() if name not in NOT_RECORDED}
        named = {name: name_of(value) if name in SOURCES else value for name, value in kept.items()}
        if "pretrained" in named:
            named["pretrained"] = [name_of(one) for one in as_list(named["pretrained"])] or None
        return {name: _as_json(value) for name, value in named.items()}


def resolve(kinds: dict[str, type[Options]], source: Any, given: Mapping[str, Any]) -> Settings:
    """Check the arguments of a `train_` function and gather them as settings.

    Args:
        kinds: The class of each argument that takes options, `LANGUAGE_MODEL` or `CLASSIFIER`.
        source: Training data.
        given: Other arguments by name: objects of those classes, and single options.

    Raises:
        ValueError, TypeError: If a value is out of its range or of another type, or a name is no option.
    """
    flat = {name: value for name, value in given.items() if name not in kinds}
    check_names("training", flat, names_of(kinds))
    parts: dict[str, Any] = {}
    for argument, kind in kinds.items():
        part = given.get(argument)
        if part is not None and not (isinstance(part, Options) and {*part.names()} <= {*kind.names()}):
            raise TypeError(f"`{argument}` must be a textrnn.{kind.__name__}; received {part!r:.200}.")
        parts[argument] = kind.from_given(part.as_dict() if part is not None else {}).updated(argument, flat)
    settings = Settings(source, **parts)
    _check_callbacks(settings.run.callbacks)
    run = dataclasses.replace(settings.run, precision=resolve_precision(settings.run.precision))
    return dataclasses.replace(settings, run=run)


def suggests_arguments(kinds: dict[str, type[Options]]) -> Callable:
    """Decorator of a `train_` function: the error of an unknown argument says where the option belongs.

    Args:
        kinds: As for `resolve`.
    """

    def decorate(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        known = inspect.signature(function).parameters

        @functools.wraps(function)
        def called(*arguments: Arguments.args, **given: Arguments.kwargs) -> Returned:
            for name in given.keys() - known.keys():
                for argument, kind in kinds.items():
                    if name in kind.names():
                        raise TypeError(
                            f"{function.__name__} takes `{name}` as {argument}=textrnn.{kind.__name__}({name}=...)."
                        )
                check_names(function.__name__, [name], [*known, *names_of(kinds)])
            return function(*arguments, **given)

        return called

    return decorate


def name_of(source: Any) -> str | None:
    """The name of a source in the config of a run: its path, or `IN_MEMORY`."""
    if source is None:
        return None
    if not isinstance(source, (str, os.PathLike)):
        return IN_MEMORY
    if is_input(source):
        return os.fspath(source)
    return os.path.abspath(source) if os.path.exists(source) else os.fspath(source)  # a preset's name is no path


def as_list(given: Any) -> list[Any]:
    """None, one value or several as a list."""
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _as_json(value: Any) -> Any:
    """A value as it reads after a round trip through JSON."""
    if isinstance(value, Tokenizer):
        return value.kind
    return list(value) if isinstance(value, tuple) else value


def _check_callbacks(callbacks: Any) -> None:
    is_list = isinstance(callbacks, Sequence)
    if not is_list or not all(isinstance(callback, keras.callbacks.Callback) for callback in callbacks):
        raise TypeError(f"`callbacks` must be a list of Keras callbacks; received {callbacks!r}.")
    for callback in callbacks:
        if isinstance(callback, (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)):
            raise ValueError(
                f"`callbacks` must leave the learning rate to `schedule`, `warmup` and `learning_rate`; received a "
                f"{type(callback).__name__}."
            )
