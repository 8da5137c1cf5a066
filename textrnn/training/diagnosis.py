"""Diagnosis of a recurrent model in training: activations, and vanishing or exploding gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

SATURATED = 0.99  # above it the slope of a tanh, 1 - h^2, is below 0.02


def measure_activations(
    outputs: Sequence[tf.Tensor], mask: np.ndarray | None, *, are_bounded: bool = True
) -> list[dict[str, float]]:
    """Root mean square and saturated fraction of each layer's outputs at real steps.

    Args:
        outputs: Outputs of each layer, float `[B, T, H]`.
        mask: Bool `[B, T]`, True at real steps; None when all are.
        are_bounded: Whether the outputs come from a tanh; other outputs do not saturate.
    """
    found = []
    for output in outputs:
        values = tf.cast(output, tf.float32).numpy()
        real = np.abs(values if mask is None else values[mask])
        found.append({"rms": float(np.sqrt(np.mean(real**2)))})
        if are_bounded:
            found[-1]["saturated"] = float(np.mean(real > SATURATED))
    return found


def gradient_by_lag(
    model: Any, inputs: np.ndarray, targets: np.ndarray, states: tuple[tf.Tensor, ...]
) -> dict[str, float]:
    """Dependence of the loss at the last step on the states some steps before it.

    It is the norm of d loss_T / d states_{T-k} over all states of all layers, a mean over the rows, for
    k = 1, 2, 4 and so on. It falls geometrically with k if gradients vanish, and grows if they explode
    (Bengio et al., 1994; Pascanu et al., 2013, arXiv 1211.5063).

    Args:
        model: Model with `hidden` and `logits`.
        inputs: Ids, int32 `[B, T]`.
        targets: Next tokens, int32 `[B, T]`.
        states: States before the first step.

    Returns:
        The norm by k; k is a string, as in JSON.
    """
    steps, lag, found = inputs.shape[1], 1, {}
    while lag <= steps:
        _, at = model.hidden(inputs[:, : steps - lag], states) if lag < steps else ([], states)
        watched = [state for state in at if state.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            outputs, _ = model.hidden(inputs[:, steps - lag :], at)
            logits = model.logits(outputs[-1][:, -1:])
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(targets[:, -1:], logits)
        gradients = tf.concat(tape.gradient(loss, watched), axis=1)
        found[str(lag)] = float(tf.reduce_mean(tf.norm(gradients, axis=1)))
        lag *= 2
    return found
