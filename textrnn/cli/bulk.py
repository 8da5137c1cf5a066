"""Classifiers for files: precision, batch and threads are chosen for throughput."""

from __future__ import annotations

import sys
import time
from typing import Any

from textrnn.cli.library import load_kind

CLASSIFY_WITH_NUMPY = 1_000_000  # characters: batches of texts suit NumPy, and TensorFlow takes seconds to start


def load_for_bulk(path: str, precision: str, *, is_much: bool = True) -> Any:
    """The classifier at `path`, for many texts: with NumPy where there is not much to read."""
    is_much = is_much or precision == "bfloat16"
    return load_kind(path, "TextClassifier", with_tensorflow=is_much).in_bulk(precision)


class Speed:
    """Times the answers of a classifier, and says on standard error how they were computed.

    Args:
        classifier: A classifier for bulk.
        batch_size: Most texts in a batch; None is the default.
        texts: Number of texts, which may be set later.
    """

    def __init__(self, classifier: Any, batch_size: int | None = None, texts: int = 0) -> None:
        self.classifier, self.batch_size, self.texts = classifier, batch_size or classifier.batch_size, texts

    def to_dict(self) -> dict[str, Any]:
        """Precision, batch, threads and speed as JSON values."""
        return {
            "precision": self.classifier.precision,
            "batch_size": self.batch_size,
            "threads": self.classifier.workers,
            "texts_per_second": round(self.texts / self.seconds, 1),
        }

    def __enter__(self) -> Speed:
        self.began = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self.began

    def say(self) -> None:
        """Print a line on standard error, if there were texts."""
        if self.texts:
            print(self, file=sys.stderr)

    def __str__(self) -> str:
        facts = self.to_dict()
        return (
            f"{facts['precision']}, {_several(facts['threads'], 'thread')}, at most {self.batch_size} texts a batch: "
            f"{facts['texts_per_second']:,} texts per second"
        )


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count > 1 else ''}"
