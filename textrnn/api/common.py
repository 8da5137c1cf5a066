"""What training a language model and training a classifier have in common."""

from __future__ import annotations

import contextlib
import copy
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np

from textrnn import checks
from textrnn.files import advising_when_full
from textrnn.models import LanguageModel, TextClassifier, load_model
from textrnn.models.stack import CELLS
from textrnn.runtime.archive import read_archive
from textrnn.text import (
    TableFormat,
    Tokenizer,
    Unspaced,
    WordTokenizer,
    checked_table,
    find_unspaced,
    is_input,
    make_tokenizer,
)
from textrnn.training import RunFolder, Trainer, can_draw, draw_curves, say

TOKENIZERS = ("character", "byte", "byte_pair", "word")
RESUME_WHEN_FULL = "The checkpoint before is whole: free some space, then resume (resume=True, --resume)."
SHOWN = 24  # characters of an example
HEAD_LETTERS = 5  # of a long word: "disappointed" and "disappointing" then share a symbol


def record_settings(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call as its run's config records them: all that decides what comes out."""
    left_out = ("out", "resume", "callbacks", "verbose", "checkpoint_seconds")
    recorded = {name: value for name, value in arguments.items() if name not in left_out}
    for name in {"source", "validation_data", "init_from", "unlabelled"} & recorded.keys():
        recorded[name] = name_of(recorded[name])
    recorded["table"] = _without_none(asdict(checked_table(recorded["table"]))) or None
    tokenizer = recorded["tokenizer"]
    recorded["tokenizer"] = tokenizer.kind if isinstance(tokenizer, Tokenizer) else tokenizer
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in recorded.items()}


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    """What was given, as JSON gives it back."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value is not None
    }


def name_of(source: Any) -> str | None:
    """How a run's config names what an argument is, or is the path of."""
    if source is None:
        return None
    if not isinstance(source, (str, os.PathLike)):
        return "in memory"
    if is_input(source):
        return os.fspath(source)
    return os.path.abspath(source) if os.path.exists(source) else os.fspath(source)  # a preset is no file here


def check_shared(settings: dict[str, Any], callbacks: Any, verbose: bool, resume: bool) -> None:
    checks.one_of("cell", settings["cell"], CELLS)
    checks.positive_integer("batch_size", settings["batch_size"])
    checks.fraction("validation_split", settings["validation_split"])
    checks.integer_of_at_least(0, "seed", settings["seed"])
    checks.boolean("verbose", verbose)
    checks.boolean("resume", resume)
    if settings["patience"] is not None and settings["validation_data"] is None and not settings["validation_split"]:
        raise ValueError(
            "`patience` needs `validation_split` or `validation_data` to wait on; received validation_split=0."
        )
    is_list = isinstance(callbacks, Sequence)
    if not is_list or not all(isinstance(callback, keras.callbacks.Callback) for callback in callbacks):
        raise TypeError(f"`callbacks` must be a list of Keras callbacks; received {callbacks!r}.")
    for callback in callbacks:
        if isinstance(callback, (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)):
            raise ValueError(
                f"`callbacks` must leave the learning rate to `schedule`, `warmup` and `learning_rate`; received a "
                f"{type(callback).__name__}."
            )


def check_same_labels(run: RunFolder, labels: Sequence[str]) -> None:
    """A resumed run has its labels in the order in which it was started: each has its place in the weights."""
    before = read_archive(run.model).config["labels"]
    if list(before) != list(labels):
        raise ValueError(
            f"a resumed run must have the labels it was started with, in their order: {', '.join(before)}; received "
            f"{', '.join(labels)}. Another version of textrnn ordered them otherwise: start the run anew."
        )


def fill(settings: dict[str, Any], values: dict[str, Any], *, fixed_by: str | None = None) -> None:
    """Give settings that were left to None their values; those that an argument fixes may not be given others."""
    for name, value in values.items():
        if fixed_by is not None and settings[name] not in (None, value):
            raise ValueError(
                f"`{name}` must be that of `{fixed_by}`, {value!r}, or left out; received {settings[name]!r}."
            )
        if settings[name] is None:
            settings[name] = value


