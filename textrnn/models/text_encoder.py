"""One encoder of a classifier: from ids to logits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from textrnn.layers import AttentionPooling, ConcatPooling, LockedDropout, NgramEmbedding
from textrnn.layers.cell import Cell
from textrnn.layers.ngram_embedding import last_ids
from textrnn.layers.pooling import Pooled
from textrnn.layers.projection import project_tokens
from textrnn.layers.tables import look_up
from textrnn.models.stack import make_recurrent
from textrnn.options import ClassifierOptions
from textrnn.text import PAD_ID, UNKNOWN_ID

EncoderState = tuple[tuple[tf.Tensor, ...], Pooled, tf.Tensor]
"""State of texts that come in parts: states of all layers, pooled outputs and the last ids `[B, ngrams - 1]`."""


class TextEncoder(keras.layers.Layer):
    """Embedding, recurrent layers, their outputs pooled, one logit a label.

    `options` are those of the classifier; `seeds` yields the seeds of weights and dropout.
    """

    def __init__(
        self,
        vocabulary_size: int,
        labels: int,
        options: ClassifierOptions,
        seeds: Iterator[int],
        *,
        reverse: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        made: Any = options  # none of them is open
        dtype = self.dtype_policy

        def normal() -> keras.Initializer:
            return keras.initializers.RandomNormal(stddev=0.1, seed=next(seeds))

        def make_dropout() -> LockedDropout:
            return LockedDropout(made.dropout, seed=next(seeds), dtype=dtype)

        self.supports_masking = True
        self.bidirectional = made.bidirectional
        self.reverse = reverse
        self.token_dropout = made.token_dropout
        self.token_dropout_seeds = keras.random.SeedGenerator(next(seeds))
        self.embedding = keras.layers.Embedding(vocabulary_size, made.embedding_dim, normal(), dtype=dtype)
        self.ngram_embedding = None
        self.remembered = made.ngrams - 1
        if made.ngram_buckets:
            glorot = None if made.ngram_dim is None else keras.initializers.GlorotUniform(seed=next(seeds))
            self.ngram_embedding = NgramEmbedding(
                made.ngram_buckets, made.embedding_dim, made.ngrams, normal(), made.ngram_dim, glorot, dtype=dtype
            )
        self.input_dropouts = [make_dropout() for _ in range(made.num_layers)]
        self.recurrent_layers = [
            make_recurrent(
                made.cell,
                made.units,
                seeds,
                bidirectional=made.bidirectional,
                reverse=reverse,
                weight_drop=made.weight_drop,
                dtype=dtype,
            )
            for _ in range(made.num_layers)
        ]
        self.states_of_layer = len(self.recurrent_layers[0].get_initial_state(1))
        self.pooling = (
            ConcatPooling(dtype=dtype)
            if made.pooling == "concat"
            else AttentionPooling(seed=next(seeds), dtype=dtype)
        )
        self.output_dropout = keras.layers.Dropout(made.dropout, seed=next(seeds), dtype=dtype)
        glorot = keras.initializers.GlorotUniform(seed=next(seeds))
        self.head = keras.layers.Dense(labels, kernel_initializer=glorot, dtype=dtype)
        self.width = made.units * (2 if made.bidirectional else 1)
        self.direction_seeds = keras.random.SeedGenerator(next(seeds))
        """Seeds of the directions in which the virtual adversarial loss moves embeddings."""

    def build(self, input_shape: Any = None) -> None:
        self.embedding.build((None, None))
        if self.ngram_embedding is not None:
            self.ngram_embedding.build()
        widths = [self.embedding.output_dim, *[self.width] * (len(self.recurrent_layers) - 1)]
        for layer, width in zip(self.recurrent_layers, widths, strict=True):
            layer.build((None, None, width))
        self.pooling.build((None, None, self.width))
        self.head.build((None, self.pooling.vectors * self.width))
        self.built = True

    def call(
        self,
        ids: tf.Tensor,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
        perturbation: tf.Tensor | None = None,
        bptt: int | None = None,
    ) -> tf.Tensor:
        """Logits float32 `[B, labels]` from ids int `[B, T]`, `mask` bool `[B, T]` True at real steps.

        Args:
            ids: Int `[B, T]`.
            mask: Bool `[B, T]`, True at real steps; None when all are.
            training: Whether anything is dropped.
            perturbation: `[B, T, embedding_dim]`, added to the embeddings.
            bptt: Number of steps, those read last, that gradients reach; None for all.
        """
        return self.logits_and_outputs(ids, mask, training, perturbation, bptt)[0]

    def logits_and_outputs(
        self,
        ids: tf.Tensor,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
        perturbation: tf.Tensor | None = None,
        bptt: int | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits as of a call, and the last layer's outputs at the steps that gradients reach, `[B, T, H]`."""
        carried = self.start(tf.shape(ids)[0])
        embedded = self._embed(ids, carried[2], training)
        if perturbation is not None:
            embedded += tf.cast(perturbation, embedded.dtype)
        if bptt is not None:
            parts = [self.split(part, bptt, mask) for part in (ids, embedded, mask)]
            (early, ids), (early_embedded, embedded), (early_mask, mask) = parts
            carried, _ = self._run(early, early_embedded, carried, early_mask, training)
            carried = tf.nest.map_structure(tf.stop_gradient, carried)
        carried, outputs = self._run(ids, embedded, carried, mask, training)
        return self.answer(carried, training=training), outputs

    def split(
        self, steps: tf.Tensor | None, bptt: int | None, mask: tf.Tensor | None
    ) -> tuple[tf.Tensor | None, tf.Tensor | None]:
        """From `[B, T, ...]`, padded at its end, to the steps read first and the `bptt` real steps of each row read
        last. Both are padded at their beginning where the encoder reads from the beginning."""
        if steps is None or bptt is None:
            return None, steps
        if self.reverse:
            return steps[:, bptt:], steps[:, :bptt]
        if mask is not None:  # rows end together
            lengths = tf.math.count_nonzero(mask, axis=1, keepdims=True, dtype=tf.int32)
            length = tf.shape(mask)[1]
            steps = tf.gather(steps, (tf.range(length) + lengths) % length, batch_dims=1)
        return steps[:, :-bptt], steps[:, -bptt:]

    def start(self, rows: Any) -> EncoderState:
        """State before the first token of each of `rows` texts."""
        states = [state for layer in self.recurrent_layers for state in layer.get_initial_state(rows)]
        return tuple(states), self.pooling.start(rows, self.width), tf.zeros([rows, self.remembered], tf.int32)

    def read(self, ids: tf.Tensor, carried: EncoderState, mask: tf.Tensor | None = None) -> EncoderState:
        """State after one more part of each text, ids int `[B, T]`, padded at its end.

        An encoder that is bidirectional or reads in reverse must be given a text as one part.
        """
        return self._run(ids, self._embed(ids, carried[2], False), carried, mask, False)[0]

    def project_tokens(self, most: int) -> tf.Tensor | None:
        """The first layer's projection of each token, `[V, blocks * H]`, for `read_by_steps`.

        None if it has more than `most` numbers, or the layer's input is more than the embedding of a token.
        """
        first = self.recurrent_layers[0]
        if self.bidirectional or self.ngram_embedding is not None or not isinstance(first.cell, Cell):
            return None
        is_small = self.embedding.input_dim * first.cell.blocks * first.cell.units <= most
        return project_tokens(first.cell, first.cell.read(self.embedding.embeddings)) if is_small else None

    def _run(
        self,
        ids: tf.Tensor,
        hidden: tf.Tensor,
        carried: EncoderState,
        mask: tf.Tensor | None,
        training: bool | None,
    ) -> tuple[EncoderState, tf.Tensor]:
        """State after one more part, whose embeddings are `hidden`, and the last layer's outputs in it."""
        before, pooled, last_tokens = carried
        after = list[tf.Tensor]()
        for dropout, layer in zip(self.input_dropouts, self.recurrent_layers, strict=True):
            initial = before[len(after) :][: self.states_of_layer]
            entering = dropout(hidden, training=training)
            hidden, *states = layer(entering, initial_state=initial, mask=mask, training=training)
            after += states
        last = last_ids(last_tokens, ids, ids != PAD_ID if mask is None else mask)
        return (tuple(after), self.pooling.add(pooled, hidden, mask), last), hidden

    def answer(self, carried: EncoderState, *, training: bool | None = None) -> tf.Tensor:
        """Logits float32 `[B, labels]` from a state."""
        states, pooled, _ = carried
        pooled = self.pooling.finish(pooled, self._last_outputs(states))
        return tf.cast(self.head(self.output_dropout(pooled, training=training)), tf.float32)

    def depths(self) -> list[int]:
        """Number of layers between each trainable variable and the output."""
        embeddings = [self.embedding, *([] if self.ngram_embedding is None else [self.ngram_embedding])]
        by_depth = [[self.head, self.pooling], *([layer] for layer in reversed(self.recurrent_layers)), embeddings]
        depth_of = {
            id(variable): depth
            for depth, layers in enumerate(by_depth)
            for layer in layers
            for variable in layer.trainable_variables
        }
        return [depth_of[id(variable)] for variable in self.trainable_variables]

    def tables(self) -> list[keras.Variable]:
        """Weights of which a batch reads some rows."""
        return [layer.embeddings for layer in (self.embedding, self.ngram_embedding) if layer is not None]

    def embed_tokens(self, ids: tf.Tensor) -> tf.Tensor:
        """Embeddings `[B, T, embedding_dim]` of single tokens, ids int `[B, T]`, in the compute dtype."""
        return tf.cast(look_up(self.embedding.embeddings, ids), self.compute_dtype)

    def compute_mask(self, ids: Any, mask: tf.Tensor | None = None) -> None:
        return None

    def _embed(self, ids: tf.Tensor, before: tf.Tensor, training: bool | None) -> tf.Tensor:
        if training and self.token_dropout:
            chance = keras.random.uniform(tf.shape(ids), seed=self.token_dropout_seeds)
            unknown = tf.constant(UNKNOWN_ID, ids.dtype)
            ids = tf.where((chance < self.token_dropout) & (ids != PAD_ID), unknown, ids)
        embedded = self.embed_tokens(ids)
        return embedded if self.ngram_embedding is None else embedded + self.ngram_embedding(ids, before)

    def _last_outputs(self, states: tuple[tf.Tensor, ...]) -> tf.Tensor:
        """The first state of each direction of the last layer is its last output."""
        last = states[-self.states_of_layer :]
        return tf.concat([last[0], last[len(last) // 2]], axis=1) if self.bidirectional else last[0]
