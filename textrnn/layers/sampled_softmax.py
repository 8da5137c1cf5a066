"""The loss of a large vocabulary without all of its logits."""

from __future__ import annotations

import math

import tensorflow as tf


def sampled_cross_entropy(
    hidden: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor, num_sampled: int, seed: tf.Tensor
) -> tf.Tensor:
    """Cross-entropy of each target, its softmax's sum estimated from some of the tokens::

        loss = log(exp(z_y) + sum_j exp(z_j) / E[how often j is drawn]) - z_y,   z_j = W_j h + b_j,   j != y

    Half of the summed tokens are the first of the vocabulary, always the same. The others are drawn from the rest,
    with a probability that falls as 1 / id. Where ids are sorted by how frequent tokens are, nearly all of
    the sum is then exact, and the estimate of it has no bias. One draw serves all targets.

    Papers: Bengio and Senecal, 2003, Quick training of probabilistic neural nets by importance sampling; Jean et al.,
    2015, arXiv 1412.2007.

    Args:
        hidden: Float `[N, D]`; products are computed in its type.
        targets: Int `[N]`.
        weights: Float `[V, D]`.
        bias: Float `[V]`.
        num_sampled: Number of tokens in the sum, 2 or more and less than V.
        seed: For the draw, int `[2]`.

    Returns:
        Float32 `[N]`, in nats.
    """
    targets = tf.cast(targets, tf.int32)
    tokens, log_expected = draw_tokens(num_sampled, weights.shape[0], seed)
    summed = tf.matmul(hidden, tf.cast(tf.gather(weights, tokens), hidden.dtype), transpose_b=True)
    summed = tf.cast(summed, tf.float32) + (tf.gather(tf.cast(bias, tf.float32), tokens) - log_expected)
    summed = tf.where(tokens == targets[:, None], tf.constant(-math.inf), summed)
    own = tf.reduce_sum(hidden * tf.cast(tf.gather(weights, targets), hidden.dtype), axis=1)
    own = tf.cast(own, tf.float32) + tf.gather(tf.cast(bias, tf.float32), targets)
    return tf.reduce_logsumexp(tf.concat([own[:, None], summed], axis=1), axis=1) - own


def draw_tokens(count: int, vocabulary_size: int, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Tokens int32 `[count]`, the first half of them the first of the vocabulary, and the logarithm of the expected
    number of each, float32 `[count]`."""
    first, drawn = count // 2, count - count // 2
    # Log-uniform over first to V: id i has the numbers between i and i + 1.
    span = math.log(vocabulary_size / first)
    exponents = tf.random.stateless_uniform([drawn], tf.cast(seed, tf.int32), maxval=span)
    tokens = tf.minimum(tf.cast(first * tf.exp(exponents), tf.int32), vocabulary_size - 1)
    ids = tf.cast(tokens, tf.float32)
    log_expected = tf.math.log(drawn * tf.math.log1p(1 / ids) / span)
    return tf.concat([tf.range(first), tokens], axis=0), tf.concat([tf.zeros([first]), log_expected], axis=0)