def settle_validation(settings: dict[str, Any], default: float) -> None:
    """Give `validation_split` its value: nothing is held out where there is `validation_data`."""
    if settings["validation_data"] is None:
        fill(settings, {"validation_split": default})
    elif settings["validation_split"]:
        raise ValueError(
            "`validation_data` takes the place of what `validation_split` holds out: give one of them; received "
            f"validation_split={settings['validation_split']!r} as well."
        )
    else:
        settings["validation_split"] = 0.0


@contextlib.contextmanager
def reading_validation_data() -> Iterator[None]:
    """Errors of what reads `source` name `validation_data` instead."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        said = str(error).replace("`source`", "`validation_data`").replace("source[", "validation_data[")
        raise kind(said) from error


def table_beside(table: TableFormat | None, path: Any) -> TableFormat | None:
    """How a table that is read beside `source` is written, if it is a table at all."""
    return checked_table(table).beside(path) if isinstance(path, (str, os.PathLike)) else None


def check_labels(labels: Iterable[str], known: Sequence[str]) -> None:
    """Refuse labels of `validation_data` that no text of `source` has."""
    unknown = sorted(set(labels) - set(known))
    if unknown:
        raise ValueError(
            f"`validation_data` must have labels that `source` has, {checks.listed(known, show=str)}; received also "
            f"{checks.listed(unknown)}."
        )


def open_language_model(name: str, given: Any) -> LanguageModel:
    """The language model that the argument `name` is, or is the path of."""
    if not isinstance(given, (str, os.PathLike, keras.Model)):
        raise TypeError(f"`{name}` must be a language model or the path of one; received {given!r}.")
    model = given if isinstance(given, keras.Model) else load_model(given)
    if not isinstance(model, LanguageModel):
        raise ValueError(f"`{name}` must be a language model; received a {type(model).__name__}.")
    return model


def make_ready(tokenizer: str | Tokenizer) -> Tokenizer:
    if isinstance(tokenizer, Tokenizer):
        return tokenizer if tokenizer.is_fitted else copy.deepcopy(tokenizer)  # the caller's stays as it is
    name = checks.one_of("tokenizer", tokenizer, TOKENIZERS)
    return WordTokenizer(head_letters=HEAD_LETTERS) if name == "word" else make_tokenizer(name)


def find_without_words(tokenizer: str | Tokenizer, texts: Iterable[str]) -> Unspaced | None:
    """Texts that a word tokenizer would find hardly a known word in; None for any other tokenizer."""
    kind = tokenizer.kind if isinstance(tokenizer, Tokenizer) else tokenizer
    return find_unspaced(texts) if kind == WordTokenizer.kind else None


def describe_without_words(found: Unspaced) -> str:
    example = found.example if len(found.example) <= SHOWN else f"{found.example[:SHOWN]}..."
    return (
        f"{found.share:.0%} of the texts have hardly a word that another has, as those do that put no spaces between "
        f"words: {example!r}"
    )


def warn_of_no_words(found: Unspaced, stacklevel: int) -> None:
    """Advise another tokenizer where `tokenizer` was to be "word"."""
    warnings.warn(
        f'{describe_without_words(found)}. `tokenizer` "word" reads most of these as unknown; "character" or '
        '"byte_pair" reads them whole.',
        stacklevel=stacklevel,
    )


def run_trainer(trainer: Trainer, facts: dict[str, Any], is_resumed: bool, measure: str) -> None:
    model, verbose = trainer.model, trainer.is_shown
    layers = f"{model.cell} of {model.num_layers} x {model.units}"
    if isinstance(model, TextClassifier):
        layers = f"{model.members} readers, {layers}"
    say(
        verbose,
        f"{facts['model']}, {layers}, {facts['parameters']:,} parameters ({facts['megabytes']:.1f} MB)",
    )
    say(verbose, f"device {facts['device']}, precision {facts['precision']}")
    if is_resumed:
        trainer.restore()
        say(verbose, f"going on from epoch {trainer.position.epoch + 1}, step {trainer.position.step}")
    run = trainer.run
    if run is None:
        trainer.train()
        return
    with advising_when_full(RESUME_WHEN_FULL):
        trainer.train()
        if can_draw():
            draw_curves(run.history(), measure, run.curves)
        else:
            say(verbose, f"no {run.curves}: that takes matplotlib, pip install 'textrnn[plots]'")
    say(verbose, f"the best model is {run.model}")
