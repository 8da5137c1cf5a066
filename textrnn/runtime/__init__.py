"""Models loaded from their files and run with NumPy alone: no TensorFlow, a start within a second."""

from __future__ import annotations

import os

from textrnn.runtime.archive import find_model, read_archive, read_kind
from textrnn.runtime.language_model import LanguageModel
from textrnn.runtime.text_classifier import TextClassifier

__all__ = ["LanguageModel", "TextClassifier", "find_model", "load", "read_kind"]


def load(path: str | os.PathLike[str]) -> LanguageModel | TextClassifier:
    """The model in a `.keras` file, or the best one of a run folder.

    It generates, scores and classifies as the one that `textrnn.load` returns, but cannot be trained. One text is
    generated many times faster; large batches are faster in TensorFlow.

    Args:
        path: A file that `save` wrote, or the folder of a run.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedFileError: If the file is damaged or was not written by this package.
        ValueError: If its cell is not one of this package: NumPy cannot run it.
    """
    archive = read_archive(path)
    return (LanguageModel if archive.kind == "LanguageModel" else TextClassifier)(archive.config, archive.weights)
