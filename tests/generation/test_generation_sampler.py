"""Sampling: each filter keeps the right tokens, and draws follow the probabilities."""

import numpy as np
import pytest

from textrnn.generation import Sampler

NOTHING = np.zeros([1, 0], np.int64)  # recently written
HALVES = np.log([[0.5, 0.25, 0.15, 0.1]])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.5, 0.25, 0.15, 0.1]),
        ({"temperature": 0}, [1, 0, 0, 0]),
        ({"temperature": 0.5}, np.square([0.5, 0.25, 0.15, 0.1]) / 0.345),
        ({"temperature": 1e-12}, [1, 0, 0, 0]),
        ({"temperature": 1e12}, [0.25, 0.25, 0.25, 0.25]),
        ({"top_k": 1}, [1, 0, 0, 0]),
        ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 0.4}, [1, 0, 0, 0]),
        ({"top_p": 0.7}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 1.0}, [0.5, 0.25, 0.15, 0.1]),
        ({"min_p": 0.29}, [0.5 / 0.9, 0.25 / 0.9, 0.15 / 0.9, 0]),
        # In order: after top_k=3 the first two hold 0.75 / 0.9 of the mass, so that top_p=0.8 needs no third.
        ({"top_k": 3, "top_p": 0.8}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_k": 3, "top_p": 0.9, "min_p": 0.6}, [1, 0, 0, 0]),
    ],
)
def test_filters_keep_the_right_tokens(options, expected):
    probabilities = Sampler(**options).probabilities(HALVES)
    np.testing.assert_allclose(probabilities, [expected], rtol=1e-9, atol=1e-11)


def test_order_of_the_vocabulary_does_not_matter():
    order = [2, 0, 3, 1]
    sampler = Sampler(temperature=0.9, top_k=3, top_p=0.9, min_p=0.1)
    shuffled = sampler.probabilities(HALVES[:, order])
    np.testing.assert_allclose(shuffled, sampler.probabilities(HALVES)[:, order])


@pytest.mark.parametrize("options", [{"temperature": 0}, {"top_k": 1}])
def test_greedy_choice_takes_the_first_of_equal_tokens(options):
    assert Sampler(**options).probabilities(np.zeros((1, 3))).tolist() == [[1, 0, 0]]


DRAWN = {
    "plain": {},
    "warm": {"temperature": 1.3},
    "top_k": {"top_k": 4},
    "top_p": {"temperature": 0.8, "top_p": 0.9},
    "min_p": {"min_p": 0.2},
    "penalty": {"repetition_penalty": 2.0},
}
EXCEEDED_ONCE_IN_A_THOUSAND = {2: 13.816, 3: 16.266, 4: 18.467, 5: 20.515}  # chi-square, by degrees of freedom


@pytest.mark.parametrize(
    ("name", "is_alone"),
    [*((name, False) for name in DRAWN), *((name, True) for name in ("plain", "warm", "penalty"))],
)
def test_draws_follow_the_probabilities(name, is_alone):
    logits, recent = np.log([[0.02, 0.4, 0.13, 0.25, 0.05, 0.15]]), np.array([[1, 4]])
    sampler, count = Sampler(**DRAWN[name]), 100_000
    points = np.random.default_rng(5).random([count, 1])
    if is_alone:
        drawn = np.concatenate([sampler.choose(logits, point[None], recent) for point in points])
    else:
        drawn = sampler.choose(np.repeat(logits, count, axis=0), points, np.repeat(recent, count, axis=0))
    expected = sampler.probabilities(logits, recent)[0] * count
    found, is_possible = np.bincount(drawn, minlength=6), expected > 0
    assert not found[~is_possible].any()
    statistic = np.sum((found[is_possible] - expected[is_possible]) ** 2 / expected[is_possible])
    assert statistic < EXCEEDED_ONCE_IN_A_THOUSAND[is_possible.sum() - 1]


def test_filtered_tokens_are_never_drawn():
    logits = np.array([[-np.inf, 0.1, 3.0, 0.2, -np.inf]])
    for point in (0.0, np.nextafter(1, 0), 0.5):
        for options in ({}, {"top_k": 4}, {"top_p": 0.99}, {"min_p": 0.01}):
            assert Sampler(**options).choose(logits, np.array([[point]]), NOTHING)[0] in (1, 2, 3)
        assert Sampler(top_k=1).choose(logits, np.array([[point]]), NOTHING)[0] == 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"temperature": -1}, ValueError, "`temperature` must be a number of 0 or more; received -1"),
        ({"temperature": "hot"}, TypeError, "`temperature` must be a number of 0 or more; received 'hot'"),
        ({"temperature": float("nan")}, ValueError, "`temperature` must be .* received nan"),
        ({"top_k": 0}, ValueError, "`top_k` must be a positive integer; received 0"),
        ({"top_k": True}, TypeError, "`top_k` must be a positive integer; received True"),
        ({"top_p": 0}, ValueError, "`top_p` must be a number above 0 and of 1 or less; received 0"),
        ({"min_p": 1}, ValueError, "`min_p` must be a number of 0 or more and below 1; received 1"),
    ],
)
def test_wrong_setting_is_explained(options, error, message):
    with pytest.raises(error, match=message):
        Sampler(**options)
