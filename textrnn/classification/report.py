"""Evaluation of a classifier on labeled texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.classification.calibration import (
    check_rows,
    expected_calibration_error,
    mean_negative_log_likelihood,
)
from textrnn.classification.rendering import render

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class LabelMeasures:
    """Measures of one label. A division by zero gives NaN.

    Attributes:
        precision: Fraction of the texts predicted to have the label that have it.
        recall: Fraction of the texts with the label that are predicted to have it.
        f1: Harmonic mean of precision and recall.
        support: Number of texts with the label.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Coverage:
    """Coverage and accuracy if predictions below a threshold are withheld.

    Attributes:
        threshold: Least probability of a prediction.
        coverage: Fraction of the texts with a prediction.
        accuracy: Fraction of these predictions that are right; NaN if there are none.
    """

    threshold: float
    coverage: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class ClassificationReport:
    """Measures of answers against truths. `str(report)` is a page for a terminal.

    Args:
        labels: The names of the labels, in the order of the probabilities.
        truths: The number of each text's right label, int `[N]`.
        probabilities: What the classifier thinks, float `[N, labels]`; an answer is the likeliest label.

    Raises:
        ValueError, TypeError: If the arrays are not of these shapes and kinds, or a row does not sum to 1.
    """

    labels: Sequence[str]
    truths: np.ndarray
    probabilities: np.ndarray

    def __post_init__(self) -> None:
        probabilities, truths = check_rows("probabilities", self.probabilities, self.truths)
        if len(self.labels) != probabilities.shape[1]:
            raise ValueError(f"`labels` must be {probabilities.shape[1]} names; received {list(self.labels)!r}.")
        if (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=-1), 1, atol=1e-4):
            raise ValueError("`probabilities` must be 0 or more and sum to 1 in each row.")
        for name, value in (("labels", tuple(self.labels)), ("truths", truths), ("probabilities", probabilities)):
            object.__setattr__(self, name, value)

    @cached_property
    def answers(self) -> np.ndarray:
        """Number of the predicted label of each text, int64 `[N]`."""
        return self.probabilities.argmax(axis=-1)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of each prediction, float64 `[N]`."""
        return self.probabilities.max(axis=-1)

    @property
    def accuracy(self) -> float:
        return float((self.answers == self.truths).mean())

    @cached_property
    def confusion_matrix(self) -> np.ndarray:
        """Number of texts of each true label (row) and predicted label (column), int64 `[labels, labels]`."""
        size = len(self.labels)
        return np.bincount(self.truths * size + self.answers, minlength=size * size).reshape(size, size)

    @cached_property
    def by_label(self) -> dict[str, LabelMeasures]:
        """Precision, recall, F1 and support of each label."""
        matrix = self.confusion_matrix
        counts = zip(matrix.diagonal().tolist(), matrix.sum(0).tolist(), matrix.sum(1).tolist(), strict=True)
        return {
            label: LabelMeasures(
                _ratio(correct, answered), _ratio(correct, support), _ratio(2 * correct, answered + support), support
            )
            for label, (correct, answered, support) in zip(self.labels, counts, strict=True)
        }

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the labels that some text has or is predicted to have."""
        return float(np.nanmean([measures.f1 for measures in self.by_label.values()]))

    @property
    def expected_calibration_error(self) -> float:
        """Expected calibration error in 15 bins."""
        return expected_calibration_error(self.probabilities, self.truths)

    @property
    def negative_log_likelihood(self) -> float:
        """Mean negative log likelihood of the true labels, in nats."""
        return mean_negative_log_likelihood(self.probabilities, self.truths)

    @cached_property
    def mistakes(self) -> np.ndarray:
        """Indices of the wrong predictions, the surest first, int64 `[wrong]`."""
        wrong = np.flatnonzero(self.answers != self.truths)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    def at_threshold(self, threshold: float) -> Coverage:
        """Coverage and accuracy of `classify` with this `threshold`."""
        checks.fraction("threshold", threshold, one=True)
        is_given = self.confidence >= threshold
        correct = int((is_given & (self.answers == self.truths)).sum())
        return Coverage(threshold, float(is_given.mean()), _ratio(correct, int(is_given.sum())))

    @property
    def coverages(self) -> list[Coverage]:
        """`at_threshold` for a few thresholds above the least possible confidence."""
        return [self.at_threshold(threshold) for threshold in THRESHOLDS if threshold > 1 / len(self.labels)]

    def to_dict(self) -> dict[str, Any]:
        """All measures as JSON values; NaN becomes None."""
        return {
            "texts": len(self.truths),
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "expected_calibration_error": self.expected_calibration_error,
            "negative_log_likelihood": self.negative_log_likelihood,
            "by_label": {label: _without_nan(asdict(measures)) for label, measures in self.by_label.items()},
            "labels": list(self.labels),
            "confusion_matrix": self.confusion_matrix.tolist(),
            "coverages": [_without_nan(asdict(coverage)) for coverage in self.coverages],
        }

    def __str__(self) -> str:
        return render(self)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}
