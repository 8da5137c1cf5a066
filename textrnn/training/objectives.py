"""What is minimised: the mean surprise over the real steps, or over the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf


class Objective(Protocol):
    """Runs a model on a batch and says how wrong it was."""

    @property
    def unit(self) -> str:
        """What the summed weight counts, for a rate."""

    @property
    def target_axes(self) -> int:
        """How many axes the targets have."""

    def measures(self, loss: float, accuracy: float) -> dict[str, float]:
        """What to show and record of a mean loss and a mean accuracy; `loss` is among it."""

    def badness(self, loss: float, accuracy: float) -> float:
        """What the best weights have least of, on the validation data."""

    def initial_states(self, model: Any, batch_size: Any) -> tuple[tf.Tensor, ...]:
        """What the model carries from batch to batch, empty."""

    def __call__(
        self,
        model: Any,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        *,
        has_padding: bool,
        training: bool,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        """Summed loss in nats, summed hits (where `measures` shows accuracy), summed weight, the states after."""


@dataclass(frozen=True)
class NextSymbol:
    """Cross-entropy of the next symbol at every real step, for a model with `forward` and `initial_states`.

    Args:
        symbols_per_character: To turn nats a symbol into bits a character; 1 for a character tokenizer.
    """

    symbols_per_character: float = 1.0

    @property
    def unit(self) -> str:
        return "characters" if self.symbols_per_character == 1 else "symbols"

    @property
    def target_axes(self) -> int:
        return 2

    def measures(self, loss: float, accuracy: float) -> dict[str, float]:
        return {"loss": loss, "bits_per_character": loss / math.log(2) * self.symbols_per_character}

    def badness(self, loss: float, accuracy: float) -> float:
        return loss

    def initial_states(self, model: Any, batch_size: Any) -> tuple[tf.Tensor, ...]:
        return tuple(model.initial_states(batch_size))

    def __call__(
        self,
        model: Any,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        *,
        has_padding: bool,
        training: bool,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        mask = inputs != 0 if has_padding else None
        logits, states = model.forward(inputs, states, mask=mask, training=training)
        weights = tf.ones_like(targets, tf.float32) if mask is None else tf.cast(mask, tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        nothing = tf.zeros([])  # hits: nobody asks for them here, and finding them is a pass over all logits
        return tf.reduce_sum(losses * weights), nothing, tf.reduce_sum(weights), states


@dataclass(frozen=True, eq=False)
class LabelOfText:
    """Cross-entropy of each row's label, for a model with `reader_logits`, meant over its readers.

    Args:
        class_weights: What a text of each label counts in training, float `[labels]`.
    """

    class_weights: np.ndarray

    @property
    def unit(self) -> str:
        return "texts"

    @property
    def target_axes(self) -> int:
        return 1

    def measures(self, loss: float, accuracy: float) -> dict[str, float]:
        return {"loss": loss, "accuracy": accuracy}

    def badness(self, loss: float, accuracy: float) -> float:
        """The error rate: on few texts the loss of a network that grows sure of itself rises while it gets better."""
        return 1 - accuracy

    def initial_states(self, model: Any, batch_size: Any) -> tuple[tf.Tensor, ...]:
        return ()

    def __call__(
        self,
        model: Any,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        *,
        has_padding: bool,
        training: bool,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        if not training:
            logits = model(inputs, training=False)
            return (*_weighted_sums(targets, logits, tf.ones_like(targets, tf.float32)), states)
        weights = tf.gather(tf.constant(self.class_weights, tf.float32), targets)
        readers = tf.unstack(model.reader_logits(inputs, training=True))
        sums = [_weighted_sums(targets, logits, weights) for logits in readers]
        return (*(tf.add_n(list(column)) / len(readers) for column in zip(*sums, strict=True)), states)


def _weighted_sums(
    targets: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    hits = tf.cast(tf.argmax(logits, axis=-1, output_type=targets.dtype) == targets, tf.float32)
    return tf.reduce_sum(losses * weights), tf.reduce_sum(hits * weights), tf.reduce_sum(weights)
