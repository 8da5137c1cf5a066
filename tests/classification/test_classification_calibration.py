"""Temperature scaling against brute force, and the calibration error against sums by hand."""

import numpy as np
import pytest

from textrnn.classification import CalibrationError, expected_calibration_error, fit_temperature
from textrnn.classification.calibration import mean_negative_log_likelihood, temper


def drawn(rows, labels, temperature, seed=0):
    """Logits, and truths drawn with the probabilities they stand for at `temperature`."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=3, size=[rows, labels])
    truths = np.array([generator.choice(labels, p=row) for row in temper(logits, temperature)])
    return logits, truths


def test_calibration_error_is_the_sum_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.45, 0.55]])
    truths = np.array([0, 1, 1, 1])
    # Four bins: (0.5, 0.75] holds 0.7 and 0.55, both right; (0.75, 1] holds 0.9, right, and 0.8, wrong.
    by_hand = 2 / 4 * abs(1 - (0.7 + 0.55) / 2) + 2 / 4 * abs(1 / 2 - (0.9 + 0.8) / 2)
    assert expected_calibration_error(probabilities, truths, bins=4) == pytest.approx(by_hand)
    assert expected_calibration_error(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0, 1])) == pytest.approx(0.25)


@pytest.mark.parametrize("bins", [1, 7, 15])
def test_calibration_error_is_that_of_a_loop_over_bins(bins):
    logits, truths = drawn(300, 4, 2.0)
    probabilities = temper(logits, 1.0)
    confidence, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truths
    expected = 0.0
    for n in range(bins):
        inside = (confidence > n / bins) & (confidence <= (n + 1) / bins)
        if inside.any():
            expected += inside.mean() * abs(is_right[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(probabilities, truths, bins) == pytest.approx(expected)


@pytest.mark.parametrize(("labels", "temperature"), [(2, 0.4), (2, 3.0), (7, 1.5)])
def test_temperature_is_the_one_that_brute_force_finds(labels, temperature):
    logits, truths = drawn(2000, labels, temperature)
    tried = np.geomspace(0.05, 20, 20_001)
    losses = [mean_negative_log_likelihood(temper(logits, each), truths) for each in tried[::100]]
    near = int(np.argmin(losses)) * 100
    fine = tried[max(near - 100, 0) : near + 101]
    best = fine[np.argmin([mean_negative_log_likelihood(temper(logits, each), truths) for each in fine])]
    assert fit_temperature(logits, truths) == pytest.approx(best, rel=1e-3)
    assert best == pytest.approx(temperature, rel=0.1)


def test_adding_a_constant_to_logits_changes_nothing():
    logits, truths = drawn(200, 3, 2.0)
    logs = np.log(temper(logits, 1.0))
    assert fit_temperature(logs, truths) == pytest.approx(fit_temperature(logits + 1000, truths), rel=1e-6)


def test_fitting_the_temperature_ends_in_the_worst_cases():
    logits = np.array([[1.0, 0.0], [0.0, 2.0]])
    with pytest.raises(CalibrationError, match="every text was classified correctly"):
        fit_temperature(logits, np.array([0, 1]))
    assert fit_temperature(logits, np.array([1, 0])) == pytest.approx(100)  # nothing is known: as unsure as may be
    assert fit_temperature(logits * 1e-9, np.array([0, 1])[[0, 0]]) == pytest.approx(100)
    assert mean_negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(708, abs=1)


@pytest.mark.parametrize(
    ("rows", "truths", "error", "message"),
    [
        ([[0.5, 0.5]], [0.0], TypeError, "`truths` must be numbers of labels, integers; received float64"),
        ([[0.5, 0.5]], [2], ValueError, "`truths` must be from 0 to 1; received 2 to 2"),
        ([[0.5, 0.5]], [0, 1], ValueError, r"`truths` must be one for each row, 1; received shape \(2,\)"),
        ([0.5, 0.5], [0, 1], ValueError, r"must be finite numbers \[N, labels\].*received \(2,\)"),
        ([[0.5, np.nan]], [0], ValueError, "must be finite numbers"),
        (np.zeros([0, 2]), [], ValueError, r"received \(0, 2\)"),
    ],
)
def test_invalid_options_are_refused(rows, truths, error, message):
    for measure in (fit_temperature, expected_calibration_error):
        with pytest.raises(error, match=message):
            measure(np.array(rows), np.array(truths))
