"""Texts per second of a classifier, and of the same network in stock Keras with all texts padded to the longest.

    python benchmarks/classification.py FILE [--texts 2000] [--units 256]

FILE is a table with a text column. The first --texts texts are timed; for Keras each is padded to the longest text of
the file, as if the whole file were classified. Both networks have the same weights, and their outputs are compared
first. They take turns in one process with TensorFlow's own settings, and medians are compared: textrnn with the
batches of `classify`, Keras with the batch size of KERAS_BATCHES that is fastest. Tokenization is not timed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from textrnn.batching import batches_by_length
from textrnn.classification.windows import DEFAULT_BATCH_SIZE, MAX_BATCH_TOKENS
from textrnn.models import TextClassifier
from textrnn.text import WordTokenizer, pad_batch, read_texts

KERAS_BATCHES = (32, 64, 256)  # the first is the default of `predict`


def main() -> None:
    parser = argparse.ArgumentParser(description="Classification against stock Keras padded to the longest text.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    texts = read_texts(options.file)
    tokenizer = WordTokenizer(maximum_size=30_000).fit(texts[: options.texts])
    ids = [tokenizer.encode(text) for text in texts]
    longest, ids = max(len(each) for each in ids), ids[: options.texts]
    lengths = np.array([len(each) for each in ids])
    print(f"{len(ids):,} texts of {lengths.min()} to {lengths.max():,} tokens, {lengths.mean():.0f} on average")
    print(f"the longest of {len(texts):,} has {longest:,}")
    print("| network | textrnn, texts per second | Keras | ratio |")
    print("| --- | --- | --- | --- |")
    for bidirectional in (False, True):
        ours = TextClassifier(tokenizer, ["no", "yes"], units=options.units, bidirectional=bidirectional)
        stock = in_keras(ours)
        padded = pad_batch(ids)
        padded = np.pad(padded, [[0, 0], [0, longest - padded.shape[1]]])
        own, others = scored(ours, ids[:64]), keras.ops.log_softmax(stock(padded[:64]))
        np.testing.assert_allclose(own, others, atol=1e-3)
        runs: dict[str, Callable[[], Any]] = {
            f"Keras, batch size {size}": partial(stock.predict, padded, batch_size=size, verbose=0)
            for size in KERAS_BATCHES
        }
        rates = race({"textrnn": partial(scored, ours, ids), **runs}, options.rounds, len(ids))
        best = max(runs, key=rates.__getitem__)
        name = f"LSTM {options.units}, {'both ways' if bidirectional else 'one way'}, pooled"
        ratio = rates["textrnn"] / rates[best]
        print(f"| {name} | {rates['textrnn']:,.0f} | {rates[best]:,.0f} ({best}) | {ratio:.1f} |", flush=True)


def scored(model: TextClassifier, ids: list[np.ndarray]) -> np.ndarray:
    """Log-probabilities of the labels, float `[N, labels]`, with the batches of `classify`."""
    logs = np.zeros([len(ids), len(model.labels)])
    for rows in batches_by_length([len(each) for each in ids], DEFAULT_BATCH_SIZE, MAX_BATCH_TOKENS):
        logs[rows] = model.log_probabilities([ids[row] for row in rows])
    return logs


def in_keras(model: TextClassifier) -> keras.Model:
    """The same network made of Keras's own layers, with the same weights."""
    (encoder,) = model.text_encoders
    layers = keras.layers
    ids = keras.Input([None], dtype="int32")
    embedding = layers.Embedding(model.tokenizer.vocabulary_size, model.embedding_dim, mask_zero=True)
    recurrent: Any = layers.LSTM(model.units, return_sequences=True, return_state=True)
    if model.bidirectional:
        recurrent = layers.Bidirectional(recurrent)
    embedded = embedding(ids)
    outputs, *states = recurrent(embedded)
    last = keras.ops.concatenate([states[0], states[2]], axis=-1) if model.bidirectional else states[0]
    real = keras.ops.expand_dims(keras.ops.not_equal(ids, 0), -1)
    kept = keras.ops.where(real, outputs, 0.0)
    mean = keras.ops.sum(kept, axis=1) / keras.ops.sum(keras.ops.cast(real, "float32"), axis=1)
    highest = keras.ops.max(keras.ops.where(real, outputs, -1e9), axis=1)
    head = layers.Dense(len(model.labels))
    stock = keras.Model(ids, head(keras.ops.concatenate([last, mean, highest], axis=-1)))
    embedding.set_weights(encoder.embedding.get_weights())
    (layer,) = encoder.recurrent_layers
    ways = [layer.forward, layer.backward] if model.bidirectional else [layer]
    recurrent.set_weights([weight for way in ways for weight in way.cell.get_weights()])
    head.set_weights(encoder.head.get_weights())
    return stock


def race(contestants: dict[str, Callable[[], Any]], rounds: int, texts: int) -> dict[str, float]:
    """Texts per second of each contestant: the median of all rounds but the first, in which graphs are traced."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            began = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - began)
    return {name: texts / statistics.median(each) for name, each in seconds.items()}


if __name__ == "__main__":
    main()
