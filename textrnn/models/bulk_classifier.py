"""A classifier for many texts at once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from textrnn.classification import TextLabeler
from textrnn.forks import check_process
from textrnn.layers.shards import MAX_SHARDS, has_gpu
from textrnn.models.precision import copy_with_policy
from textrnn.models.step_reading import can_read_by_steps, read_by_steps
from textrnn.models.text_encoder import TextEncoder
from textrnn.text import pad_batch
from textrnn.threads import count_cores

BATCH_NUMBERS: Final = 1 << 15  # of a state: a larger batch is no faster and padded more
MIN_BATCH_SIZE, MAX_BATCH_SIZE = 64, 256
BATCH_TOKENS: Final = 1 << 18  # a batch that is read step by step takes memory for one step alone
LARGEST_TABLE: Final = 1 << 26  # numbers, a quarter of a gigabyte


class BulkClassifier(TextLabeler):
    """A `TextClassifier` that reads a batch on each core, with products in a chosen precision.

    An encoder of one direction reads step by step (`models/step_reading.py`). The projection of its first layer is
    computed once for each token of the vocabulary and looked up, if the table is not too large.

    Args:
        model: A `TextClassifier`; the table is made in its precision.
        policy: The Keras policy of the products.
    """

    def __init__(self, model: Any, policy: str) -> None:
        self.source = model
        self.model = copy_with_policy(model, policy)
        self.tokenizer, self.labels, self.temperature = model.tokenizer, model.labels, model.temperature
        self.precision = self.model.compute_dtype
        self.workers = 1 if has_gpu() else min(count_cores(), MAX_SHARDS)
        self.batch_size = min(max(BATCH_NUMBERS // model.units, MIN_BATCH_SIZE), MAX_BATCH_SIZE)
        if not model.bidirectional:
            self.batch_tokens = BATCH_TOKENS
        most = 0 if has_gpu() else LARGEST_TABLE
        self.tables = [encoder.project_tokens(most) for encoder in model.text_encoders]

    def in_bulk(self, precision: str = "auto") -> TextLabeler:
        bulk: TextLabeler = self.source.in_bulk(precision)
        return bulk

    def log_probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """From B texts, each ids int32 `[N]` with its own N, to float32 `[B, labels]`, before the temperature."""
        check_process()
        return self._traced(pad_batch(sequences)).numpy()

    @functools.cached_property
    def _traced(self) -> Any:
        def read(ids: tf.Tensor) -> tf.Tensor:
            encoders = zip(self.model.text_encoders, self.tables, strict=True)
            logits = [self._logits(encoder, ids, table) for encoder, table in encoders]
            return tf.nn.log_softmax(self.model.complete(self.model.averaged(logits), ids))

        return tf.function(read, input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)

    def _logits(self, encoder: TextEncoder, ids: tf.Tensor, table: tf.Tensor | None) -> tf.Tensor:
        if can_read_by_steps(encoder) and not has_gpu():
            return read_by_steps(encoder, ids, table)
        logits: tf.Tensor = encoder(ids, mask=tf.not_equal(ids, self.tokenizer.pad_id), training=False)
        return logits
