"""The training loop, one for every model."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn.files import DamagedFileError
from textrnn.forks import check_process
from textrnn.memory import return_freed_memory
from textrnn.options import TrainingOptions
from textrnn.options.recipes import PLAIN_TRAINING
from textrnn.training.adamw import AdamW
from textrnn.training.averaging import WeightAverages
from textrnn.training.batch import Batch, Batches
from textrnn.training.checkpoint import (
    Position,
    assign_all,
    check_fit,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from textrnn.training.interrupt import Interrupt, TrainingInterrupted, deferred_interrupt
from textrnn.training.objectives import Objective
from textrnn.training.report import Report
from textrnn.training.run_folder import RunFolder
from textrnn.training.schedule import Schedule
from textrnn.training.traced_steps import TracedSteps

SECONDS_BETWEEN_TRIMS = 10.0  # each takes some milliseconds; in a minute glibc would collect some 200 MB


class TrainingDivergedError(ArithmeticError):
    """The loss or the gradient is no longer finite."""


class Trainer:
    """Trains a model, keeps the weights that are best on validation, and can stop and resume at any step.

    All random numbers follow from the data's seed and the epoch or from variables of the model, so a run that is
    killed and resumed ends with the same weights as one that never stopped. The loop runs under the
    `tf.distribute.Strategy` in whose scope it was made.

    Args:
        model: A built Keras model. For layerwise learning rates its `depths()` returns each trainable variable's
            number of layers from the output. If it has `tables()`, these weights are updated by rows.
        objective: Objective to minimize.
        batches: Training data.
        validation: Data that decide which weights are best; None keeps the last weights.
        validation_objective: Objective on the validation data; by default `objective`.
        options: Options of training, with `epochs` and `learning_rate` at least; `PLAIN_TRAINING` replaces None.
        run: Folder of checkpoints, metrics and the best model; None keeps nothing on the disk.
        checkpoint_seconds: Training time between checkpoints; each epoch also ends with one.
        callbacks: Keras callbacks. They see the usual logs; `model.stop_training = True` stops. At the end of an
            epoch the model has the averaged weights, if any, while the callbacks run.
        sample: Function that writes a sample of the model's text; called at intervals.
        is_shown: Whether to show progress.
    """

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        batches: Batches,
        validation: Batches | None,
        options: TrainingOptions,
        *,
        validation_objective: Objective | None = None,
        run: RunFolder | None = None,
        checkpoint_seconds: float = 60.0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        sample: Callable[[], str] | None = None,
        is_shown: bool = True,
    ) -> None:
        check_process()
        self.model = model
        self.objective = objective
        self.batches = batches
        self.validation = validation
        self.validation_objective = objective if validation_objective is None else validation_objective
        settings: Any = options.filled(PLAIN_TRAINING)
        self.settings = settings
        self.checkpoint_seconds = checkpoint_seconds
        self.run = run
        self.sample = sample
        self.steps = [batches.steps(epoch) for epoch in range(settings.epochs)]
        total = sum(self.steps)
        self.schedule = Schedule(settings.schedule, settings.learning_rate, total, round(settings.warmup * total))
        tables = model.tables() if hasattr(model, "tables") else []
        self.optimizer = self._make_optimizer(tables)
        self.optimizer.build(model.trainable_variables)
        model.optimizer = self.optimizer  # where callbacks look for it
        self.averages = WeightAverages(model.trainable_variables, settings.weight_averaging, tables)
        self.position = Position()
        self.has_started = False
        self.states: tuple[tf.Tensor, ...] = ()
        self.best_weights: list[np.ndarray] = []
        """Best weights of a run without a folder; that of another has a file of them."""
        self.callbacks = keras.callbacks.CallbackList(list(callbacks), model=model)
        self.callbacks.set_params({"epochs": settings.epochs, "steps": max(self.steps), "verbose": 0})
        self.is_shown = is_shown
        self.traced = TracedSteps(
            model,
            objective,
            self.optimizer,
            self.averages,
            clip_norm=settings.clip_norm,
            rows=batches.batch_size,
            validation_rows=None if validation is None else validation.batch_size,
        )

    def _make_optimizer(self, tables: Sequence[keras.Variable]) -> keras.optimizers.Optimizer:
        settings = self.settings
        if settings.layerwise_lr_decay == 1 and not settings.gradual_unfreezing:
            return AdamW(self.schedule, weight_decay=settings.weight_decay, tables=tables)
        depths = self.model.depths()
        last = settings.gradual_unfreezing * max(depths)
        if last >= settings.epochs:
            raise ValueError(
                f"`gradual_unfreezing` must let every layer begin to learn within the {settings.epochs} epochs; with "
                f"{settings.gradual_unfreezing} the lowest would wait for {last:g}."
            )
        return AdamW(
            self.schedule,
            weight_decay=settings.weight_decay,
            tables=tables,
            rates=[settings.layerwise_lr_decay**depth for depth in depths],
            starts=[round(settings.gradual_unfreezing * depth * self.steps[0]) for depth in depths],
        )

    def restore(self) -> None:
        """Restore the run's last checkpoint."""
        if self.run is None:
            raise ValueError("`run` must be a run folder to restore from; received None.")
        path = self.run.checkpoint
        position, arrays = load_checkpoint(path)
        if _has_best(position):
            check_fit(self.model.variables, list(load_weights(self.run.best)), self.run.best)
        self._check_position(position, arrays.get("states", []), path)
        assign_all(self.model.variables, arrays.get("model", []), path)
        assign_all(self.optimizer.variables, arrays.get("optimizer", []), path)
        assign_all(self.averages.variables, arrays.get("averages", []), path)
        self.position = position
        self.states = tuple(tf.constant(state) for state in arrays.get("states", []))
        self.run.cut_back(self.position.file_sizes)

    def _check_position(self, position: Position, states: list[np.ndarray], path: Path) -> None:
        """Raise a DamagedFileError if no run over these data can have this position."""
        steps = [*self.steps, 0]
        if position.epoch >= len(steps) or position.step > steps[position.epoch]:
            raise DamagedFileError(
                f"{path} must be of a run of {self.settings.epochs} epochs; it is in epoch "
                f"{position.epoch + 1}, step {position.step}."
            )
        if len(position.gradient_norms) not in (0, len(self.model.trainable_variables)):
            raise DamagedFileError(f"{path} must have a gradient norm for each weight of the model.")
        batch = next(iter(self.batches.epoch(position.epoch, position.step)), None) if position.step else None
        if batch is not None and not batch.is_fresh:
            check_fit(self._initial_states(batch), states, path)

    def checkpoint(self) -> None:
        """Save everything a resume needs, if the run has a folder."""
        if self.run is None:
            return
        self.position.file_sizes = self.run.file_sizes()
        tensors = {
            "model": self.model.variables,
            "optimizer": self.optimizer.variables,
            "averages": self.averages.variables,
            "states": self.states,
        }
        save_checkpoint(self.run.checkpoint, self.position, tensors)

    def train(self) -> None:
        """Train to the end and leave the model with its best weights.

        Raises:
            TrainingDivergedError: If the loss or the gradient is no longer finite.
            TrainingInterrupted: On Ctrl-C, after a checkpoint.
        """
        if self.position == Position():
            self.checkpoint()  # fails at once if the folder cannot be written to
        done = sum(self.steps[: self.position.epoch]) + self.position.step
        report = Report(sum(self.steps), done, self.settings.epochs, self.objective.unit, is_shown=self.is_shown)
        self.model.stop_training = False
        try:
            with deferred_interrupt() as interrupt:
                self.callbacks.on_train_begin()
                while self.position.epoch < self.settings.epochs and not self._is_over():
                    self._train_epoch(report, interrupt)
                self.callbacks.on_train_end()
        finally:
            report.close()
            self.model.optimizer = None
        if _has_best(self.position):
            best = self.best_weights if self.run is None else load_weights(self.run.best)
            for variable, value in zip(self.model.variables, best, strict=True):
                variable.assign(value)

    def _is_over(self) -> bool:
        patience = self.settings.patience
        is_patience_over = patience is not None and self.position.epochs_since_best >= patience
        return is_patience_over or bool(self.model.stop_training)

    def _train_epoch(self, report: Report, interrupt: Interrupt) -> None:
        position = self.position
        self.callbacks.on_epoch_begin(position.epoch)
        saved, began = time.perf_counter(), time.perf_counter() - position.epoch_seconds
        trimmed = 0.0
        for batch in self.batches.epoch(position.epoch, position.step):
            self.callbacks.on_train_batch_begin(position.step)
            self._count(*self.train_step(batch))
            position.step += 1
            position.epoch_seconds = time.perf_counter() - began
            if not self.has_started:  # TensorFlow traces a step when it first runs it
                position.starting_seconds += time.perf_counter() - saved
                self.has_started = True
            measures = self._measures(position.sums)
            self.callbacks.on_train_batch_end(position.step - 1, measures)
            report.step(position.epoch, measures, position.sums[2] / position.epoch_seconds)
            if interrupt.is_requested:
                self._stop(report)
            if self.model.stop_training:
                break
            if time.perf_counter() - trimmed > SECONDS_BETWEEN_TRIMS:
                return_freed_memory(with_cycles=False)
                trimmed = time.perf_counter()
            if time.perf_counter() - saved > self.checkpoint_seconds:
                self.checkpoint()
                saved = time.perf_counter()
        self._end_epoch(report)

    def _stop(self, report: Report) -> None:
        self.checkpoint()
        report.close()
        where = (
            "nothing was saved: give `out` to be able to resume" if self.run is None else f"saved in {self.run.path}"
        )
        raise TrainingInterrupted(f"stopped in epoch {self.position.epoch + 1}; {where}.")

    def train_step(self, batch: Batch) -> tuple[list[float], np.ndarray]:
        """Update the weights once; returns summed loss, correct and count, and the norm of each weight's gradient."""
        if batch.is_fresh:
            self.states = self._initial_states(batch)
        sums, norms, self.states = self.traced.train(batch, self.states)
        sums, norms = [float(value) for value in sums.numpy()], norms.numpy()
        gradient_norm = float(np.linalg.norm(norms))
        if not (math.isfinite(sums[0]) and math.isfinite(gradient_norm)):
            self._diverge(sums[0] / sums[2], gradient_norm)
        return sums, norms

    def _count(self, sums: list[float], norms: np.ndarray) -> None:
        position = self.position
        position.sums = [a + b for a, b in zip(position.sums, sums, strict=True)]
        position.gradient_norm = max(position.gradient_norm, float(np.linalg.norm(norms)))
        before = position.gradient_norms or [0.0] * len(norms)
        position.gradient_norms = [a + float(b) for a, b in zip(before, norms, strict=True)]

    def _initial_states(self, batch: Batch) -> tuple[tf.Tensor, ...]:
        return self.objective.initial_states(self.model, len(batch.inputs), batch.labels)

    def _diverge(self, loss: float, gradient_norm: float) -> None:
        rate = float(self.schedule(self.optimizer.iterations - 1))
        raise TrainingDivergedError(
            f"training diverged at step {self.position.step + 1} of epoch {self.position.epoch + 1}: loss {loss}, "
            f"learning rate {rate:.3g}, gradient norm {gradient_norm:.3g}. Try a lower `learning_rate` or "
            "`clip_norm`. The best model and the last checkpoint are untouched."
        )

    def _end_epoch(self, report: Report) -> None:
        with self.averages.in_place():
            line = self._describe_epoch()
            report.epoch(line)
            if line["is_best"]:
                self._keep_best()
            self._record(line, report)
            self.callbacks.on_epoch_end(line["epoch"] - 1, {k: v for k, v in line.items() if isinstance(v, float)})
        position = self.position
        position.epochs_since_best = 0 if line["is_best"] else position.epochs_since_best + 1
        position.epoch, position.step, position.sums = position.epoch + 1, 0, [0.0, 0.0, 0.0]
        position.gradient_norm, position.gradient_norms = 0.0, []
        position.seconds, position.epoch_seconds = line["seconds"], 0.0
        self.checkpoint()

    def _describe_epoch(self) -> dict[str, Any]:
        """Metrics of the epoch that has ended."""
        position = self.position
        validated, selection_key = self._validate()
        is_best = selection_key < tuple(position.best)
        if is_best:
            position.best = selection_key
        names = [variable.path.partition("/")[2] for variable in self.model.trainable_variables]
        means = [norm / position.step for norm in position.gradient_norms]
        return {
            "epoch": position.epoch + 1,
            "step": int(self.optimizer.iterations.numpy()),
            **self._measures(position.sums),
            **{f"val_{name}": value for name, value in validated.items()},
            "is_best": is_best,
            "learning_rate": float(self.schedule(self.optimizer.iterations - 1)),
            "gradient_norm": position.gradient_norm,
            "gradient_norms": dict(zip(names, means, strict=True)),
            **self.objective.diagnose(self.model, next(iter(self.batches.epoch(position.epoch)))),
            f"{self.objective.unit}_per_second": position.sums[2] / max(position.epoch_seconds, 1e-9),
            "seconds": position.seconds + position.epoch_seconds,
            "starting_seconds": position.starting_seconds,
        }

    def _validate(self) -> tuple[dict[str, float], tuple[float, ...]]:
        """Measures and sort key on the validation data; without such data the last weights are best."""
        if self.validation is None:
            return {}, (-float(self.position.epoch),)
        loss, accuracy = _means(self.evaluate(self.validation))
        objective = self.validation_objective
        return objective.measures(loss, accuracy), objective.selection_key(loss, accuracy)

    def _keep_best(self) -> None:
        if self.run is None:
            self.best_weights = [variable.numpy() for variable in self.model.variables]
            return
        # A run that is killed before the next checkpoint repeats the epoch, and writes the same file again.
        save_weights(self.run.best, self.position, self.model.variables)
        self.model.optimizer = None  # the model file omits the optimizer, which the checkpoint holds
        self.model.save(self.run.model)
        self.model.optimizer = self.optimizer

    def _record(self, line: dict[str, Any], report: Report) -> None:
        every = max(1, self.settings.epochs // 4)
        is_sampled = self.sample is not None and line["epoch"] % every == 0 and line["epoch"] < self.settings.epochs
        sample = self.sample() if self.sample is not None and is_sampled else None
        if sample is not None:
            report.say(f"--- a sample after epoch {line['epoch']} ---\n{sample}\n---")
        if self.run is not None:
            self.run.append(self.run.metrics, json.dumps(line) + "\n")
            if sample is not None:
                self.run.append(self.run.samples, f"--- epoch {line['epoch']} ---\n{sample}\n\n")

    def _measures(self, sums: Sequence[float]) -> dict[str, float]:
        return self.objective.measures(*_means(sums))

    def evaluate(self, batches: Batches) -> list[float]:
        """Summed loss, correct predictions and count over all batches, without dropout."""
        totals, states = np.zeros(3), ()
        for batch in batches.epoch(0):
            if batch.is_fresh:
                states = self._initial_states(batch)
            sums, states = self.traced.evaluate(batch, states)
            totals += sums.numpy()
        return [float(total) for total in totals]


def _has_best(position: Position) -> bool:
    """Whether an epoch has had the best weights so far."""
    return math.isfinite(position.best[0])


def _means(sums: Sequence[float]) -> tuple[float, float]:
    """Mean loss and accuracy from summed loss, correct and count."""
    loss, correct, count = sums
    return loss / max(count, 1e-9), correct / max(count, 1e-9)
