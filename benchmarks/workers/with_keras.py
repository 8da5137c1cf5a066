"""Worker of stock Keras on TensorFlow, with its layers, the training step of `fit` and the default threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from protocol import VOCABULARY, Case, serve

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def make(case: Case) -> Callable[[], Any]:
    import keras
    import numpy as np
    import tensorflow as tf

    layer = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[case.cell]
    stack = [layer(case.units, return_sequences=True) for _ in range(case.layers)]
    model = keras.Sequential([keras.layers.Embedding(VOCABULARY, case.units), *stack, keras.layers.Dense(VOCABULARY)])
    model.build((case.batch, case.steps))
    ids = np.random.default_rng(0).integers(3, VOCABULARY, (case.batch, case.steps + 1)).astype(np.int32)
    inputs, targets = tf.constant(ids[:, :-1]), tf.constant(ids[:, 1:])
    if case.task == "score":
        forward = tf.function(lambda inputs: model(inputs, training=False), jit_compile=False)
        return lambda: forward(inputs).numpy()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), loss, jit_compile=False)
    batches = iter(tf.data.Dataset.from_tensors((inputs, targets)).repeat())
    model.make_train_function()
    return lambda: model.train_function(batches)


serve(make)
