"""What is minimized: the mean surprise over the real steps, or over the rows."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from textrnn import checks
from textrnn.training.batch import NO_LABEL, Batch
from textrnn.training.diagnosis import gradient_by_lag, measure_activations

ROWS_DIAGNOSED = 16  # of a batch: enough for a mean


class Objective(Protocol):
    """Runs a model on a batch and says how wrong it was."""

    @property
    def unit(self) -> str:
        """What is counted beside the summed loss, for a rate."""

    @property
    def target_axes(self) -> int:
        """How many axes the targets have."""

    def measures(self, loss: float, accuracy: float) -> dict[str, float]:
        """What to show and record of a mean loss and a mean accuracy; `loss` is among it."""

    def selection_key(self, loss: float, accuracy: float) -> tuple[float, ...]:
        """What the best weights have least of, on the validation data; what stands behind decides between equals."""

    def initial_states(self, model: Any, batch_size: Any, labels: np.ndarray | None = None) -> tuple[tf.Tensor, ...]:
        """What the model carries from batch to batch, empty; `labels` as in `Batch`."""

    def mean_weight(self, batch_targets: tf.Tensor) -> tf.Tensor | float:
        """What a row of the batch counts on average: a gradient so much larger is clipped no more."""

    def diagnose(self, model: Any, batch: Batch) -> dict[str, Any]:
        """What happens inside the model on a batch that begins anew, for the metrics."""

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
        """Summed loss in nats, number of correct answers (where `measures` shows accuracy), how many losses were
        summed, the states after. `batch_targets` are those of the whole batch, where `targets` are the part of a
        shard or replica.
        """


@dataclass(frozen=True)
class NextToken:
    """Cross-entropy of the next token at every real step.

    For a model with `hidden`, `token_losses` and `initial_states`.

    Args:
        tokens_per_character: To turn nats a token into bits a character; 1 for a character tokenizer.
        activation_regularization: Weight of the mean square of the last layer's outputs, before dropout, in training,
            in nats: alpha of Merity et al., 2017, arXiv 1708.01009.
        temporal_activation_regularization: Weight of the mean square of their change from a step to the next: beta of
            the same paper.
        has_lags: Whether a diagnosis says how far back gradients reach.
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
        inputs, targets = batch.inputs[:ROWS_DIAGNOSED], batch.targets[:ROWS_DIAGNOSED]
        states = self.initial_states(
            model, len(inputs), None if batch.labels is None else batch.labels[:ROWS_DIAGNOSED]
        )
        mask = inputs != 0 if batch.has_padding else None
        outputs, _ = model.hidden(inputs, states, mask=mask)
        if model.residual:  # each has those of the layer below in it
            outputs = [outputs[0], *(above - below for below, above in itertools.pairwise(outputs))]
        found: dict[str, Any] = {
            "activations": measure_activations(outputs, mask, are_bounded=model.cell != "min_gru")
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
            loss += penalty - tf.stop_gradient(penalty)  # it moves the weights and is not counted as surprise
        nothing = tf.zeros([])  # correct: nobody asks for them here, and finding them is a pass over all logits
        return loss, nothing, tf.reduce_sum(weights), states

    def _penalty(self, hidden: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Summed over the real steps, as the loss is."""
        size = tf.reduce_mean(tf.square(hidden), axis=-1)
        change = tf.reduce_mean(tf.square(hidden[:, 1:] - hidden[:, :-1]), axis=-1)
        are_both_real = weights[:, 1:] * weights[:, :-1]
        return self.activation_regularization * tf.reduce_sum(
            size * weights
        ) + self.temporal_activation_regularization * tf.reduce_sum(change * are_both_real)


@dataclass(frozen=True, eq=False)
class LabelOfText:
    """Cross-entropy of each row's label, if it has one, for a model with `text_encoders`, meant over them.

    In training the loss of a row is multiplied by the weight of its label. The mean divides by the number of rows,
    not by the sum of their weights, so that a text counts its weight whatever shares its batch. Hits have no weights,
    nor has what is only measured.

    Args:
        class_weights: What a text of each label counts in training, float `[labels]`.
        vat_weight: What the answer may not change where a text is moved a little counts beside it
            (`virtual_adversarial_loss`), whether it has a label or not; 0 for nothing.
        radius: How far a text is moved, as a fraction of the size of its embeddings.
        bptt: How many of a text's steps, those read last, a gradient reaches: truncated back-propagation through time
            (Williams and Peng, 1990). What was read before is remembered and pooled all the same. None for all.
        lm_loss_weight: What predicting each next token counts beside the label (an auxiliary loss that keeps
            what was learned before: Chronopoulou et al., 2019, arXiv 1902.10547).
        language_models: The model that each encoder began with, for this; their own weights stay as they are.
    """

    class_weights: np.ndarray
    vat_weight: float = 0.0
    radius: float = 0.02
    bptt: int | None = None
    lm_loss_weight: float = 0.0
    language_models: Sequence[Any] = ()

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
        """The error rate: on few texts the loss of a network that grows sure of itself rises while it gets better."""
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
        mask = inputs != 0
        logits, outputs = encoder.logits_and_outputs(inputs, mask=mask, training=True, bptt=self.bptt)
        loss, correct, rows = _sums(targets, logits, weights)
        extra = tf.zeros([])
        if self.vat_weight:
            vat_weight = virtual_adversarial_loss(encoder, texts, texts != 0, self.radius, self.bptt)
            # The sum is divided by the labeled rows later on; the mean is one over all rows.
            extra += self.vat_weight * labeled_share * tf.reduce_sum(vat_weight)
        if self.lm_loss_weight:
            surprise = self._surprise(self.language_models[number], encoder, inputs, mask, outputs)
            extra += self.lm_loss_weight * tf.reduce_sum(weights * surprise)
        return loss + extra - tf.stop_gradient(extra), correct, rows  # what is extra moves the weights, uncounted

    def _weights_of(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.constant(self.class_weights, tf.float32), labels)

    def _surprise(
        self, language_model: Any, encoder: Any, inputs: tf.Tensor, mask: tf.Tensor, outputs: tf.Tensor
    ) -> tf.Tensor:
        """Mean cross-entropy of each row's next tokens, float32 `[B]`, from the outputs before each."""
        ids, real = (encoder.split(steps, self.bptt, mask)[1] for steps in (inputs, mask))
        before, after = (slice(1, None), slice(None, -1)) if encoder.reverse else (slice(None, -1), slice(1, None))
        both = tf.cast(real[:, 1:] & real[:, :-1], tf.float32)
        seed = encoder.direction_seeds.next()
        losses = language_model.token_losses(outputs[:, before], ids[:, after], seed=seed) * both
        return tf.math.divide_no_nan(tf.reduce_sum(losses, axis=1), tf.reduce_sum(both, axis=1))


def virtual_adversarial_loss(
    encoder: Any, ids: tf.Tensor, mask: tf.Tensor, radius: float, bptt: int | None = None
) -> tf.Tensor:
    """How much the answer changes where each text's embeddings are moved in the direction that changes it most::

        KL(p(x) || p(x + r)),   r = radius ||x|| g / ||g||,   g = the gradient of KL(p(x) || p(x + d)) at a small d

    Nothing is dropped meanwhile. Since the step is measured by the size of the embeddings (of single tokens), larger
    embeddings do not escape it, for which the paper normalizes them.

    Within a `tf.function`.

    Paper: Miyato et al., 2017, arXiv 1605.07725, virtual adversarial training.

    Args:
        encoder: Ids, mask and a `perturbation` of their embeddings to logits.
        ids: Int `[B, T]`.
        mask: Bool `[B, T]`.
        radius: The length of the step as a fraction of that of the embeddings.
        bptt: How many of the steps read last a gradient reaches, which are those it moves; None for all.

    Returns:
        Float32 `[B]`, in nats.
    """
    embedded = tf.stop_gradient(tf.cast(encoder.embedding(ids), tf.float32))
    real = tf.cast(mask, tf.float32)[..., None]
    size = tf.norm(embedded * real, axis=[1, 2], keepdims=True)
    read = functools.partial(encoder, ids, mask=mask, training=False, bptt=bptt)

    def of_length(direction: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        direction *= real
        return tf.math.divide_no_nan(length * direction, tf.norm(direction, axis=[1, 2], keepdims=True))

    clean = tf.stop_gradient(read())
    drawn = tf.random.stateless_normal(tf.shape(embedded), tf.cast(encoder.direction_seeds.next(), tf.int32))
    small = of_length(drawn, radius * size)
    # Not a tape: inside the one of the training step it would make TensorFlow trace gradients of gradients.
    (direction,) = tf.gradients(_divergence(clean, read(perturbation=small)), small)
    worst = of_length(tf.stop_gradient(direction), radius * size)
    return _divergence(clean, read(perturbation=worst))


def _divergence(logits: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """KL(p || q) of each row, float32 `[B]`, in nats."""
    log_p, log_q = tf.nn.log_softmax(logits), tf.nn.log_softmax(others)
    return tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), axis=-1)


def _labeled_share(targets: tf.Tensor) -> tf.Tensor:
    are_labeled = tf.cast(targets != NO_LABEL, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(are_labeled), tf.cast(tf.size(targets), tf.float32))


def _sums(targets: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Summed weighted loss, summed correct, and the number of rows."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    correct = tf.cast(tf.argmax(logits, axis=-1, output_type=targets.dtype) == targets, tf.float32)
    return tf.reduce_sum(losses * weights), tf.reduce_sum(correct), tf.cast(tf.size(targets), tf.float32)
