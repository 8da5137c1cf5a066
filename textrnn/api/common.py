"""Steps shared by training a language model and training a classifier."""

from __future__ import annotations

import copy
import functools
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras

from textrnn import checks
from textrnn.api.process import is_configured
from textrnn.files import advising_when_full
from textrnn.memory import return_freed_memory
from textrnn.models import LanguageModel, TextClassifier, load_model
from textrnn.models.saving import in_float32
from textrnn.options import TOKENIZERS
from textrnn.text import Tokenizer, Unspaced, WordTokenizer, find_unspaced, make_tokenizer
from textrnn.training import Trainer, can_draw, draw_curves, say

RESUME_WHEN_FULL = "The checkpoint before is whole: free some space, then resume (resume=True, --resume)."
MAX_EXAMPLE_CHARACTERS = 24  # of a text quoted in a message

HEAD_LETTERS = 5  # of a long word: "disappointed" and "disappointing" then share a token


def open_language_model(name: str, given: Any) -> LanguageModel:
    """The language model given as the argument `name`, as a model or as a path."""
    if not isinstance(given, (str, os.PathLike, keras.Model)):
        raise TypeError(f"`{name}` must be a language model or the path of one; received {given!r}.")
    model = given if isinstance(given, keras.Model) else load_model(given)
    if not isinstance(model, LanguageModel):
        raise ValueError(f"`{name}` must be a language model; received a {type(model).__name__}.")
    return model


def prepare_tokenizer(tokenizer: str | Tokenizer) -> Tokenizer:
    if isinstance(tokenizer, Tokenizer):
        return tokenizer if tokenizer.is_fitted else copy.deepcopy(tokenizer)  # the caller's tokenizer is not changed
    name = checks.one_of("tokenizer", tokenizer, TOKENIZERS)
    return WordTokenizer(head_letters=HEAD_LETTERS) if name == "word" else make_tokenizer(name)


def find_texts_without_words(tokenizer: str | Tokenizer, texts: Iterable[str]) -> Unspaced | None:
    """Texts in which a word tokenizer would know hardly a word; None for other tokenizers."""
    kind = tokenizer.kind if isinstance(tokenizer, Tokenizer) else tokenizer
    return find_unspaced(texts) if kind == WordTokenizer.kind else None


def describe_texts_without_words(found: Unspaced) -> str:
    example = (
        found.example
        if len(found.example) <= MAX_EXAMPLE_CHARACTERS
        else f"{found.example[:MAX_EXAMPLE_CHARACTERS]}..."
    )
    return (
        f"{found.share:.0%} of the texts have hardly a word that another has, as links, names and texts without "
        f"spaces between words do: {example!r}"
    )


def warn_of_texts_without_words(found: Unspaced, stacklevel: int) -> None:
    """Advise another tokenizer than "word"."""
    warnings.warn(
        f'{describe_texts_without_words(found)}. `tokenizer` "word" reads most of these as unknown; "character" or '
        '"byte_pair" reads them whole.',
        stacklevel=stacklevel,
    )


@dataclass(frozen=True, eq=False)
class Prepared:
    """A training that is ready to start.

    Attributes:
        trainer: Trainer of the model.
        facts: Environment, corpus and size of the model.
        is_resumed: Whether it starts from a checkpoint.
        measure: Measure that the curves of the run show.
    """

    trainer: Trainer
    facts: dict[str, Any]
    is_resumed: bool
    measure: str

    @property
    def model(self) -> Any:
        """The trained model."""
        return self.trainer.model


def fit(prepared: Prepared) -> Any:
    """Train, and return the model with its best weights, in float32 as `load` returns it."""
    model = prepared.model
    _train(prepared)
    del prepared  # and with it the optimizer's moments
    return_freed_memory()
    trained = in_float32(model)
    del model
    return_freed_memory()
    return trained


def _train(prepared: Prepared) -> None:
    trainer, facts, verbose = prepared.trainer, prepared.facts, prepared.trainer.is_shown
    model, run = trainer.model, trainer.run
    layers = f"{model.cell} of {model.num_layers} x {model.units}"
    if isinstance(model, TextClassifier):
        layers = f"{model.ensemble_size} encoders, {layers}"
    say(verbose, f"{facts['model']}, {layers}, {facts['parameters']:,} parameters ({facts['megabytes']:.1f} MB)")
    say(verbose, f"device {facts['device']}, precision {facts['precision']}{_speed_hint()}")
    if prepared.is_resumed:
        trainer.restore()
        say(verbose, f"resuming from epoch {trainer.position.epoch + 1}, step {trainer.position.step}")
    if run is None:
        trainer.train()
        return
    with advising_when_full(RESUME_WHEN_FULL):
        trainer.train()
        if can_draw():
            draw_curves(run.history(), prepared.measure, run.curves)
        else:
            say(verbose, f"no {run.curves}: that takes matplotlib, pip install 'textrnn[plots]'")
    say(verbose, f"the best model is {run.model}")


@functools.cache
def _speed_hint() -> str:
    """Advice for a script that could train faster, once per process."""
    if is_configured():
        return ""
    return "\ntextrnn.configure_tensorflow(), called before TensorFlow runs anything, makes training faster"
