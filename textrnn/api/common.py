"""What training a language model and training a classifier have in common."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from textrnn import checks
from textrnn.files import advising_when_full
from textrnn.models import LanguageModel, TextClassifier, load_model
from textrnn.models.stack import CELLS
from textrnn.text import Tokenizer, WordTokenizer, make_tokenizer
from textrnn.training import Trainer, can_draw, draw_curves

TOKENIZERS = ("character", "byte", "byte_pair", "word")
RESUME_WHEN_FULL = "The checkpoint before is whole: free some space, then resume (resume=True, --resume)."
HEAD_LETTERS = 5  # of a long word: "disappointed" and "disappointing" then share a symbol


def record_settings(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call as its run's config records them: all that decides what comes out."""
    left_out = ("out", "resume", "callbacks", "verbose", "checkpoint_seconds")
    recorded = {name: value for name, value in arguments.items() if name not in left_out}
    for name in {"source", "init_from", "unlabelled"} & recorded.keys():
        recorded[name] = name_of(recorded[name])
    tokenizer = recorded["tokenizer"]
    recorded["tokenizer"] = tokenizer.kind if isinstance(tokenizer, Tokenizer) else tokenizer
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in recorded.items()}


def name_of(source: Any) -> str | None:
    """How a run's config names what an argument is, or is the path of."""
    if source is None:
        return None
    if not isinstance(source, (str, os.PathLike)):
        return "in memory"
    return os.path.abspath(source) if os.path.exists(source) else os.fspath(source)  # a preset is no file here


def check_shared(settings: dict[str, Any], callbacks: Any, verbose: bool, resume: bool) -> None:
    checks.one_of("cell", settings["cell"], CELLS)
    checks.positive_integer("batch_size", settings["batch_size"])
    checks.fraction("validation_split", settings["validation_split"])
    checks.integer_of_at_least(0, "seed", settings["seed"])
    checks.boolean("verbose", verbose)
    checks.boolean("resume", resume)
    if settings["patience"] is not None and settings["validation_split"] == 0:
        raise ValueError("`patience` needs validation data to wait on; received validation_split=0.")
    is_list = isinstance(callbacks, Sequence)
    if not is_list or not all(isinstance(callback, keras.callbacks.Callback) for callback in callbacks):
        raise TypeError(f"`callbacks` must be a list of Keras callbacks; received {callbacks!r}.")
    for callback in callbacks:
        if isinstance(callback, (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)):
            raise ValueError(
                f"`callbacks` must leave the learning rate to `schedule`, `warmup` and `learning_rate`; received a "
                f"{type(callback).__name__}."
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


def say(verbose: bool, text: str) -> None:
    if verbose:
        print(text, flush=True)
