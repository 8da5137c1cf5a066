"""The functions for everyday use: train a model on texts, load one."""

from __future__ import annotations

import os
from typing import Any

from textrnn.api.classifier import train_classifier
from textrnn.api.language_model import find_learning_rate, train_language_model
from textrnn.api.process import configure_tensorflow
from textrnn.models import load_model

__all__ = ["configure_tensorflow", "find_learning_rate", "load", "train_classifier", "train_language_model"]


def load(path: str | os.PathLike[str]) -> Any:
    """Load a model from a `.keras` file, a run folder (its best model) or a preset.

    Presets come with the package: `"plays-en"` and `"reviews-en"`, language models of verse plays and of film
    reviews, and `"sentiment-en"`, a classifier. Their model cards are in `textrnn/presets`.

    Returns:
        A `LanguageModel` or a `TextClassifier`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or was not written by this package.
    """
    return load_model(path)
