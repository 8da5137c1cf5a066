"""Models read from their files and run with NumPy alone: no TensorFlow, a start in a blink."""

from __future__ import annotations

import os

from textrnn.runtime.archive import find_model, read_archive
from textrnn.runtime.language_model import LanguageModel, fingerprint_of
from textrnn.runtime.shapes import numbered
from textrnn.runtime.text_classifier import TextClassifier

__all__ = ["LanguageModel", "TextClassifier", "find_model", "fingerprint_of", "load", "numbered"]


def load(path: str | os.PathLike[str]) -> LanguageModel | TextClassifier:
    """The model in a `.keras` file, or the best one of a run folder.

    It writes, scores and labels as the one `textrnn.load` returns, but cannot be trained. One stream is written many
    times faster; large batches are faster in TensorFlow.

    Args:
        path: A file that `save` wrote, or the folder of a run.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedFileError: If the file is damaged or was not written by this package.
    """
    archive = read_archive(path)
    return (LanguageModel if archive.kind == "LanguageModel" else TextClassifier)(archive.config, archive.weights)
