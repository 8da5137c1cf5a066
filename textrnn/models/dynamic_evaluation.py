"""Dynamic evaluation: weights that adapt to a text while it is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from textrnn.progress import Progress

# Chosen on the tuning part (docs/results/language_models.md), where 1e-4 and 1e-3 gain less, and windows of 16 and 64
# the same.
WINDOW = 32  # tokens between two updates
LEARNING_RATE = 3e-4
DECAY = 1e-3
SQUARES_KEPT = 0.999  # of the mean squares of the gradients, at an update
SMALLEST = 1e-8


def score_dynamically(
    model: Any,
    ids: np.ndarray,
    states: tuple[tf.Tensor, ...],
    start_id: int,
    *,
    learning_rate: float = LEARNING_RATE,
    decay: float = DECAY,
    progress: bool = False,
) -> np.ndarray:
    """Log-probabilities of a text; each window of 32 tokens, once scored, updates the weights.

    No token is predicted with weights that have seen it. An update is

        w <- w - rate g / (sqrt(s) + eps) + decay (w_0 - w)

    with s the running mean of g^2. The weights start as the trained ones, w_0, and are restored afterwards.

    Paper: Krause et al., 2018, Dynamic evaluation of neural sequence models, arXiv 1709.07432, section 4.1; there s
    is measured on the training text beforehand.

    Args:
        model: A `LanguageModel`.
        ids: The text, int32 `[N]`.
        states: States before it, of one row.
        start_id: Token before it.
        learning_rate: Size of an update.
        decay: Fraction of the distance to the trained weights that an update undoes.
        progress: Whether to show a bar on a terminal.

    Returns:
        Float64 `[N]`.
    """
    follower = _Follower(model, learning_rate, decay)
    inputs, parts = np.append(np.int32(start_id), ids[:-1].astype(np.int32)), [np.zeros(0)]
    try:
        with Progress(len(ids), "token", is_shown=progress, unit_scale=True) as bar:
            for begin in range(0, len(ids), WINDOW):
                window = slice(begin, begin + WINDOW)
                scores, states = follower.read(inputs[None, window], ids[None, window].astype(np.int32), states)
                parts.append(scores.numpy().astype(np.float64))
                bar.update(len(parts[-1]))
    finally:
        follower.restore()
    return np.concatenate(parts)


class _Follower:
    """A model whose weights adapt to the text it reads."""

    def __init__(self, model: Any, learning_rate: float, decay: float) -> None:
        self.model = model
        self.learning_rate = learning_rate
        self.decay = decay
        self.weights = model.trainable_variables
        self.trained = [tf.constant(weight.numpy()) for weight in self.weights]
        self.squares = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in self.trained]
        self.updates = tf.Variable(0.0, trainable=False)
        states = tuple(tf.TensorSpec([1, *state.shape[1:]], state.dtype) for state in model.initial_states(1))
        window = tf.TensorSpec([1, None], tf.int32)
        self.read = tf.function(self._read, input_signature=[window, window, states], autograph=False)

    def _read(self, inputs: tf.Tensor, targets: tf.Tensor, states: Any) -> tuple[tf.Tensor, Any]:
        """The log-probabilities `[T]` of the targets and the states after them, before the weights are updated."""
        variables = [weight.value for weight in self.weights]
        with tf.GradientTape() as tape:
            logits, states = self.model.forward(inputs, states, training=False)  # nothing is dropped
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(losses)
        self._move([tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)])
        return -losses[0], states

    def _move(self, gradients: list[tf.Tensor]) -> None:
        unbiased = 1 - tf.pow(SQUARES_KEPT, self.updates.assign_add(1.0))
        for weight, trained, square, gradient in zip(
            self.weights, self.trained, self.squares, gradients, strict=True
        ):
            mean = square.assign_add((1 - SQUARES_KEPT) * (gradient * gradient - square)) / tf.cast(
                unbiased, square.dtype
            )
            change = self.decay * (trained - weight.value) - self.learning_rate * gradient / (
                tf.sqrt(mean) + SMALLEST
            )
            weight.assign_add(change)

    def restore(self) -> None:
        for weight, trained in zip(self.weights, self.trained, strict=True):
            weight.assign(trained)
