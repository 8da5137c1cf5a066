"""The text classifier: probabilities of the labels of a text."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn import runtime
from textrnn.batching import batches_by_length
from textrnn.classification import Explanation, TextLabeler
from textrnn.classification.windows import DEFAULT_BATCH_SIZE, MAX_BATCH_TOKENS
from textrnn.forks import check_process
from textrnn.layers import WidePath
from textrnn.layers.arguments import freeze_parts
from textrnn.layers.shards import MAX_SHARDS, MIN_SHARD_ROWS, count_shards, map_shards
from textrnn.models.bulk_classifier import BulkClassifier
from textrnn.models.cells import kind_in_tensorflow, runs_in_numpy
from textrnn.models.model_of_ids import ModelOfIds
from textrnn.models.precision import dtype_policy, resolve_precision
from textrnn.models.saving import save_model
from textrnn.models.snapshots import SnapshotCache
from textrnn.models.stack import derive_seeds, settle_options
from textrnn.models.text_encoder import TextEncoder
from textrnn.options import ClassifierOptions
from textrnn.options.recipes import PLAIN_CLASSIFIER
from textrnn.runtime.config import check_text_classifier
from textrnn.runtime.layout import Weights
from textrnn.text import Tokenizer, pad_batch, tokenizer_from_dict

ROWS_TO_SHARE = MIN_SHARD_ROWS * MAX_SHARDS


@keras.saving.register_keras_serializable("textrnn")
class TextClassifier(TextLabeler, ModelOfIds):
    """One or more encoders (embedding, recurrent layers, their outputs pooled) and their averaged answer.

    `classify` takes texts. On arrays of ids it is an ordinary Keras model: `model(ids)` maps int `[B, T]` to
    logits float32 `[B, labels]`; id 0 is padding and masked, so the answer for a text does not depend on the
    batch it came in.

    Args:
        tokenizer: A fitted tokenizer; it is saved with the model.
        labels: Two or more distinct strings; the order is that of the logits.
        options: Options of the model; None of an option is its value in `recipes.PLAIN_CLASSIFIER`. Encoders are
            alike but for their seeds, and their probabilities are averaged (Lakshminarayanan et al., 2017, arXiv
            1612.01474).
        reverse: Whether each encoder reads texts from their end; one value stands for all.
        seed: For the initial weights and for dropout.
        temperature: Divisor of the averaged log-probabilities, which `calibrate` fits; logits are without it.
        **given: Single options, such as `units=64`, and arguments of `keras.Model`.

    Every option is an attribute of the model as well.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        labels: Sequence[str],
        options: ClassifierOptions | None = None,
        *,
        reverse: bool | Sequence[bool] = False,
        seed: int = 0,
        temperature: float = 1.0,
        **given: Any,
    ) -> None:
        check_process()
        self_options, others = settle_options(options or ClassifierOptions(), given, PLAIN_CLASSIFIER)
        super().__init__(**others)
        if not isinstance(tokenizer, Tokenizer):
            raise TypeError(f"`tokenizer` must be a fitted tokenizer; received {tokenizer!r}.")
        self.tokenizer = tokenizer
        self.options = self_options
        facts = {"labels": labels, "reverse": reverse, "seed": seed, "temperature": temperature}
        checked = check_text_classifier(self.options, facts)
        for name, value in {**self.options.as_dict(), **checked}.items():
            setattr(self, name, value)
        self.snapshots = SnapshotCache(self, "TextClassifier", _make_numpy_model)
        by_policy = functools.partial(BulkClassifier, self)
        self.bulk = SnapshotCache(self, "TextClassifier", lambda *_: functools.cache(by_policy))
        seeds = derive_seeds(self.seed)
        # Keras stores the attributes of a model by the alphabet: `layers` must come first, in which these lie.
        self.text_encoders = [
            TextEncoder(
                tokenizer.vocabulary_size,
                len(self.labels),
                self.options,
                seeds,
                reverse=from_its_end,
                dtype=self.dtype_policy,
            )
            for from_its_end in self.reverse
        ]
        made: Any = self.options  # none of them is open
        self.wide_path = None
        if made.wide_ngrams:
            size = tokenizer.vocabulary_size
            self.wide_path = WidePath(size, len(self.labels), made.wide_ngrams, made.wide_buckets, dtype="float32")
        self.build((None, None))
        freeze_parts(self)

    def build(self, input_shape: Any = None) -> None:
        for encoder in self.text_encoders:
            encoder.build()
        if self.wide_path is not None:
            self.wide_path.build()
        self.built = True

    def call(self, ids: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Logits float32 `[B, labels]` from ids `[B, T]`; `mask` is where ids are not padding."""
        mask = tf.not_equal(ids, self.tokenizer.pad_id) if mask is None else mask
        return self.complete(
            self.averaged([encoder(ids, mask=mask, training=training) for encoder in self.text_encoders]), ids, mask
        )

    def compute_output_shape(self, ids_shape: Any) -> tuple[int | None, ...]:
        return (ids_shape[0], len(self.labels))

    def averaged(self, logits: list[tf.Tensor]) -> tf.Tensor:
        """From the logits of each encoder `[B, labels]` to those of their mean probabilities."""
        if len(logits) == 1:
            return logits[0]
        return tf.reduce_logsumexp(tf.nn.log_softmax(tf.stack(logits)), axis=0) - math.log(len(logits))

    def complete(self, network: tf.Tensor, ids: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """From the logits of the encoders `[B, labels]` to those of the classifier, with the wide path."""
        return network if self.wide_path is None else self.wide_path(ids, network, mask)

    def depths(self) -> list[int]:
        """Number of layers between each trainable variable and the output."""
        return [depth for encoder in self.text_encoders for depth in encoder.depths()]

    def tables(self) -> list[keras.Variable]:
        """Weights of which a batch reads some rows, for an optimizer that updates those alone."""
        return [table for encoder in self.text_encoders for table in encoder.tables()]

    @property
    def _paths(self) -> list[Any]:
        """Encoders, and the wide path if there is one."""
        return [*self.text_encoders, *([] if self.wide_path is None else [self.wide_path])]

    @functools.cached_property
    def _traced_log_probabilities(self) -> dict[bool, Any]:
        """Functions from ids to log-probabilities, by whether the cores share the rows."""
        signature = [tf.TensorSpec([None, None], tf.int32)]

        def answer(ids: tf.Tensor) -> tf.Tensor:
            return tf.nn.log_softmax(self(ids, training=False))

        def share(ids: tf.Tensor) -> tf.Tensor:
            return tf.concat(map_shards(answer, count_shards(None), ids), axis=0)

        return {
            is_shared: tf.function(work, input_signature=signature, autograph=False)
            for is_shared, work in ((False, answer), (True, share))
        }

    @functools.cached_property
    def _traced_encoders(self) -> list[Any]:
        """For each encoder the function from ids to its log-probabilities."""

        def trace(encoder: TextEncoder) -> Any:
            def answer(ids: tf.Tensor) -> tf.Tensor:
                mask = tf.not_equal(ids, self.tokenizer.pad_id)
                return tf.nn.log_softmax(encoder(ids, mask=mask, training=False))

            signature = [tf.TensorSpec([None, None], tf.int32)]
            return tf.function(answer, input_signature=signature, autograph=False)

        return [trace(encoder) for encoder in self.text_encoders]

    @functools.cached_property
    def _traced_parts(self) -> tuple[Any, Any]:
        """The function that reads one part of each text `[B, T]`, and the one that then answers, for all encoders
        and the wide path."""

        def read(ids: tf.Tensor, carried: list[Any]) -> list[Any]:
            mask = tf.not_equal(ids, self.tokenizer.pad_id)
            return [path.read(ids, known, mask) for path, known in zip(self._paths, carried, strict=True)]

        def answer(carried: list[Any]) -> tf.Tensor:
            logits = [encoder.answer(known) for encoder, known in zip(self.text_encoders, carried, strict=False)]
            network = self.averaged(logits)
            return tf.nn.log_softmax(
                network if self.wide_path is None else self.wide_path.answer(carried[-1], network)
            )

        traced = functools.partial(tf.function, reduce_retracing=True, autograph=False)
        return traced(read), traced(answer)

    def log_probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """From B texts, each ids int32 `[N]` with its own N, to float32 `[B, labels]`, before the temperature.

        Long texts are read in parts, from state to state, so that memory does not grow with them. A model that also
        reads from the end needs them whole.
        """
        check_process()
        ids = pad_batch(sequences)
        if self.bidirectional or any(self.reverse) or ids.size <= MAX_BATCH_TOKENS:
            # Several encoders or directions are a loop for each core already: parts of rows would crowd them.
            is_shared = len(ids) >= ROWS_TO_SHARE and self.ensemble_size == 1 and not self.bidirectional
            return self._traced_log_probabilities[is_shared](ids).numpy()
        read, answer = self._traced_parts
        carried = [path.start(len(ids)) for path in self._paths]
        size = max(1, MAX_BATCH_TOKENS // len(ids))
        for begin in range(0, ids.shape[1], size):
            carried = read(tf.constant(ids[:, begin : begin + size]), carried)
        return answer(carried).numpy()

    def log_probabilities_of_encoder(self, number: int, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """Log-probabilities of the labels by one encoder alone, float32 `[N, labels]`, of texts, ids int32 `[T]`."""
        logs, answer = np.zeros([len(sequences), len(self.labels)], np.float32), self._traced_encoders[number]
        for rows in batches_by_length([len(ids) for ids in sequences], DEFAULT_BATCH_SIZE, MAX_BATCH_TOKENS):
            logs[rows] = answer(pad_batch([sequences[row] for row in rows])).numpy()
        return logs

    def in_bulk(self, precision: str = "auto") -> TextLabeler:
        policy = dtype_policy(resolve_precision(precision)) or self.dtype_policy.name
        bulk: TextLabeler = self.bulk.current()(policy)
        return bulk

    def to_numpy(self) -> runtime.TextClassifier:
        """This classifier for NumPy, with the weights of this moment."""
        return self.snapshots.current()

    def explain(self, text: str, label: str | None = None, against: str | None = None) -> Explanation:
        return self.to_numpy().explain(text, label, against)

    def partwise(self) -> runtime.TextClassifier:
        return self.to_numpy().partwise()

    def contributions(self, ids: np.ndarray, label: int, against: int) -> tuple[np.ndarray, float]:
        return self.to_numpy().contributions(ids, label, against)

    def save(self, filepath: Any, overwrite: bool = True, *, quantized: bool = False, **kwargs: Any) -> None:
        """Save weights, architecture and vocabulary in one `.keras` file. A crash leaves the old file whole.

        `quantized` stores matrices as numbers of eight bits, a quarter as large and nearly as good. This package
        reads such a file; Keras alone does not.
        """
        save_model(filepath, super().save, overwrite=overwrite, quantized=quantized, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tokenizer": self.tokenizer.to_dict(),
            **self.options.as_dict(),
            "labels": list(self.labels),
            "reverse": list(self.reverse),
            "seed": self.seed,
            "temperature": self.temperature,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> TextClassifier:
        return cls(**{**config, "tokenizer": tokenizer_from_dict(config["tokenizer"])})


def _make_numpy_model(config: dict[str, Any], weights: Weights) -> runtime.TextClassifier:
    """A model for NumPy; TensorFlow computes the steps of a user's cell."""
    if not runs_in_numpy(config["cell"]):
        config = {**config, "cell": kind_in_tensorflow(config["cell"], config["units"])}
    return runtime.TextClassifier(config, weights)
