"""Probabilities that mean what they say: temperature scaling, and how far from that they are.

Guo et al., 2017, arXiv 1706.04599. One number T, fitted on texts that were not trained on, divides the logits: above
1 it makes a model less sure, below 1 surer. The order of a text's labels, and so every answer, stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from textrnn import checks

COLDEST, HOTTEST = 0.01, 100.0  # temperatures looked at
HALVINGS = 60  # of that range, on a scale of logarithms: down to the last bits of a float64


class CalibrationError(ValueError):
    """No temperature can be told from the texts."""


@dataclass(frozen=True)
class Calibration:
    """What a calibration has done, measured on the texts it was fitted on.

    Attributes:
        texts: How many there were.
        temperature: The one that was found.
        error_before: The expected calibration error with the temperature the model had.
        error_after: The same with the one that was found.
        loss_before: The mean negative log likelihood in nats, likewise.
        loss_after: The same with the one that was found: never more.
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
    """The temperature with which the truths are likeliest.

    Args:
        logits: Logits or log-probabilities, float `[N, labels]`.
        truths: The number of each row's right label, int `[N]`.

    Returns:
        T, from 0.01 to 100.

    Raises:
        CalibrationError: If every answer is right: the colder, the likelier then.
        ValueError, TypeError: If the arrays are not of these shapes and kinds, or hold a number that is not finite.
    """
    logits, truths = check_rows("logits", logits, truths)
    if (logits.argmax(axis=-1) == truths).all():
        raise CalibrationError("a temperature shows in wrong answers; every text was answered right.")
    right = logits[np.arange(len(truths)), truths]
    coldest, hottest = COLDEST, HOTTEST
    for _ in range(HALVINGS):
        temperature = float(np.sqrt(coldest * hottest))
        # d loss / d(1/T) = E[logit] - logit of the truth. The loss is convex in 1/T, so this rises with 1/T.
        slope = ((temper(logits, temperature) * logits).sum(axis=-1) - right).mean()
        coldest, hottest = (temperature, hottest) if slope > 0 else (coldest, temperature)
    return float(np.sqrt(coldest * hottest))


def expected_calibration_error(probabilities: np.ndarray, truths: np.ndarray, bins: int = 15) -> float:
    """How far the probability of an answer is from how often such answers are right.

    Answers are sorted into bins of equal width by their probability; what is returned is the mean distance between
    accuracy and mean probability of a bin, weighted by how many answers are in it.

    Args:
        probabilities: Float `[N, labels]`.
        truths: The number of each row's right label, int `[N]`.
        bins: How many there are; a bin holds its upper end.

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
    """In nats; a truth that was held impossible counts as the least probability a float64 can state."""
    probabilities, truths = check_rows("probabilities", probabilities, truths)
    of_truth = probabilities[np.arange(len(truths)), truths]
    return float(-np.log(np.maximum(of_truth, np.finfo(np.float64).tiny)).mean())


def check_rows(name: str, rows: np.ndarray, truths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows as finite float64 `[N, labels]` with a truth each, int64 `[N]`.

    Raises:
        ValueError, TypeError: If they are not that, or there is none.
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
