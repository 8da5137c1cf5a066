"""The loss of a large vocabulary, estimated from some of its logits."""

import numpy as np
import pytest
import tensorflow as tf

from textrnn.layers.sampled_softmax import draw_tokens, sampled_cross_entropy

N, D, V = 7, 5, 50


@pytest.fixture
def parts():
    generator = np.random.default_rng(0)
    draw = lambda *shape: tf.constant(generator.normal(size=shape), tf.float32)  # noqa: E731
    return draw(N, D), tf.constant(generator.integers(V, size=N)), draw(V, D), draw(V)


def exact(hidden, targets, weights, bias):
    logits = tf.matmul(hidden, weights, transpose_b=True) + bias
    return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)


@pytest.mark.parametrize("num_sampled", [10, 30])
def test_the_estimate_of_the_sum_has_no_bias(parts, num_sampled):
    hidden, targets, weights, bias = parts
    own = tf.reduce_sum(hidden * tf.gather(weights, targets), axis=1) + tf.gather(bias, targets)
    draws = 1000
    run = tf.function(lambda seed: sampled_cross_entropy(*parts, num_sampled, seed), autograph=False)
    losses = np.stack([run(tf.constant([number, 1])) for number in range(draws)])
    sums = np.exp(losses + own)  # each draw's estimate of the softmax's denominator
    error = sums.mean(axis=0) - tf.exp(exact(*parts) + own).numpy()
    assert (np.abs(error) < 4 * sums.std(axis=0) / np.sqrt(draws)).all()


def test_negatives_are_sampled_at_their_stated_rate():
    draws = 20_000
    tokens, log_expected = draw_tokens(2 * draws, 3 * draws, tf.constant([1, 2]))
    np.testing.assert_array_equal(tokens[:draws], np.arange(draws))
    np.testing.assert_array_equal(log_expected[:draws], np.zeros(draws))
    few, expected = draw_tokens(10, V, tf.constant([3, 4]))
    assert few.shape == expected.shape == (10,)
    run = tf.function(lambda seed: draw_tokens(10, V, seed)[0], autograph=False)
    numbers = np.concatenate([run(tf.constant([n, 5]))[5:] for n in range(1000)])
    counts = np.bincount(numbers, minlength=V)
    ids = np.arange(5, V)
    chances = np.log1p(1 / ids) / np.log(V / 5)
    assert chances.sum() == pytest.approx(1)
    deviation = np.sqrt(len(numbers) * chances * (1 - chances))
    assert (np.abs(counts[5:] - len(numbers) * chances) < 5 * deviation).all()


def test_the_same_seed_gives_the_same_loss_and_another_one_another(parts):
    first, again, other = (sampled_cross_entropy(*parts, 12, tf.constant(seed)) for seed in ([1, 2], [1, 2], [1, 3]))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_gradient_is_that_of_the_estimate(parts):
    hidden, targets, weights, bias = parts
    step, seed = 1e-2, tf.constant([5, 6])
    direction = tf.constant(np.random.default_rng(1).normal(size=weights.shape), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = tf.reduce_sum(sampled_cross_entropy(hidden, targets, weights, bias, 12, seed))
    slope = tf.reduce_sum(tf.convert_to_tensor(tape.gradient(loss, weights)) * direction)
    ahead, behind = (
        tf.reduce_sum(sampled_cross_entropy(hidden, targets, weights + sign * step * direction, bias, 12, seed))
        for sign in (1, -1)
    )
    assert float(slope) == pytest.approx(float((ahead - behind) / (2 * step)), rel=2e-3)
