"""Objectives: the mean cross-entropy over the real steps, or over the rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from textrnn import checks
from textrnn.hashing import hash_texts
from textrnn.training.adversarial import virtual_adversarial_loss
from textrnn.training.batch import NO_LABEL, Batch
from textrnn.training.diagnosis import gradient_by_lag, measure_activations

DIAGNOSED_ROWS = 16  # of a batch: enough for a mean


class Objective(Protocol):
    """The loss of a model on a batch, with its measures."""

    @property
    def unit(self) -> str:
        """Unit of the count, for a rate."""

    @property
    def target_axes(self) -> int:
        """Number of axes of the targets."""

    def measures(self, loss: float, accuracy: float) -> dict[str, float]:
        """Measures to show and record, from a mean loss and a mean accuracy; one of them is `loss`."""

    def selection_key(self, loss: float, accuracy: float) -> tuple[float, ...]:
        """Checkpoint sort key on the validation data; lower is better, later items break ties."""

    def initial_states(self, model: Any, batch_size: Any, labels: np.ndarray | None = None) -> tuple[tf.Tensor, ...]:
        """Initial values of the states carried from batch to batch; `labels` as in `Batch`."""

    def mean_weight(self, batch_targets: tf.Tensor) -> tf.Tensor | float:
        """Mean weight of the batch's rows, by which the clipping norm is multiplied."""

    def diagnose(self, model: Any, batch: Batch) -> dict[str, Any]:
        """Diagnosis of the model on a fresh batch, for the metrics."""

    def __call__(
        self,
        model: Any,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        *,
        has_padding: bool,
        training: bool,
        batch_targets: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        """Compute the loss of a batch or of a part of one.

        Args:
            model: Model to run.
            inputs: Ids, int32 `[B, T]`.
            targets: Targets, with `target_axes` axes.
            states: States before the first step.
            has_padding: Whether `inputs` contains padding.
            training: Whether dropout applies.
            batch_targets: Targets of the whole batch, if `targets` are those of a shard or replica.

        Returns:
            Summed loss in nats, number of correct predictions (where `measures` shows accuracy), number of summed
            losses, and the states after the last step.
        """


@dataclass(frozen=True)
class NextToken:
    """Cross-entropy of the next token at every real step.

    For a model with `hidden`, `token_losses` and `initial_states`.

    Args:
        tokens_per_character: Factor from nats per token to nats per character; 1 for a character tokenizer.
        activation_regularization: Weight in training of the mean square of the last layer's outputs before dropout,
            in nats: alpha of Merity et al., 2017, arXiv 1708.01009.
        temporal_activation_regularization: Weight of the mean square of these outputs' change from step to step: beta
            of the same paper.
        has_lags: Whether a diagnosis measures how far back gradients reach.
    """

    tokens_per_character: float = 1.0
    activation_regularization: float = 0.0
    temporal_activation_regularization: float = 0.0
    has_lags: bool = False

    def __post_init__(self) -> None:
        checks.non_negative_number("activation_regularization", self.activation_regularization)
        checks.non_negative_number("temporal_activation_regularization", self.temporal_activation_regularization)

    @property
    def unit(self) -> str:
        return "characters" if self.tokens_per_character == 1 else "tokens"

    @property
    def target_axes(self) -> int:
        return 2

    def measures(self, loss: float, accuracy: float) -> dict[str, float]:
        return {"loss": loss, "bits_per_character": loss / math.log(2) * self.tokens_per_character}

    def selection_key(self, loss: float, accuracy: float) -> tuple[float, ...]:
        return (loss,)

    def initial_states(self, model: Any, batch_size: Any, labels: np.ndarray | None = None) -> tuple[tf.Tensor, ...]:
        return tuple(model.initial_states(batch_size) if labels is None else model.initial_states(batch_size, labels))

    def mean_weight(self, batch_targets: tf.Tensor) -> float:
        return 1.0

    def diagnose(self, model: Any, batch: Batch) -> dict[str, Any]:
        inputs, targets = batch.inputs[:DIAGNOSED_ROWS], batch.targets[:DIAGNOSED_ROWS]
        states = self.initial_states(
            model, len(inputs), None if batch.labels is None else batch.labels[:DIAGNOSED_ROWS]
        )
        mask = inputs != 0 if batch.has_padding else None
        outputs, _ = model.hidden(inputs, states, mask=mask)
        if model.residual:  # each output includes that of the layer below
            outputs = [outputs[0], *(above - below for below, above in itertools.pairwise(outputs))]
        found: dict[str, Any] = {
            "activations": measure_activations(outputs, mask, are_bounded=model.cell in ("rnn", "lstm", "gru"))
        }
        if self.has_lags:
            are_full = np.flatnonzero(inputs[:, -1]) if batch.has_padding else np.arange(len(inputs))
            if len(are_full):  # rows with a real last step
                rows = [tf.gather(state, are_full) for state in states]
                found["gradient_by_lag"] = gradient_by_lag(model, inputs[are_full], targets[are_full], tuple(rows))
        return found

    def __call__(
        self,
        model: Any,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        *,
        has_padding: bool,
        training: bool,
        batch_targets: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        mask = inputs != 0 if has_padding else None
        outputs, states = model.hidden(inputs, states, mask=mask, training=training)
        weights = tf.ones_like(targets, tf.float32) if mask is None else tf.cast(mask, tf.float32)
        losses = model.token_losses(outputs[-1], targets, training=training)
        loss = tf.reduce_sum(losses * weights)
        if training and (self.activation_regularization or self.temporal_activation_regularization):
            penalty = self._penalty(tf.cast(outputs[-1], tf.float32), weights)
            loss += penalty - tf.stop_gradient(penalty)  # has a gradient but adds nothing to the reported loss
        nothing = tf.zeros([])  # correct predictions are not reported here and would cost a pass over all logits
        return loss, nothing, tf.reduce_sum(weights), states

    def _penalty(self, hidden: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Penalty of the outputs, summed over the real steps as the loss is."""
        size = tf.reduce_mean(tf.square(hidden), axis=-1)
        change = tf.reduce_mean(tf.square(hidden[:, 1:] - hidden[:, :-1]), axis=-1)
        are_both_real = weights[:, 1:] * weights[:, :-1]
        return self.activation_regularization * tf.reduce_sum(
            size * weights
        ) + self.temporal_activation_regularization * tf.reduce_sum(change * are_both_real)


@dataclass(frozen=True, eq=False)
class LabelOfText:
    """Cross-entropy of each row's label, if it has one, averaged over the `text_encoders` of a model.

    In training the loss of a row is multiplied by the weight of its label. The mean divides by the number of rows,
    not by the sum of their weights, so the weight of a text does not depend on the other texts of its batch. Accuracy
    and evaluation are unweighted.

    Args:
        class_weights: Weight of a text of each label in training, float `[labels]`.
        vat_weight: Weight of the virtual adversarial loss (`virtual_adversarial_loss`) of all texts, labeled or not;
            0 disables it.
        radius: Length of the adversarial perturbation as a fraction of the norm of a text's embeddings.
        bptt: Number of steps that gradients reach, counted from the last: truncated back-propagation through time
            (Williams and Peng, 1990). Earlier steps are read and pooled without a gradient. None for all steps.
        lm_loss_weight: Weight of the language model's loss, an auxiliary loss that preserves pretrained features
            (Chronopoulou et al., 2019, arXiv 1902.10547).
        language_models: Language model that each encoder started from, for this loss; their own weights are frozen.
        folds: Number of folds of the texts (`textrnn.hashing.hash_texts`), as many as encoders: each learns from all
            folds but its own, which shows how it answers new texts. 0 for encoders that learn from every text.
    """

    class_weights: np.ndarray
    vat_weight: float = 0.0
    radius: float = 0.02
    bptt: int | None = None
    lm_loss_weight: float = 0.0
    language_models: Sequence[Any] = ()
    folds: int = 0

    def __post_init__(self) -> None:
        checks.non_negative_number("vat_weight", self.vat_weight)
        checks.positive_number("radius", self.radius)
        if self.bptt is not None:
            checks.positive_integer("bptt", self.bptt)
        checks.non_negative_number("lm_loss_weight", self.lm_loss_weight)

    @property
    def unit(self) -> str:
        return "texts"

    @property
    def target_axes(self) -> int:
        return 1

    def measures(self, loss: float, accuracy: float) -> dict[str, float]:
        return {"loss": loss, "accuracy": accuracy}

    def selection_key(self, loss: float, accuracy: float) -> tuple[float, ...]:
        """The error rate, then the loss: the loss of an overconfident network rises while its accuracy improves."""
        return (1 - accuracy, loss)

    def initial_states(self, model: Any, batch_size: Any, labels: np.ndarray | None = None) -> tuple[tf.Tensor, ...]:
        return ()

    def mean_weight(self, batch_targets: tf.Tensor) -> tf.Tensor:
        labels = tf.boolean_mask(batch_targets, batch_targets != NO_LABEL)
        return tf.reduce_mean(self._weights_of(labels))

    def diagnose(self, model: Any, batch: Batch) -> dict[str, Any]:
        return {}

    def __call__(
        self,
        model: Any,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        *,
        has_padding: bool,
        training: bool,
        batch_targets: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        if not training:
            logits = model(inputs, training=False)
            return (*_sums(targets, logits, tf.ones_like(targets, tf.float32)), states)
        labeled_share = _labeled_share(targets if batch_targets is None else batch_targets)
        sums = [
            self._sums(n, encoder, inputs, targets, labeled_share) for n, encoder in enumerate(model.text_encoders)
        ]
        return (*(tf.add_n(list(column)) / len(sums) for column in zip(*sums, strict=True)), states)

    def _sums(
        self, number: int, encoder: Any, texts: tf.Tensor, targets: tf.Tensor, labeled_share: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        are_labeled = targets != NO_LABEL
        inputs, targets = tf.boolean_mask(texts, are_labeled), tf.boolean_mask(targets, are_labeled)
        weights = self._weights_of(targets)
        if self.folds:
            steps = tf.range(1, tf.shape(inputs, tf.int64)[1] + 1)
            is_read = hash_texts(tf.cast(inputs, tf.int64), steps, self.folds) != number
            weights *= tf.cast(is_read, tf.float32) * self.folds / (self.folds - 1)
        mask = inputs != 0
        logits, outputs = encoder.logits_and_outputs(inputs, mask=mask, training=True, bptt=self.bptt)
        loss, correct, rows = _sums(targets, logits, weights)
        extra = tf.zeros([])
        if self.vat_weight:
            vat_weight = virtual_adversarial_loss(encoder, texts, texts != 0, self.radius, self.bptt)
            # The caller divides the sum by the number of labeled rows; this mean is over all rows.
            extra += self.vat_weight * labeled_share * tf.reduce_sum(vat_weight)
        if self.lm_loss_weight:
            language_loss = self._language_loss(self.language_models[number], encoder, inputs, mask, outputs)
            extra += self.lm_loss_weight * tf.reduce_sum(weights * language_loss)
        return loss + extra - tf.stop_gradient(extra), correct, rows  # extra has a gradient but is not reported

    def _weights_of(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.constant(self.class_weights, tf.float32), labels)

    def _language_loss(
        self, language_model: Any, encoder: Any, inputs: tf.Tensor, mask: tf.Tensor, outputs: tf.Tensor
    ) -> tf.Tensor:
        """Mean cross-entropy of each row's next tokens, float32 `[B]`, from the outputs before each."""
        ids, real = (encoder.split(steps, self.bptt, mask)[1] for steps in (inputs, mask))
        before, after = (slice(1, None), slice(None, -1)) if encoder.reverse else (slice(None, -1), slice(1, None))
        both = tf.cast(real[:, 1:] & real[:, :-1], tf.float32)
        seed = encoder.direction_seeds.next()
        losses = language_model.token_losses(outputs[:, before], ids[:, after], seed=seed) * both
        return tf.math.divide_no_nan(tf.reduce_sum(losses, axis=1), tf.reduce_sum(both, axis=1))


def _labeled_share(targets: tf.Tensor) -> tf.Tensor:
    are_labeled = tf.cast(targets != NO_LABEL, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(are_labeled), tf.cast(tf.size(targets), tf.float32))


def _sums(targets: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Summed weighted loss, number of correct predictions, and number of rows."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    correct = tf.cast(tf.argmax(logits, axis=-1, output_type=targets.dtype) == targets, tf.float32)
    return tf.reduce_sum(losses * weights), tf.reduce_sum(correct), tf.cast(tf.size(targets), tf.float32)
