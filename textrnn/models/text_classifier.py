"""The text classifier: which label a text deserves."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn import runtime
from textrnn.classification import TextLabeller
from textrnn.classification.text_labeller import SYMBOLS_AT_ONCE
from textrnn.forks import check_process
from textrnn.layers.arguments import freeze_parts
from textrnn.layers.shards import ROWS_A_SHARD, SHARDS_AT_MOST, count_shards, map_shards
from textrnn.models.model_of_ids import ModelOfIds
from textrnn.models.reader import Reader
from textrnn.models.saving import save_model
from textrnn.models.stack import derive_seeds
from textrnn.models.twins import classifier_twin
from textrnn.runtime.options import TEXT_CLASSIFIER, check_text_classifier
from textrnn.text import Tokenizer, pad_batch, tokenizer_from_dict

ROWS_TO_SHARE = ROWS_A_SHARD * SHARDS_AT_MOST


@keras.saving.register_keras_serializable("textrnn")
class TextClassifier(TextLabeller, ModelOfIds):
    """One or more readers (embedding, recurrent layers, their outputs pooled) and their averaged answer.

    `classify` takes texts. On arrays of ids it is an ordinary Keras model: `model(ids)` maps int `[B, T]` to
    logits float32 `[B, labels]`; id 0 is padding and masked, so the answer for a text does not depend on the
    batch it came in.

    Args:
        tokenizer: A fitted tokenizer; it is saved with the model.
        labels: Two or more distinct strings; the order is that of the logits.
        cell: `"rnn"`, `"lstm"`, `"gru"` or `"min_gru"`.
        units: H, the size of each recurrent layer (in each direction).
        num_layers: How many recurrent layers are stacked.
        embedding_dim: Size of a symbol's embedding.
        ngrams: How many symbols the longest n-gram has: 2 for pairs.
        ngram_buckets: How many hashed vectors of n-grams are added to those of single symbols; 0 for none.
        ngram_dim: Size of what is kept of an n-gram, from which a matrix makes a vector; None keeps whole vectors.
        dropout: Fraction dropped after the embedding, between layers (the same features at all steps) and after
            pooling while training.
        symbol_dropout: Fraction of the symbols made unknown while training, which also teaches what to do with those.
        weight_drop: Fraction of each recurrent kernel dropped while training (Merity et al., 2018, arXiv 1708.02182).
        bidirectional: Whether each layer also reads backwards.
        pooling: What is made of the outputs of all steps, beside the last: `"concat"`, their mean and their maximum
            (`ConcatPooling`), or `"attention"`, a mean in which steps have learnt weights (`AttentionPooling`).
        members: How many readers there are, alike but for their seeds; their probabilities are averaged
            (Lakshminarayanan et al., 2017, arXiv 1612.01474).
        reverse: Of each reader, whether it reads texts from their end; one answer may stand for all.
        seed: For the initial weights and for dropout.
        temperature: What the averaged log-probabilities are divided by; `calibrate` finds it. Logits come without.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type.
    """

    labels: tuple[str, ...]
    cell: str
    units: int
    num_layers: int
    embedding_dim: int
    ngrams: int
    ngram_buckets: int
    ngram_dim: int | None
    dropout: float
    symbol_dropout: float
    weight_drop: float
    bidirectional: bool
    pooling: str
    members: int
    reverse: tuple[bool, ...]
    seed: int
    temperature: float

    def __init__(
        self,
        tokenizer: Tokenizer,
        labels: Sequence[str],
        *,
        cell: str = "lstm",
        units: int = 64,
        num_layers: int = 1,
        embedding_dim: int = 64,
        ngrams: int = 2,
        ngram_buckets: int = 0,
        ngram_dim: int | None = None,
        dropout: float = 0.5,
        symbol_dropout: float = 0.0,
        weight_drop: float = 0.0,
        bidirectional: bool = True,
        pooling: str = "concat",
        members: int = 1,
        reverse: bool | Sequence[bool] = False,
        seed: int = 0,
        temperature: float = 1.0,
        **kwargs: Any,
    ) -> None:
        check_process()
        super().__init__(**kwargs)
        if not isinstance(tokenizer, Tokenizer):
            raise TypeError(f"`tokenizer` must be a fitted tokenizer; received {tokenizer!r}.")
        self.tokenizer = tokenizer
        options = {
            "labels": labels,
            "cell": cell,
            "units": units,
            "num_layers": num_layers,
            "embedding_dim": embedding_dim,
            "ngrams": ngrams,
            "ngram_buckets": ngram_buckets,
            "ngram_dim": ngram_dim,
            "dropout": dropout,
            "symbol_dropout": symbol_dropout,
            "weight_drop": weight_drop,
            "bidirectional": bidirectional,
            "pooling": pooling,
            "members": members,
            "reverse": reverse,
            "seed": seed,
            "temperature": temperature,
        }
        for name, value in check_text_classifier(options).items():
            setattr(self, name, value)
        seeds = derive_seeds(self.seed)
        self.readers = [
            Reader(
                tokenizer.vocabulary_size,
                len(self.labels),
                seeds,
                cell=cell,
                units=units,
                num_layers=num_layers,
                embedding_dim=embedding_dim,
                ngrams=ngrams,
                ngram_buckets=ngram_buckets,
                ngram_dim=ngram_dim,
                dropout=dropout,
                symbol_dropout=symbol_dropout,
                weight_drop=weight_drop,
                bidirectional=bidirectional,
                pooling=pooling,
                reverse=from_its_end,
                dtype=self.dtype_policy,
            )
            for from_its_end in self.reverse
        ]
        self.build((None, None))
        freeze_parts(self)

    def build(self, input_shape: Any = None) -> None:
        for reader in self.readers:
            reader.build()
        self.built = True

    def call(self, ids: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Logits float32 `[B, labels]` from ids `[B, T]`; `mask` is where ids are not padding."""
        mask = tf.not_equal(ids, self.tokenizer.pad_id) if mask is None else mask
        return self._averaged([reader(ids, mask=mask, training=training) for reader in self.readers])

    def compute_output_shape(self, ids_shape: Any) -> tuple[int | None, ...]:
        return (ids_shape[0], len(self.labels))

    def _averaged(self, logits: list[tf.Tensor]) -> tf.Tensor:
        """From the logits of each reader `[B, labels]` to those of their mean probabilities."""
        if len(logits) == 1:
            return logits[0]
        return tf.reduce_logsumexp(tf.nn.log_softmax(tf.stack(logits)), axis=0) - math.log(len(logits))

    def depths(self) -> list[int]:
        """How many layers each trainable variable is from the output."""
        return [depth for reader in self.readers for depth in reader.depths()]

    @functools.cached_property
    def _traced_log_probabilities(self) -> dict[bool, Any]:
        """From ids to answers, by whether every core takes a part of the rows."""
        signature = [tf.TensorSpec([None, None], tf.int32)]

        def answer(ids: tf.Tensor) -> tf.Tensor:
            return tf.nn.log_softmax(self(ids, training=False))

        def share(ids: tf.Tensor) -> tf.Tensor:
            return tf.concat(map_shards(answer, count_shards(None), ids), axis=0)

        return {
            False: tf.function(answer, input_signature=signature),
            True: tf.function(share, input_signature=signature),
        }

    @functools.cached_property
    def _traced_parts(self) -> tuple[Any, Any]:
        """What reads one part of each text `[B, T]`, and what then answers, for all readers."""

        def read(ids: tf.Tensor, carried: list[Any]) -> list[Any]:
            mask = tf.not_equal(ids, self.tokenizer.pad_id)
            return [reader.read(ids, known, mask) for reader, known in zip(self.readers, carried, strict=True)]

        def answer(carried: list[Any]) -> tf.Tensor:
            logits = [reader.answer(known) for reader, known in zip(self.readers, carried, strict=True)]
            return tf.nn.log_softmax(self._averaged(logits))

        return tf.function(read, reduce_retracing=True), tf.function(answer, reduce_retracing=True)

    def log_probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """From B texts, each ids int32 `[N]` with its own N, to float32 `[B, labels]`, before the temperature.

        Long texts are read in parts, what is known carried on, so that memory does not grow with them; a model that
        begins at their end, too, needs them whole.
        """
        check_process()
        ids = pad_batch(sequences)
        if self.bidirectional or any(self.reverse) or ids.size <= SYMBOLS_AT_ONCE:
            # Several readers or directions are a loop for each core already: parts of rows would crowd them.
            is_shared = len(ids) >= ROWS_TO_SHARE and self.members == 1 and not self.bidirectional
            return self._traced_log_probabilities[is_shared](ids).numpy()
        read, answer = self._traced_parts
        carried = [reader.start(len(ids)) for reader in self.readers]
        size = max(1, SYMBOLS_AT_ONCE // len(ids))
        for begin in range(0, ids.shape[1], size):
            carried = read(tf.constant(ids[:, begin : begin + size]), carried)
        return answer(carried).numpy()

    def partwise(self) -> runtime.TextClassifier:
        return classifier_twin(self).partwise()

    def contributions(self, ids: np.ndarray, label: int, against: int) -> tuple[np.ndarray, float]:
        return classifier_twin(self).contributions(ids, label, against)

    def save(self, filepath: Any, overwrite: bool = True, *, quantised: bool = False, **kwargs: Any) -> None:
        """Write one `.keras` file: weights, architecture and vocabulary. A crash leaves the old file whole.

        `quantised` stores matrices as numbers of eight bits, a quarter as large and nearly as good; this package
        reads such a file, Keras alone does not.
        """
        save_model(filepath, super().save, overwrite=overwrite, quantised=quantised, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tokenizer": self.tokenizer.to_dict(),
            **{name: getattr(self, name) for name in TEXT_CLASSIFIER},
            "labels": list(self.labels),
            "reverse": list(self.reverse),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> TextClassifier:
        return cls(**{**config, "tokenizer": tokenizer_from_dict(config["tokenizer"])})
