"""Steps traced by TensorFlow: the training step and the evaluation step."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.shards import count_shards, map_shards
from textrnn.layers.tables import sum_by_row
from textrnn.training.averaging import WeightAverages
from textrnn.training.batch import Batch
from textrnn.training.objectives import Objective

States = tuple[tf.Tensor, ...]


class TracedSteps:
    """Training and evaluation steps, each traced once without and once with padding, for batches of any shape.

    They run under the `tf.distribute.Strategy` in whose scope they were made. Gradients are summed over the replicas
    before they are clipped, so the number of replicas changes only the speed.

    Args:
        model: A built Keras model.
        objective: Objective to minimize.
        optimizer: Optimizer, built for the model's trainable weights.
        averages: Averages of these weights, updated after each step.
        clip_norm: Largest global norm of the gradient, for rows of weight 1.
        rows: Most rows in a training batch.
        validation_rows: Most rows in a validation batch; None without validation.
    """

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        optimizer: keras.optimizers.Optimizer,
        averages: WeightAverages,
        *,
        clip_norm: float,
        rows: int,
        validation_rows: int | None,
    ) -> None:
        self.model = model
        self.objective = objective
        self.optimizer = optimizer
        self.averages = averages
        self.clip_norm = clip_norm
        self.rows = rows
        self.validation_rows = validation_rows
        self.strategy = tf.distribute.get_strategy()
        self.traced_training = self._traced(self._train)
        self.traced_evaluation = self._traced(self._evaluate)

    def train(self, batch: Batch, states: States) -> tuple[tf.Tensor, tf.Tensor, States]:
        """Update the weights once.

        Returns:
            Summed loss, correct predictions and count, float32 `[3]`; the norm of each weight's gradient before
            clipping; and the states after the batch.
        """
        return self.traced_training[batch.has_padding](batch.inputs, batch.targets, states)

    def evaluate(self, batch: Batch, states: States) -> tuple[tf.Tensor, States]:
        """The sums without dropout, and the states after the batch."""
        return self.traced_evaluation[batch.has_padding](batch.inputs, batch.targets, states)

    def _train(self, inputs: tf.Tensor, targets: tf.Tensor, states: States, *, has_padding: bool) -> Any:
        replica = functools.partial(self._replica_step, has_padding=has_padding)
        results = self.strategy.run(replica, args=(inputs, targets, states))
        return tf.nest.map_structure(lambda value: self.strategy.experimental_local_results(value)[0], results)

    def _traced(self, step: Callable[..., Any]) -> dict[bool, Any]:
        states = self.objective.initial_states(self.model, 1)
        signature = [
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None] * self.objective.target_axes, tf.int32),
            tuple(tf.TensorSpec([None, *state.shape[1:]], state.dtype) for state in states),
        ]
        return {
            # The code needs no AutoGraph, which would take longer than the tracing itself.
            has_padding: tf.function(
                functools.partial(step, has_padding=has_padding), input_signature=signature, autograph=False
            )
            for has_padding in (False, True)
        }

    def _replica_step(
        self, inputs: tf.Tensor, targets: tf.Tensor, states: States, *, has_padding: bool
    ) -> tuple[tf.Tensor, tf.Tensor, States]:
        """Compute the gradients of a replica's rows and apply the same update on every replica."""
        context = tf.distribute.get_replica_context()
        batch_targets = targets
        inputs, targets, states = tf.nest.map_structure(functools.partial(_share, context), (inputs, targets, states))
        variables = [variable.value for variable in self.model.trainable_variables]
        with tf.GradientTape() as tape:
            rows = self.rows // context.num_replicas_in_sync
            loss, correct, count, states = self._sums(
                rows,
                inputs,
                targets,
                states,
                has_padding=has_padding,
                training=True,
                batch_targets=batch_targets,
            )
        replicas = context.num_replicas_in_sync
        total = count if replicas == 1 else context.all_reduce(tf.distribute.ReduceOp.SUM, count)
        gradients = tape.gradient(loss, variables, output_gradients=1 / tf.maximum(total, 1e-9))
        gradients = _each_row_once(gradients)
        if replicas > 1:
            gradients, loss, correct = context.all_reduce(tf.distribute.ReduceOp.SUM, [gradients, loss, correct])
            gradients = _each_row_once(gradients)
            states = tuple(context.all_gather(state, axis=0) for state in states)
        norms = tf.stack([tf.cast(tf.norm(_values(gradient)), tf.float32) for gradient in gradients])
        # A text of weight ten moves the weights ten times as far, clipped or not.
        clip_norm = self.clip_norm * self.objective.mean_weight(batch_targets)
        gradients, _ = tf.clip_by_global_norm(gradients, clip_norm, use_norm=tf.norm(norms))
        self.averages.catch_up(gradients)
        if replicas > 1:  # Keras sums the gradients over the replicas again, which all hold the same ones here
            gradients = [_summand(context, gradient) for gradient in gradients]
        self.optimizer.apply(gradients, self.model.trainable_variables)
        self.averages.update(self.optimizer.iterations)
        return tf.stack([loss, correct, total]), norms, states

    def _evaluate(self, inputs: tf.Tensor, targets: tf.Tensor, states: States, *, has_padding: bool) -> Any:
        *sums, states = self._sums(
            self.validation_rows, inputs, targets, states, has_padding=has_padding, training=False
        )
        return tf.stack(sums), states

    def _sums(
        self,
        rows: int | None,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        states: States,
        **options: Any,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, States]:
        """The objective's sums over a batch of up to `rows` rows, in shards; `options` are the objective's."""
        run = functools.partial(self.objective, self.model, **options)
        parts = map_shards(run, count_shards(rows), inputs, targets, states)
        *sums, states_of = zip(*parts, strict=True)
        loss, correct, count = (tf.add_n(list(column)) for column in sums)
        return loss, correct, count, tuple(tf.concat(column, axis=0) for column in zip(*states_of, strict=True))


def _each_row_once(gradients: list[Any]) -> list[Any]:
    return [sum_by_row(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient for gradient in gradients]


def _summand(context: Any, gradient: Any) -> Any:
    """A replica's part of a sum that gives the gradient."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient / context.num_replicas_in_sync
    values, rows = (_share(context, part) for part in (gradient.values, gradient.indices))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def _values(gradient: Any) -> tf.Tensor:
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def _share(context: Any, rows: tf.Tensor) -> tf.Tensor:
    """The rows of a batch that belong to this replica."""
    replicas = context.num_replicas_in_sync
    if replicas == 1:
        return rows
    count, number = tf.shape(rows)[0], tf.cast(context.replica_id_in_sync_group, tf.int32)
    return rows[count * number // replicas : count * (number + 1) // replicas]
