"""Learning rate schedules, and the learning rate range test."""

import numpy as np
import pytest

import textrnn
from textrnn.training.schedule import Schedule

TEXTS = ["the sea is a slow clock.\n", "a rope, a lamp, a loaf of bread.\n"] * 40
SMALL = {"units": 16, "embedding_dim": 8, "batch_size": 4, "sequence_length": 16, "verbose": False}


def rates(kind, steps=100, warmup=20):
    return np.array([float(Schedule(kind, 2.0, steps, warmup)(step)) for step in range(steps)])


@pytest.mark.parametrize("kind", ["cosine", "one_cycle", "constant"])
def test_the_rate_rises_to_its_peak_over_the_warm_up(kind):
    found = rates(kind)
    assert (found > 0).all()
    assert found.max() == pytest.approx(2.0)
    assert found[:20].argmax() == 19
    assert (np.diff(found[:20]) > 0).all()


def test_a_cosine_falls_to_nothing_and_a_constant_stays():
    assert (np.diff(rates("cosine")[20:]) < 0).all()
    assert rates("cosine")[60] == pytest.approx(1.0)
    assert rates("cosine")[-1] < 0.001
    np.testing.assert_allclose(rates("constant")[20:], 2.0)


def test_one_cycle_rises_along_a_cosine():
    np.testing.assert_allclose(rates("one_cycle")[9], 1.0, rtol=1e-5)
    assert rates("one_cycle")[4] < rates("cosine")[4]
    np.testing.assert_allclose(rates("one_cycle")[20:], rates("cosine")[20:])


def test_a_range_test_rises_exponentially():
    found = rates("range_test")
    assert found[0] == pytest.approx(2e-5)
    assert found[-1] == pytest.approx(2.0)
    np.testing.assert_allclose(found[1:] / found[:-1], found[1] / found[0], rtol=1e-4)


def test_a_learning_rate_is_found_where_the_loss_falls():
    found = textrnn.find_learning_rate(TEXTS, **SMALL, highest=10.0, steps=60)
    assert len(found.rates) == len(found.losses) <= 60
    assert 1e-3 < found.suggestion < 1
    at = int(np.searchsorted(found.rates, found.suggestion))
    assert found.losses[at] < found.losses[0]
    assert found.losses[-1] > found.losses.min()  # it went on until the rate was too high


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"highest": 0}, ValueError, "`highest` must be a positive number; received 0"),
        ({"steps": 5}, ValueError, "`steps` must be an integer of at least 20; received 5"),
        ({"nonsense": 5}, TypeError, "nonsense"),
    ],
)
def test_invalid_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        textrnn.find_learning_rate(TEXTS, **SMALL, **options)
