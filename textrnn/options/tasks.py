"""The option classes of each task: training a language model, training a classifier, generation."""

from __future__ import annotations

from typing import Any

from textrnn.options.generation import GenerationConfig
from textrnn.options.models import ClassifierOptions, LanguageModelOptions
from textrnn.options.option import Options
from textrnn.options.run import RunOptions
from textrnn.options.tables import TableOptions
from textrnn.options.training import ClassifierTraining, LanguageModelTraining

LANGUAGE_MODEL: dict[str, type[Options]] = {
    "model": LanguageModelOptions,
    "training": LanguageModelTraining,
    "table": TableOptions,
    "run": RunOptions,
}
"""The class of each options argument of `train_language_model`."""
CLASSIFIER: dict[str, type[Options]] = {
    "model": ClassifierOptions,
    "training": ClassifierTraining,
    "table": TableOptions,
    "run": RunOptions,
}
"""The class of each options argument of `train_classifier`."""


def names_of(task: dict[str, type[Options]]) -> list[str]:
    """Names of all options of a task."""
    return [name for kind in task.values() for name in kind.names()]


GENERATION: dict[str, type[Options]] = {"config": GenerationConfig}
"""The class of the options argument of `generate`."""


def arguments_for(task: dict[str, type[Options]], /, **given: Any) -> dict[str, Any]:
    """Arguments for the function of a task: its options collected in objects, and all other arguments as given.

    Args:
        task: `LANGUAGE_MODEL`, `CLASSIFIER` or `GENERATION`.
        **given: Options and other arguments by name.
    """
    objects = {argument: kind.from_given(given) for argument, kind in task.items()}
    known = names_of(task)
    return {**objects, **{name: value for name, value in given.items() if name not in known}}
