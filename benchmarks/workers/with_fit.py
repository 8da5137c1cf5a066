"""Worker of `keras.Model.fit`, with the recurrent layer of Keras or of textrnn.

Steps are timed inside `fit`, from the end of one to the end of the last: afterwards `fit` waits up to two seconds for
its data pipeline to end. In the environment LAYER is `keras` or `textrnn`, THREADS is `default` or `configured`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from protocol import VOCABULARY, Case, serve_timed

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BATCHES = 4  # different ones


def make(case: Case) -> Callable[[int], float]:
    if os.environ["THREADS"] == "configured":
        import textrnn

        textrnn.configure_tensorflow()
    import keras
    import numpy as np
    import tensorflow as tf

    keras.config.set_dtype_policy({"bfloat16": "mixed_bfloat16"}.get(case.precision, case.precision))
    model = keras.Sequential(
        [
            keras.layers.Embedding(VOCABULARY, case.units),
            *[make_layer(case) for _ in range(case.layers)],
            keras.layers.Dense(VOCABULARY, dtype="float32"),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ids = np.random.default_rng(0).integers(3, VOCABULARY, (BATCHES * case.batch, case.steps + 1)).astype(np.int32)
    batches = tf.data.Dataset.from_tensor_slices((ids[:, :-1], ids[:, 1:])).batch(case.batch).repeat()
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter()))

    def run(times: int) -> float:
        ends.clear()
        model.fit(batches, steps_per_epoch=times + 1, callbacks=[clock], verbose=0)
        return ends[-1] - ends[0]

    return run


def make_layer(case: Case) -> Any:
    import keras

    from textrnn.layers import GRUCell, LSTMCell, Recurrent, RNNCell

    if os.environ["LAYER"] == "keras":
        theirs: dict[str, Any] = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
        return theirs[case.cell](case.units, return_sequences=True)
    ours: dict[str, Any] = {"rnn": RNNCell, "lstm": LSTMCell, "gru": GRUCell}
    return Recurrent(ours[case.cell](case.units), return_sequences=True)


serve_timed(make)
