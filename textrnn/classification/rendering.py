"""Rendering of a report for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from textrnn.classification.report import ClassificationReport

MAX_WIDTH = 100  # characters of a line of the confusion matrix
MAX_NAME_CHARACTERS = 24
MAX_MATRIX_LABELS = 20  # more labels give a list of the most frequent confusions
CONFUSIONS = 10


def render(report: ClassificationReport) -> str:
    """The report as text: overall measures, measures of each label, confusions, calibration, abstention."""
    headline = f"{len(report.truths):,} texts, accuracy {report.accuracy:.4f}, macro F1 {report.macro_f1:.4f}"
    is_large = len(report.labels) > MAX_MATRIX_LABELS
    confused = _confusions(report) if is_large else _matrix(report)
    return "\n\n".join([headline, _labels(report), confused, _calibration(report), _abstention(report)])


def align(rows: Sequence[Sequence[str]]) -> str:
    """A table with the first column aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def shorten(text: str, length: int) -> str:
    """The text on one line, with dots at the end if it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3].rstrip()}..."


def number(value: float, digits: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _labels(report: ClassificationReport) -> str:
    rows = [
        [
            shorten(label, MAX_NAME_CHARACTERS),
            number(measures.precision),
            number(measures.recall),
            number(measures.f1),
            f"{measures.support:,}",
        ]
        for label, measures in report.by_label.items()
    ]
    return align([["label", "precision", "recall", "F1", "texts"], *rows])


def _matrix(report: ClassificationReport) -> str:
    """Confusion matrix: true labels by line, predicted labels by column; numbers replace names that do not fit."""
    names = [shorten(label, MAX_NAME_CHARACTERS) for label in report.labels]
    counts = [[f"{count:,}" if count else "." for count in row] for row in report.confusion_matrix.tolist()]
    table = align([["truth \\ answer", *names], *([name, *row] for name, row in zip(names, counts, strict=True))])
    if table.index("\n") <= MAX_WIDTH:
        return table
    numbers = [str(n) for n in range(1, len(names) + 1)]
    rows = [[f"{n:>2} {name}", *row] for n, name, row in zip(numbers, names, counts, strict=True)]
    return align([["truth \\ answer", *numbers], *rows])


def _confusions(report: ClassificationReport) -> str:
    matrix = report.confusion_matrix.copy()
    np.fill_diagonal(matrix, 0)
    pairs = [divmod(int(n), len(matrix)) for n in np.argsort(-matrix, axis=None, kind="stable")[:CONFUSIONS]]
    rows = [
        [
            shorten(report.labels[truth], MAX_NAME_CHARACTERS),
            shorten(report.labels[answer], MAX_NAME_CHARACTERS),
            f"{count:,}",
        ]
        for truth, answer in pairs
        if (count := int(matrix[truth, answer]))
    ]
    return align([["confused most: truth", "answer", "texts"], *rows])


def _calibration(report: ClassificationReport) -> str:
    return (
        f"expected calibration error {report.expected_calibration_error:.4f}, "
        f"negative log likelihood {report.negative_log_likelihood:.4f} nats"
    )


def _abstention(report: ClassificationReport) -> str:
    rows = [
        [f"{each.threshold:.2f}", f"{100 * each.coverage:.1f}%", number(each.accuracy)] for each in report.coverages
    ]
    return align([["threshold", "answered", "accuracy"], *rows])
