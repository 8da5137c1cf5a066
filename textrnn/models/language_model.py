"""The language model: what comes next, given all that came before."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn import runtime
from textrnn.forks import check_process
from textrnn.generation import Score, Stepper, TextModel
from textrnn.layers import LockedDropout
from textrnn.layers.arguments import freeze_parts
from textrnn.layers.sampled_softmax import sampled_cross_entropy
from textrnn.models.dynamic_evaluation import score_dynamically
from textrnn.models.model_of_ids import ModelOfIds
from textrnn.models.saving import save_model
from textrnn.models.stack import derive_seeds, make_recurrent
from textrnn.models.twins import Twins
from textrnn.runtime.options import LANGUAGE_MODEL, check_language_model
from textrnn.text import Tokenizer, tokenizer_from_dict

States = tuple[Any, ...]

SYMBOLS_WITH_NUMPY = 512  # at a step, over several rows: more are worth TensorFlow's while


@keras.saving.register_keras_serializable("textrnn")
class LanguageModel(TextModel, ModelOfIds):
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
        input_dropout: Fraction of the embeddings' features dropped while training. Every dropout here is locked in
            time: it drops the same features at all steps of a row (Gal and Ghahramani, 2016, arXiv 1512.05287).
        dropout: Fraction of each recurrent layer's outputs dropped while training.
        output_dropout: The same for the last layer, whose outputs the logits are made of; `dropout` by default.
        embedding_dropout: Fraction of the symbols whose embedding is dropped, wherever they stand (Gal and
            Ghahramani, 2016, section 4.2).
        weight_drop: Fraction of each recurrent kernel dropped while training (Merity et al., 2018, arXiv 1708.02182).
        zoneout: How likely a unit keeps its state at a step while training (Krueger et al., 2017, arXiv 1606.01305).
        layer_norm: Whether the outputs of each layer are normalised (Ba et al., 2016, arXiv 1607.06450).
        residual: Whether each layer but the first adds its outputs to its inputs (He et al., 2016, arXiv 1512.03385).
        tie_embeddings: Whether the output layer shares the embedding's weights (Press and Wolf, 2017,
            arXiv 1608.05859); where `embedding_dim` is not `units`, a linear layer goes between.
        negatives: How many symbols the right one is told from while training, where telling it from all of a large
            vocabulary takes too long (`sampled_cross_entropy`); 0 for all.
        labels: What a text can be conditioned on (Mikolov and Zweig, 2012, Context dependent recurrent neural
            network language model): the vector of its label is added to the embedding of each of its symbols, and
            the label is part of the states.
        documents: Whether texts are documents that end: the model then learns the end-of-text symbol, begins an
            empty prompt with it, and stops generating at it.
        reverse: Whether documents are read from their end, each symbol predicted from those after it. Such a model
            gives a classifier its layers and tells how likely a whole text is; it cannot write.
        seed: For the initial weights and for dropout.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type.
    """

    protocols = (*TextModel.protocols, "dynamic")

    cell: str
    units: int
    num_layers: int
    embedding_dim: int
    input_dropout: float
    dropout: float
    output_dropout: float
    embedding_dropout: float
    weight_drop: float
    zoneout: float
    layer_norm: bool
    residual: bool
    tie_embeddings: bool
    negatives: int
    labels: tuple[str, ...]
    documents: bool
    reverse: bool
    seed: int

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        cell: str = "lstm",
        units: int = 384,
        num_layers: int = 1,
        embedding_dim: int | None = None,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        output_dropout: float | None = None,
        embedding_dropout: float = 0.0,
        weight_drop: float = 0.0,
        zoneout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        tie_embeddings: bool = False,
        negatives: int = 0,
        labels: Sequence[str] = (),
        documents: bool = False,
        reverse: bool = False,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        check_process()
        super().__init__(**kwargs)
        if not isinstance(tokenizer, Tokenizer):
            raise TypeError(f"`tokenizer` must be a fitted tokenizer; received {tokenizer!r}.")
        self.tokenizer = tokenizer
        options = {
            "cell": cell,
            "units": units,
            "num_layers": num_layers,
            "embedding_dim": units if embedding_dim is None else embedding_dim,
            "input_dropout": input_dropout,
            "dropout": dropout,
            "output_dropout": dropout if output_dropout is None else output_dropout,
            "embedding_dropout": embedding_dropout,
            "weight_drop": weight_drop,
            "zoneout": zoneout,
            "layer_norm": layer_norm,
            "residual": residual,
            "tie_embeddings": tie_embeddings,
            "negatives": negatives,
            "labels": labels,
            "documents": documents,
            "reverse": reverse,
            "seed": seed,
        }
        for name, value in check_language_model(options, tokenizer.vocabulary_size).items():
            setattr(self, name, value)
        self.supports_masking = True
        self.twins = Twins(self)
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
        self.symbol_dropout = LockedDropout(self.embedding_dropout, axis=1, seed=next(seeds), dtype=dtype)
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
        if self.negatives:
            self.negative_seeds = keras.random.SeedGenerator(next(seeds))
        if self.labels:
            self.label_embedding = keras.layers.Embedding(
                len(self.labels), self.embedding_dim, "zeros", dtype=dtype, name="label_embedding"
            )

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
        """Logits float32 `[B, T, V]` for the symbol after each of ids `[B, T]`, from an empty state.

        Raises:
            ValueError: If the model is conditioned on labels, which `forward` takes as part of the states.
        """
        if self.labels:
            raise ValueError(
                "a model with `labels` must be told the label of each row: call "
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
        """The outputs of every recurrent layer, each `[B, T, H]`, and the states; arguments as for `forward`."""
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
                read = self._read_symbols(ids, remaining[-1:], options)
            else:
                entering = self.dropout_layers[number](self._normed(number - 1, outputs[-1]), training=training)
                read = layer(entering, **options)
            after.extend(read[1:])
            outputs.append(read[0] + outputs[-1] if self.residual and number else read[0])
        return outputs, (*after, *remaining)

    def _read_symbols(self, ids: tf.Tensor, labels: list[tf.Tensor], options: dict[str, Any]) -> Any:
        layer, training = self.recurrent_layers[0], options["training"]
        embeddings = self.symbol_dropout(tf.convert_to_tensor(self.embedding.embeddings), training=training)
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

    def symbol_losses(
        self, hidden: tf.Tensor, targets: tf.Tensor, *, training: bool | None = False, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Cross-entropy of the symbol after each step, float32 `[B, T]`, in nats; an estimate if `training` a model
        with `negatives`.

        Args:
            hidden: The last layer's outputs, `[B, T, H]`.
            targets: Int `[B, T]`.
            training: Whether anything is dropped and sampled.
            seed: For the sample, int `[2]`, which is then taken of any model with `negatives`.
        """
        if not self.negatives or (seed is None and not training):
            return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, self.logits(hidden, training=training))
        leaving = self._leaving(hidden, training)
        weights, bias = self._output_weights()
        flat = tf.reshape(leaving, [-1, leaving.shape[-1]])
        seed = self.negative_seeds.next() if seed is None else seed
        losses = sampled_cross_entropy(flat, tf.reshape(targets, [-1]), weights, bias, self.negatives, seed)
        return tf.reshape(losses, tf.shape(targets))

    def _leaving(self, hidden: tf.Tensor, training: bool | None) -> tf.Tensor:
        """What the output weights are applied to."""
        hidden = self.dropout_layers[-1](self._normed(-1, hidden), training=training)
        return self.bottleneck(hidden) if self.has_bottleneck else hidden

    def _output_weights(self) -> tuple[tf.Tensor, tf.Tensor]:
        """A row for each symbol, `[V, D]`, and the bias `[V]`."""
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

    def stepper(self) -> Stepper:
        """The model as it is at this moment: one text, or few symbols, are read with NumPy, much with TensorFlow.

        A step of one symbol is too little work for TensorFlow, which spends most of it on getting there. Where a text
        is cut must not change what is read, so only float32 is shared: a model in float64 is read with TensorFlow
        alone, one in bfloat16 with NumPy.
        """
        check_process()
        if self.compute_dtype == "float64":
            return Stepper(self.step, self.numpy_twin().fingerprint)
        is_shared = self.compute_dtype == "float32"
        twin, write = self.twins.current()

        def step(ids: np.ndarray, states: Any) -> tuple[np.ndarray, Any]:
            if len(ids) > 1 and ids.size > SYMBOLS_WITH_NUMPY and is_shared:
                return self.step(ids, states)
            return twin.step(ids, tuple(np.asarray(state) for state in states))

        return Stepper(step, twin.fingerprint, write)

    def numpy_twin(self) -> runtime.LanguageModel:
        """This model as NumPy runs it, with the weights it has at this moment."""
        return self.twins.current()[0]

    def evaluate_text(
        self, text: str, protocol: str = "stateful", *, condition: str | None = None, progress: bool = False
    ) -> Score:
        """As `TextModel.evaluate_text`, with one more protocol: `"dynamic"` reads the text whole and lets the weights
        follow it (`models/dynamic_evaluation.py`), which no number of the other two may be compared with."""
        check_process()
        if protocol != "dynamic":
            return super().evaluate_text(text, protocol, condition=condition, progress=progress)
        ids = self._encode_whole(text)
        states = self._empty_states(1, condition)
        return Score.of(score_dynamically(self, ids, states, self.start_id, progress=progress), len(text))

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
            **{name: list(self.labels) if name == "labels" else getattr(self, name) for name in LANGUAGE_MODEL},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LanguageModel:
        return cls(**{**config, "tokenizer": tokenizer_from_dict(config["tokenizer"])})
