"""Calibration: temperature scaling, and the expected calibration error.

Guo et al., 2017, arXiv 1706.04599. One number T, fitted on texts that were not trained on, divides the logits: above
1 it makes a model less sure, below 1 surer. The order of a text's labels stays, and so does every predicted label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from textrnn import checks

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.01, 100.0
HALVINGS = 60  # of that range on a logarithmic scale, down to the last bits of a float64


class CalibrationError(ValueError):
    """The texts do not determine a temperature."""


@dataclass(frozen=True)
class Calibration:
    """Result of a calibration, measured on the texts it was fitted on.

    Attributes:
        texts: Number of texts.
        temperature: Fitted temperature.
        error_before: Expected calibration error with the model's previous temperature.
        error_after: Expected calibration error with the fitted temperature.
        loss_before: Mean negative log likelihood in nats with the previous temperature.
        loss_after: Mean negative log likelihood in nats with the fitted temperature; never greater.
    """

    texts: int
    temperature: float
    error_before: float
    error_after: float
    loss_before: float
    loss_after: float

    def __str__(self) -> str:
        return (
            f"{self.texts:,} texts, temperature {self.temperature:.3f}: expected calibration error "
            f"{self.error_before:.4f} before, {self.error_after:.4f} after; negative log likelihood "
            f"{self.loss_before:.4f} before, {self.loss_after:.4f} after"
        )


def temper(logits: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(logits / T), float64 `[N, labels]`; log-probabilities are logits too."""
    logits = np.asarray(logits, np.float64)
    with np.errstate(over="ignore"):  # the coldest temperatures leave the likeliest label alone
        odds = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def fit_temperature(logits: np.ndarray, truths: np.ndarray) -> float:
    """The temperature that maximizes the likelihood of the true labels.

    Args:
        logits: Logits or log-probabilities, float `[N, labels]`.
        truths: Number of each row's true label, int `[N]`.

    Returns:
        T, from 0.01 to 100.

    Raises:
        CalibrationError: If every prediction is right: the likelihood then has no maximum.
        ValueError, TypeError: If the arrays are not of these shapes and kinds, or hold a number that is not finite.
    """
    logits, truths = check_rows("logits", logits, truths)
    if (logits.argmax(axis=-1) == truths).all():
        raise CalibrationError(
            "a temperature needs wrong predictions to be fitted on; every text was classified correctly."
        )
    right = logits[np.arange(len(truths)), truths]
    coldest, hottest = MIN_TEMPERATURE, MAX_TEMPERATURE
    for _ in range(HALVINGS):
        temperature = float(np.sqrt(coldest * hottest))
        # d loss / d(1/T) = E[logit] - logit of the truth. The loss is convex in 1/T, so this rises with 1/T.
        slope = ((temper(logits, temperature) * logits).sum(axis=-1) - right).mean()
        coldest, hottest = (temperature, hottest) if slope > 0 else (coldest, temperature)
    return float(np.sqrt(coldest * hottest))


def expected_calibration_error(probabilities: np.ndarray, truths: np.ndarray, bins: int = 15) -> float:
    """Mean distance between the probability of predictions and how often they are right.

    Predictions are sorted by probability into bins of equal width. The error is the mean distance between accuracy
    and mean probability of a bin, weighted by its number of predictions.

    Args:
        probabilities: Float `[N, labels]`.
        truths: Number of each row's true label, int `[N]`.
        bins: Number of bins; a bin includes its upper end.

    Raises:
        ValueError, TypeError: If the arrays are not of these shapes and kinds, or `bins` is no positive integer.
    """
    probabilities, truths = check_rows("probabilities", probabilities, truths)
    checks.positive_integer("bins", bins)
    confidence = probabilities.max(axis=-1)
    is_right = probabilities.argmax(axis=-1) == truths
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(bin_of, weights=is_right - confidence)).sum() / len(truths))


def mean_negative_log_likelihood(probabilities: np.ndarray, truths: np.ndarray) -> float:
    """Mean negative log likelihood in nats; a probability of 0 counts as the least positive float64."""
    probabilities, truths = check_rows("probabilities", probabilities, truths)
    of_truth = probabilities[np.arange(len(truths)), truths]
    return float(-np.log(np.maximum(of_truth, np.finfo(np.float64).tiny)).mean())


def check_rows(name: str, rows: np.ndarray, truths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check rows and true labels: finite float64 `[N, labels]` and int64 `[N]`.

    Raises:
        ValueError, TypeError: If they have other shapes or types, or there are no rows.
    """
    rows, truths = np.asarray(rows, np.float64), np.asarray(truths)
    if rows.ndim != 2 or rows.shape[1] < 2 or not len(rows) or not np.isfinite(rows).all():
        raise ValueError(f"`{name}` must be finite numbers [N, labels], two labels or more; received {rows.shape}.")
    if not np.issubdtype(truths.dtype, np.integer):
        raise TypeError(f"`truths` must be numbers of labels, integers; received {truths.dtype}.")
    if truths.shape != rows.shape[:1]:
        raise ValueError(f"`truths` must be one for each row, {len(rows)}; received shape {truths.shape}.")
    if truths.min() < 0 or truths.max() >= rows.shape[1]:
        raise ValueError(
            f"`truths` must be from 0 to {rows.shape[1] - 1}; received {truths.min()} to {truths.max()}."
        )
    return rows, truths.astype(np.int64)
