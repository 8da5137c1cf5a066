"""The language model: what comes next, given all that came before."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn import checks
from textrnn.generation import TextModel
from textrnn.models.saving import save_model
from textrnn.models.stack import CELLS, derive_seeds, make_recurrent
from textrnn.text import Tokenizer, tokenizer_from_dict

States = tuple[Any, ...]


@keras.saving.register_keras_serializable("textrnn")
class LanguageModel(TextModel, keras.Model):
    """Embedding, a stack of `Recurrent` layers, and logits over the vocabulary at every step.

    It reads and writes text (the methods of `TextModel`) and is an ordinary Keras model on arrays of ids:
    `model(ids)` maps int `[B, T]` to logits float32 `[B, T, V]`, where id 0 is padding and masked, so `compile`,
    `fit`, `predict` and `evaluate` count real steps only.

    Args:
        tokenizer: A fitted tokenizer; it is saved with the model.
        cell: `"rnn"`, `"lstm"`, `"gru"` or `"min_gru"`.
        units: H, the size of each recurrent layer.
        num_layers: How many recurrent layers are stacked.
        embedding_dim: Size of a symbol's embedding; `units` by default.
        dropout: Fraction of each recurrent layer's outputs dropped while training (Zaremba et al., 2014,
            arXiv 1409.2329).
        tie_embeddings: Whether the output layer shares the embedding's weights (Press and Wolf, 2017,
            arXiv 1608.05859); `embedding_dim` must then equal `units`.
        documents: Whether texts are documents that end: the model then learns the end-of-text symbol, begins an
            empty prompt with it, and stops generating at it.
        seed: For the initial weights and for dropout.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        cell: str = "lstm",
        units: int = 384,
        num_layers: int = 1,
        embedding_dim: int | None = None,
        dropout: float = 0.0,
        tie_embeddings: bool = False,
        documents: bool = False,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(tokenizer, Tokenizer):
            raise TypeError(f"`tokenizer` must be a fitted tokenizer; received {tokenizer!r}.")
        self.tokenizer = tokenizer
        self.cell = checks.one_of("cell", cell, CELLS)
        self.units = checks.positive_integer("units", units)
        self.num_layers = checks.positive_integer("num_layers", num_layers)
        self.embedding_dim = checks.positive_integer(
            "embedding_dim", units if embedding_dim is None else embedding_dim
        )
        self.dropout = checks.fraction("dropout", dropout)
        self.tie_embeddings = checks.boolean("tie_embeddings", tie_embeddings)
        self.documents = checks.boolean("documents", documents)
        self.seed = checks.integer_of_at_least(0, "seed", seed)
        if tie_embeddings and self.embedding_dim != units:
            raise ValueError(
                f"`embedding_dim` must equal `units` when `tie_embeddings` is True; received "
                f"embedding_dim={embedding_dim} and units={units}."
            )
        self.supports_masking = True
        self._make_layers(derive_seeds(self.seed))
        self.build()

    def _make_layers(self, seeds: Iterator[int]) -> None:
        size, dtype = self.tokenizer.vocabulary_size, self.dtype_policy
        uniform = keras.initializers.RandomUniform(-0.05, 0.05, seed=next(seeds))
        self.embedding = keras.layers.Embedding(size, self.embedding_dim, uniform, dtype=dtype)
        self.recurrent_layers = [
            make_recurrent(self.cell, self.units, seeds, dtype=dtype) for _ in range(self.num_layers)
        ]
        self.dropout_layers = [
            keras.layers.Dropout(self.dropout, seed=next(seeds), dtype=dtype) for _ in range(self.num_layers)
        ]
        if not self.tie_embeddings:
            glorot = keras.initializers.GlorotUniform(seed=next(seeds))
            self.head = keras.layers.Dense(size, kernel_initializer=glorot, dtype=dtype)

    def build(self, input_shape: Any = None) -> None:
        self.embedding.build((None, None))
        for layer, width in zip(self.recurrent_layers, self._input_widths(), strict=True):
            layer.build((None, None, width))
        if self.tie_embeddings:
            self.output_bias = self.add_weight(
                shape=(self.tokenizer.vocabulary_size,), initializer="zeros", name="output_bias"
            )
        else:
            self.head.build((None, None, self.units))
        self.built = True

    def _input_widths(self) -> list[int]:
        return [self.embedding_dim, *[self.units] * (self.num_layers - 1)]

    def call(self, ids: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Logits float32 `[B, T, V]` for the symbol after each of ids `[B, T]`, from an empty state."""
        mask = self.compute_mask(ids, mask)
        return self.forward(ids, self.initial_states(tf.shape(ids)[0]), mask=mask, training=training)[0]

    def compute_mask(self, ids: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        return keras.ops.not_equal(ids, self.tokenizer.pad_id) if mask is None else mask

    def forward(
        self, ids: tf.Tensor, states: States, *, mask: tf.Tensor | None = None, training: bool | None = False
    ) -> tuple[tf.Tensor, States]:
        """One window of a longer text: logits `[B, T, V]` and the states to carry into the next window.

        Args:
            ids: Int `[B, T]`.
            states: As `initial_states` makes them or as this method returned them.
            mask: Bool `[B, T]`, True at real steps; None when all are.
            training: Whether dropout is on.
        """
        embeddings = tf.convert_to_tensor(self.embedding.embeddings)
        remaining, after, hidden = list(states), [], None
        for layer, dropout in zip(self.recurrent_layers, self.dropout_layers, strict=True):
            options = {
                "initial_state": [remaining.pop(0) for _ in range(layer.cell.number_of_states)],
                "mask": mask,
                "training": training,
            }
            read = layer.read_ids(ids, embeddings, **options) if hidden is None else layer(hidden, **options)
            hidden = dropout(read[0], training=training)
            after.extend(read[1:])
        return tf.cast(self._logits(hidden), tf.float32), tuple(after)

    def _logits(self, hidden: tf.Tensor) -> tf.Tensor:
        if not self.tie_embeddings:
            return self.head(hidden)
        embeddings = tf.cast(tf.convert_to_tensor(self.embedding.embeddings), hidden.dtype)
        flat = tf.matmul(tf.reshape(hidden, [-1, self.units]), embeddings, transpose_b=True)
        logits = tf.reshape(flat, [tf.shape(hidden)[0], tf.shape(hidden)[1], self.tokenizer.vocabulary_size])
        return logits + tf.cast(tf.convert_to_tensor(self.output_bias), hidden.dtype)

    def initial_states(self, batch_size: Any) -> States:
        """Empty states of all layers, in order, each zeros `[B, H]`."""
        return tuple(state for layer in self.recurrent_layers for state in layer.get_initial_state(batch_size))

    @functools.cached_property
    def _traced_forward(self) -> dict[bool, Any]:
        """`forward` at inference for one symbol a row, and for any number: one needs no loop."""
        states = tuple(tf.TensorSpec([None, *state.shape[1:]], state.dtype) for state in self.initial_states(1))
        return {
            is_one: tf.function(
                functools.partial(self.forward, mask=None, training=False),
                input_signature=[tf.TensorSpec([None, 1 if is_one else None], tf.int32), states],
                autograph=False,
            )
            for is_one in (False, True)
        }

    def step(self, ids: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """`forward` at inference, traced for any shape: NumPy logits float32 `[B, T, V]` and the states."""
        ids = np.asarray(ids, np.int32)
        logits, states = self._traced_forward[ids.shape[1] == 1](ids, tuple(states))
        return logits.numpy(), states

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write one `.keras` file: weights, architecture and vocabulary. A crash leaves the old file whole."""
        save_model(filepath, super().save, overwrite=overwrite, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tokenizer": self.tokenizer.to_dict(),
            "cell": self.cell,
            "units": self.units,
            "num_layers": self.num_layers,
            "embedding_dim": self.embedding_dim,
            "dropout": self.dropout,
            "tie_embeddings": self.tie_embeddings,
            "documents": self.documents,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LanguageModel:
        return cls(**{**config, "tokenizer": tokenizer_from_dict(config["tokenizer"])})
