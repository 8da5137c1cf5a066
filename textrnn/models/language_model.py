"""The language model: a distribution of the next token, given all tokens before it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn import runtime
from textrnn.forks import check_process
from textrnn.generation import Score, Snapshot, TextModel
from textrnn.layers import LockedDropout
from textrnn.layers.arguments import freeze_parts
from textrnn.layers.sampled_softmax import sampled_cross_entropy
from textrnn.models.cells import runs_in_numpy
from textrnn.models.compiled_writing import CompiledWriter
from textrnn.models.dynamic_evaluation import score_dynamically
from textrnn.models.model_of_ids import ModelOfIds
from textrnn.models.saving import save_model
from textrnn.models.snapshots import SnapshotCache, read_weights
from textrnn.models.stack import derive_seeds, make_recurrent, settle_options
from textrnn.options import LanguageModelOptions
from textrnn.options.recipes import PLAIN_LANGUAGE_MODEL
from textrnn.runtime.config import check_language_model
from textrnn.runtime.language_model import fingerprint_of
from textrnn.runtime.layout import Weights
from textrnn.text import Tokenizer, tokenizer_from_dict

States = tuple[Any, ...]

MAX_NUMPY_TOKENS = 512  # of a step, over several rows; TensorFlow is faster with more


@keras.saving.register_keras_serializable("textrnn")
class LanguageModel(TextModel, ModelOfIds):
    """Embedding, a stack of `Recurrent` layers, and logits over the vocabulary at every step.

    It reads and writes text (the methods of `TextModel`) and is an ordinary Keras model on arrays of ids:
    `model(ids)` maps int `[B, T]` to logits float32 `[B, T, V]`, where id 0 is padding and masked, so `compile`,
    `fit`, `predict` and `evaluate` count real steps only.

    Args:
        tokenizer: A fitted tokenizer; it is saved with the model.
        options: Options of the model; None of an option is its value in `recipes.PLAIN_LANGUAGE_MODEL`. Every dropout
            is locked in time: it drops the same features at all steps of a row (Gal and Ghahramani, 2016, arXiv
            1512.05287).
        labels: Labels that a text can be conditioned on (Mikolov and Zweig, 2012, Context dependent recurrent neural
            network language model): the vector of its label is added to the embedding of each of its tokens, and
            the label is part of the states.
        end_of_text: Whether a text ends: the model learns the end-of-text token, begins an empty prompt with it, and
            stops generating at it.
        seed: For the initial weights and for dropout.
        **given: Single options, such as `units=64`, and arguments of `keras.Model`.

    Every option is an attribute of the model as well.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type.
    """

    protocols = (*TextModel.protocols, "dynamic")

    def __init__(
        self,
        tokenizer: Tokenizer,
        options: LanguageModelOptions | None = None,
        *,
        labels: Sequence[str] = (),
        end_of_text: bool = False,
        seed: int = 0,
        **given: Any,
    ) -> None:
        check_process()
        settled, others = settle_options(options or LanguageModelOptions(), given, PLAIN_LANGUAGE_MODEL)
        super().__init__(**others)
        if not isinstance(tokenizer, Tokenizer):
            raise TypeError(f"`tokenizer` must be a fitted tokenizer; received {tokenizer!r}.")
        self.tokenizer = tokenizer
        self.options = settled.filled({"embedding_dim": settled.units, "output_dropout": settled.dropout})
        facts = {"labels": labels, "end_of_text": end_of_text, "seed": seed}
        checked = check_language_model(self.options, facts, tokenizer.vocabulary_size)
        for name, value in {**self.options.as_dict(), **checked}.items():
            setattr(self, name, value)
        self.supports_masking = True
        self.snapshots = SnapshotCache(self, "LanguageModel", _with_writer)
        self._make_layers(derive_seeds(self.seed))
        self.build((None, None))
        freeze_parts(self)

    def _make_layers(self, seeds: Iterator[int]) -> None:
        size, dtype = self.tokenizer.vocabulary_size, self.dtype_policy
        # Wide, or the first epoch is spent on growing them; small where they are the weights of the output too.
        normal = keras.initializers.RandomNormal(stddev=0.05 if self.tie_embeddings else 1.0, seed=next(seeds))
        self.embedding = keras.layers.Embedding(size, self.embedding_dim, normal, dtype=dtype, name="embedding")
        self.recurrent_layers = [
            make_recurrent(
                self.cell,
                self.units,
                seeds,
                weight_drop=self.weight_drop,
                zoneout=self.zoneout,
                dtype=dtype,
                name=f"layer_{number + 1}",
            )
            for number in range(self.num_layers)
        ]
        rates = [self.input_dropout, *[self.dropout] * (self.num_layers - 1), self.output_dropout]
        self.dropout_layers = [LockedDropout(rate, seed=next(seeds), dtype=dtype) for rate in rates]
        self.token_dropout = LockedDropout(self.embedding_dropout, axis=1, seed=next(seeds), dtype=dtype)
        self.norms = [
            keras.layers.LayerNormalization(dtype=dtype, name=f"norm_{number + 1}")
            for number in range(self.num_layers * self.layer_norm)
        ]

        def make_dense(width: int, name: str) -> keras.layers.Dense:
            glorot = keras.initializers.GlorotUniform(seed=next(seeds))
            return keras.layers.Dense(width, kernel_initializer=glorot, dtype=dtype, name=name)

        if not self.tie_embeddings:
            self.head = make_dense(size, "head")
        self.has_bottleneck = self.tie_embeddings and self.embedding_dim != self.units
        if self.has_bottleneck:
            self.bottleneck = make_dense(self.embedding_dim, "bottleneck")
        if self.num_sampled:
            self.sampling_seeds = keras.random.SeedGenerator(next(seeds))
        if self.labels:
            self.label_embedding = keras.layers.Embedding(
                len(self.labels), self.embedding_dim, "zeros", dtype=dtype, name="label_embedding"
            )

    def depths(self) -> list[int]:
        """Number of layers between each trainable variable and the output."""
        embeddings = [self.embedding, *([self.label_embedding] if self.labels else [])]
        below = [[layer] for layer in reversed(self.recurrent_layers)]
        depth_of = {
            id(variable): depth
            for depth, layers in enumerate([*below, embeddings], start=1)
            for layer in layers
            for variable in layer.trainable_variables
        }
        return [depth_of.get(id(variable), 0) for variable in self.trainable_variables]

    def build(self, input_shape: Any = None) -> None:
        self.embedding.build((None, None))
        for layer, width in zip(self.recurrent_layers, self._input_widths(), strict=True):
            layer.build((None, None, width))
        for norm in self.norms:
            norm.build((None, None, self.units))
        if self.tie_embeddings:
            self.output_bias = self.add_weight(
                shape=(self.tokenizer.vocabulary_size,), initializer="zeros", name="output_bias"
            )
        else:
            self.head.build((None, None, self.units))
        if self.has_bottleneck:
            self.bottleneck.build((None, None, self.units))
        if self.labels:
            self.label_embedding.build((None,))
        self.built = True

    def _input_widths(self) -> list[int]:
        return [self.embedding_dim, *[self.units] * (self.num_layers - 1)]

    def call(self, ids: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Logits float32 `[B, T, V]` for the token after each of ids `[B, T]`, from an empty state.

        Raises:
            ValueError: If the model is conditioned on labels; `forward` takes them as part of the states.
        """
        if self.labels:
            raise ValueError(
                "a model with `labels` needs the label of each row: call "
                "`forward(ids, initial_states(B, labels))`; received ids alone."
            )
        mask = self.compute_mask(ids, mask)
        return self.forward(ids, self.initial_states(tf.shape(ids)[0]), mask=mask, training=training)[0]

    def compute_mask(self, ids: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        return keras.ops.not_equal(ids, self.tokenizer.pad_id) if mask is None else mask

    def compute_output_shape(self, ids_shape: Any) -> tuple[int | None, ...]:
        return (*ids_shape, self.tokenizer.vocabulary_size)

    def forward(
        self, ids: tf.Tensor, states: States, *, mask: tf.Tensor | None = None, training: bool | None = False
    ) -> tuple[tf.Tensor, States]:
        """One window of a longer text: logits `[B, T, V]` and the states to carry into the next window.

        Args:
            ids: Int `[B, T]`.
            states: As `initial_states` makes them or as this method returned them.
            mask: Bool `[B, T]`, True at real steps; None when all are.
            training: Whether anything is dropped.
        """
        outputs, states = self.hidden(ids, states, mask=mask, training=training)
        return self.logits(outputs[-1], training=training), states

    def hidden(
        self, ids: tf.Tensor, states: States, *, mask: tf.Tensor | None = None, training: bool | None = False
    ) -> tuple[list[tf.Tensor], States]:
        """Outputs of every recurrent layer, each `[B, T, H]`, and the states; arguments as for `forward`."""
        check_process()
        remaining, after = list(states), []
        outputs: list[tf.Tensor] = []
        for number, layer in enumerate(self.recurrent_layers):
            options = {
                "initial_state": [remaining.pop(0) for _ in range(layer.cell.number_of_states)],
                "mask": mask,
                "training": training,
            }
            if number == 0:
                read = self._read_tokens(ids, remaining[-1:], options)
            else:
                entering = self.dropout_layers[number](self._normed(number - 1, outputs[-1]), training=training)
                read = layer(entering, **options)
            after.extend(read[1:])
            outputs.append(read[0] + outputs[-1] if self.residual and number else read[0])
        return outputs, (*after, *remaining)

    def _read_tokens(self, ids: tf.Tensor, labels: list[tf.Tensor], options: dict[str, Any]) -> Any:
        layer, training = self.recurrent_layers[0], options["training"]
        embeddings = self.token_dropout(tf.convert_to_tensor(self.embedding.embeddings), training=training)
        if not self.labels and not (self.input_dropout and training):
            return layer.read_ids(ids, embeddings, **options)
        entering = tf.gather(embeddings, ids)
        if self.labels:
            entering += tf.cast(self.label_embedding(labels[0]), entering.dtype)
        return layer(self.dropout_layers[0](entering, training=training), **options)

    def _normed(self, number: int, hidden: tf.Tensor) -> tf.Tensor:
        return self.norms[number](hidden) if self.layer_norm else hidden

    def logits(self, hidden: tf.Tensor, *, training: bool | None = False) -> tf.Tensor:
        """Logits float32 `[B, T, V]` from the last layer's outputs `[B, T, H]`."""
        hidden = self._leaving(hidden, training)
        if not self.tie_embeddings:
            return tf.cast(self.head(hidden), tf.float32)
        embeddings, bias = (tf.cast(weights, hidden.dtype) for weights in self._output_weights())
        flat = tf.matmul(tf.reshape(hidden, [-1, self.embedding_dim]), embeddings, transpose_b=True)
        logits = tf.reshape(flat, [tf.shape(hidden)[0], tf.shape(hidden)[1], self.tokenizer.vocabulary_size])
        return tf.cast(logits + bias, tf.float32)

    def token_losses(
        self, hidden: tf.Tensor, targets: tf.Tensor, *, training: bool | None = False, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Cross-entropy of the token after each step, float32 `[B, T]`, in nats; an estimate if `training` a model
        with `num_sampled`.

        Args:
            hidden: The last layer's outputs, `[B, T, H]`.
            targets: Int `[B, T]`.
            training: Whether anything is dropped and sampled.
            seed: For the sample, int `[2]`, which is then taken of any model with `num_sampled`.
        """
        if not self.num_sampled or (seed is None and not training):
            return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, self.logits(hidden, training=training))
        leaving = self._leaving(hidden, training)
        weights, bias = self._output_weights()
        flat = tf.reshape(leaving, [-1, leaving.shape[-1]])
        seed = self.sampling_seeds.next() if seed is None else seed
        losses = sampled_cross_entropy(flat, tf.reshape(targets, [-1]), weights, bias, self.num_sampled, seed)
        return tf.reshape(losses, tf.shape(targets))

    def _leaving(self, hidden: tf.Tensor, training: bool | None) -> tf.Tensor:
        """Inputs of the output layer, `[B, T, D]`."""
        hidden = self.dropout_layers[-1](self._normed(-1, hidden), training=training)
        return self.bottleneck(hidden) if self.has_bottleneck else hidden

    def _output_weights(self) -> tuple[tf.Tensor, tf.Tensor]:
        """A row for each token, `[V, D]`, and the bias `[V]`."""
        if self.tie_embeddings:
            return tf.convert_to_tensor(self.embedding.embeddings), tf.convert_to_tensor(self.output_bias)
        return tf.transpose(tf.convert_to_tensor(self.head.kernel)), tf.convert_to_tensor(self.head.bias)

    def initial_states(self, batch_size: Any, labels: Any = 0) -> States:
        """Empty states of all layers, in order, each zeros `[B, H]`.

        Args:
            batch_size: B.
            labels: For a model with labels the number of each row's, int `[B]`, or one for all: one more state,
                int32 `[B, 1]`.
        """
        states = tuple(state for layer in self.recurrent_layers for state in layer.get_initial_state(batch_size))
        if not self.labels:
            return states
        return (*states, tf.broadcast_to(tf.reshape(tf.cast(labels, tf.int32), [-1, 1]), [batch_size, 1]))

    @functools.cached_property
    def _traced_forward(self) -> Any:
        """`forward` at inference, for any B and T."""
        states = tuple(tf.TensorSpec([None, *state.shape[1:]], state.dtype) for state in self.initial_states(1))
        return tf.function(
            functools.partial(self.forward, mask=None, training=False),
            input_signature=[tf.TensorSpec([None, None], tf.int32), states],
            autograph=False,
        )

    def step(self, ids: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """`forward` at inference, traced for any shape: NumPy logits float32 `[B, T, V]` and the states."""
        check_process()
        logits, states = self._traced_forward(np.asarray(ids, np.int32), tuple(states))
        return logits.numpy(), states

    def snapshot(self) -> Snapshot:
        """The model with the weights of this moment: NumPy reads one text or few tokens, TensorFlow reads many.

        A step of one token is too little work for TensorFlow, whose overhead exceeds it. The cut of a text into
        chunks must not change the result, so only float32 models use both: TensorFlow alone reads a model in float64
        or with a user's cell, NumPy alone one in bfloat16.
        """
        if self.compute_dtype == "float64":
            return Snapshot(self.step, self.to_numpy().fingerprint)
        if not runs_in_numpy(self.cell):
            config = self.get_config()
            return Snapshot(self.step, fingerprint_of(config, read_weights(self, "LanguageModel", config)))
        is_shared = self.compute_dtype == "float32"
        numpy_model, write = self.snapshots.current()

        def step(ids: np.ndarray, states: Any) -> tuple[np.ndarray, Any]:
            if len(ids) > 1 and ids.size > MAX_NUMPY_TOKENS and is_shared:
                return self.step(ids, states)
            return numpy_model.step(ids, tuple(np.asarray(state) for state in states))

        return Snapshot(step, numpy_model.fingerprint, write)

    def to_numpy(self) -> runtime.LanguageModel:
        """This model for NumPy, with the weights of this moment.

        Raises:
            ValueError: If its cell is not one of this package.
        """
        return self.snapshots.current()[0]

    def evaluate_text(
        self, text: str, protocol: str = "stateful", *, condition: str | None = None, progress: bool = False
    ) -> Score:
        """As `TextModel.evaluate_text`, with one more protocol: `"dynamic"` reads the text whole while the weights
        adapt to it (`models/dynamic_evaluation.py`). Its scores do not compare with those of the other two."""
        check_process()
        if protocol != "dynamic":
            return super().evaluate_text(text, protocol, condition=condition, progress=progress)
        ids = self._encode_whole(text)
        states = self._empty_states(1, condition)
        return Score.of(score_dynamically(self, ids, states, self.start_id, progress=progress), len(text))

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
            "end_of_text": self.end_of_text,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LanguageModel:
        return cls(**{**config, "tokenizer": tokenizer_from_dict(config["tokenizer"])})


def _with_writer(config: dict[str, Any], weights: Weights) -> tuple[runtime.LanguageModel, CompiledWriter]:
    """A model for NumPy, and the function that writes many of its texts at once."""
    numpy_model = runtime.LanguageModel(config, weights)
    return numpy_model, CompiledWriter(numpy_model)
