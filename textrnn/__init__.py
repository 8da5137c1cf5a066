"""Recurrent text models for Keras and TensorFlow: train on your own corpus, generate, score and classify.

Names are loaded when they are first used, so that what needs no TensorFlow does not wait for it.
"""

from __future__ import annotations

import importlib
from typing import Any

from textrnn import forks as forks  # which watches for forks from here on
from textrnn import registration
from textrnn.version import __version__

_HOMES = {
    "Calibration": "textrnn.classification",
    "ClassificationReport": "textrnn.classification",
    "DamagedFileError": "textrnn.files",
    "LanguageModel": "textrnn.models",
    "Prediction": "textrnn.classification",
    "Score": "textrnn.generation",
    "State": "textrnn.generation",
    "StreamPool": "textrnn.generation",
    "TextClassifier": "textrnn.models",
    "TrainingDivergedError": "textrnn.training",
    "TrainingInterrupted": "textrnn.training",
    "find_learning_rate": "textrnn.api",
    "load": "textrnn.api",
    "train_classifier": "textrnn.api",
    "train_language_model": "textrnn.api",
}
_FOLDERS = ("classification", "generation", "layers", "models", "runtime", "text", "training")

__all__ = [
    "Calibration",
    "ClassificationReport",
    "DamagedFileError",
    "LanguageModel",
    "Prediction",
    "Score",
    "State",
    "StreamPool",
    "TextClassifier",
    "TrainingDivergedError",
    "TrainingInterrupted",
    "__version__",
    "classification",
    "find_learning_rate",
    "generation",
    "layers",
    "load",
    "models",
    "runtime",
    "text",
    "train_classifier",
    "train_language_model",
    "training",
]


registration.register()


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _FOLDERS:
        return importlib.import_module(f"textrnn.{name}")
    raise AttributeError(f"module 'textrnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
