"""The virtual adversarial loss of a classifier's encoder."""

from __future__ import annotations

import functools
from typing import Any

import tensorflow as tf


def virtual_adversarial_loss(
    encoder: Any, ids: tf.Tensor, mask: tf.Tensor, radius: float, bptt: int | None = None
) -> tf.Tensor:
    """Divergence of the prediction under the worst small perturbation of each text's embeddings::

        KL(p(x) || p(x + r)),   r = radius ||x|| g / ||g||,   g = the gradient of KL(p(x) || p(x + d)) at a small d

    Dropout is off. The perturbation is relative to the norm of the embeddings, so larger embeddings do not escape it;
    the paper normalizes them for that purpose.

    Works inside a `tf.function` only.

    Paper: Miyato et al., 2017, arXiv 1605.07725, virtual adversarial training.

    Args:
        encoder: Function from ids, mask and a `perturbation` of their embeddings to logits.
        ids: Int `[B, T]`.
        mask: Bool `[B, T]`.
        radius: Length of the perturbation as a fraction of the embeddings' norm.
        bptt: Number of steps, counted from the last, that are perturbed; None for all.

    Returns:
        Float32 `[B]`, in nats.
    """
    embedded = tf.stop_gradient(tf.cast(encoder.embed_tokens(ids), tf.float32))
    real = tf.cast(mask, tf.float32)[..., None]
    size = tf.norm(embedded * real, axis=[1, 2], keepdims=True)
    read = functools.partial(encoder, ids, mask=mask, training=False, bptt=bptt)

    def of_length(direction: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        direction *= real
        return tf.math.divide_no_nan(length * direction, tf.norm(direction, axis=[1, 2], keepdims=True))

    clean = tf.stop_gradient(read())
    drawn = tf.random.stateless_normal(tf.shape(embedded), tf.cast(encoder.direction_seeds.next(), tf.int32))
    small = of_length(drawn, radius * size)
    # `tf.gradients`, no tape: a tape inside that of the training step would trace gradients of gradients.
    (direction,) = tf.gradients(_divergence(clean, read(perturbation=small)), small)
    worst = of_length(tf.stop_gradient(direction), radius * size)
    return _divergence(clean, read(perturbation=worst))


def _divergence(logits: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """KL(p || q) of each row, float32 `[B]`, in nats."""
    log_p, log_q = tf.nn.log_softmax(logits), tf.nn.log_softmax(others)
    return tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), axis=-1)
