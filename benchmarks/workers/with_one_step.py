"""Worker of TensorFlow's text-generation tutorial: a Keras model whose traced step runs in a Python loop.

A step maps strings to ids, runs the model, masks the unknown token, samples, and maps ids to strings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from protocol import VOCABULARY, Case, serve


class Model(keras.Model):
    """Embedding, recurrent layers, logits."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        layer = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[case.cell]
        self.embedding = keras.layers.Embedding(VOCABULARY, case.units)
        self.recurrent = [layer(case.units, return_sequences=True, return_state=True) for _ in range(case.layers)]
        self.head = keras.layers.Dense(VOCABULARY)

    def call(self, ids: tf.Tensor, states: list[Any]) -> tuple[tf.Tensor, list[Any]]:
        hidden, after = self.embedding(ids), []
        for recurrent, state in zip(self.recurrent, states, strict=True):
            hidden, *own = recurrent(hidden, initial_state=state)
            after.append(own)
        return self.head(hidden), after


def make(case: Case) -> Callable[[], Any]:
    tokens = [chr(ord("!") + n) for n in range(VOCABULARY - 1)]
    ids_of = keras.layers.StringLookup(vocabulary=tokens)
    tokens_of = keras.layers.StringLookup(vocabulary=ids_of.get_vocabulary(), invert=True)
    never = tf.SparseTensor([[0]], [-float("inf")], [VOCABULARY])
    mask = tf.sparse.to_dense(never)
    model = Model(case)

    @tf.function
    def generate_one_step(texts: tf.Tensor, states: list[Any]) -> tuple[tf.Tensor, list[Any]]:
        ids = ids_of(texts)[:, None]
        logits, states = model(ids, states)
        drawn = tf.random.categorical(logits[:, -1] + mask, num_samples=1)
        return tokens_of(tf.squeeze(drawn, axis=-1)), states

    def generate() -> Any:
        zeros = [tf.zeros([case.batch, case.units])] * (2 if case.cell == "lstm" else 1)
        states: list[Any] = [zeros for _ in range(case.layers)]
        texts = tf.constant([tokens[0]] * case.batch)
        written = [texts]
        for _ in range(case.steps):
            texts, states = generate_one_step(texts, states)
            written.append(texts)
        return tf.strings.join(written).numpy()

    return generate


serve(make)
