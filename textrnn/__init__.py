"""Recurrent text models for Keras and TensorFlow: train on your own corpus, generate, score and classify.

Names are loaded on first use, so that code without TensorFlow does not wait for it.
"""

from __future__ import annotations

import importlib
from typing import Any

from textrnn import forks as forks  # importing it starts to watch for forks
from textrnn import registration
from textrnn.version import __version__

_HOMES = {
    "GenerationConfig": "textrnn.options",
    "TableOptions": "textrnn.options",
    "RunOptions": "textrnn.options",
    "LanguageModelTraining": "textrnn.options",
    "LanguageModelOptions": "textrnn.options",
    "ClassifierTraining": "textrnn.options",
    "ClassifierOptions": "textrnn.options",
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
    "configure_tensorflow": "textrnn.api",
    "find_learning_rate": "textrnn.api",
    "load": "textrnn.api",
    "train_classifier": "textrnn.api",
    "train_language_model": "textrnn.api",
}
_FOLDERS = ("classification", "generation", "layers", "models", "options", "runtime", "text", "training")

__all__ = [
    "Calibration",
    "ClassificationReport",
    "ClassifierOptions",
    "ClassifierTraining",
    "DamagedFileError",
    "GenerationConfig",
    "LanguageModel",
    "LanguageModelOptions",
    "LanguageModelTraining",
    "Prediction",
    "RunOptions",
    "Score",
    "State",
    "StreamPool",
    "TableOptions",
    "TextClassifier",
    "TrainingDivergedError",
    "TrainingInterrupted",
    "__version__",
    "classification",
    "configure_tensorflow",
    "find_learning_rate",
    "generation",
    "layers",
    "load",
    "models",
    "options",
    "runtime",
    "text",
    "train_classifier",
    "train_language_model",
    "training",
]


registration.register()


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOMES and name not in _FOLDERS:
        raise AttributeError(f"module 'textrnn' has no attribute {name!r}")
    try:
        home = importlib.import_module(_HOMES.get(name, f"textrnn.{name}"))
    except ModuleNotFoundError as error:
        if error.name not in ("keras", "tensorflow"):
            raise
        raise ModuleNotFoundError(
            f"textrnn.{name} needs TensorFlow, which is not installed: pip install tensorflow. Without it "
            "textrnn.runtime reads models and runs them with NumPy.",
            name=error.name,
        ) from error
    return home if name in _FOLDERS else getattr(home, name)


def __dir__() -> list[str]:
    return sorted(__all__)
