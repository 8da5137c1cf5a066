"""A text classifier with NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from textrnn.classification import TextLabeller
from textrnn.generation.scoring import log_softmax
from textrnn.runtime.archive import numbered
from textrnn.runtime.cells import States
from textrnn.runtime.recurrent import Recurrent
from textrnn.text import PAD_ID, pad_batch, tokenizer_from_dict

MIXER = 1_000_003  # of textrnn.layers.BigramEmbedding


class Carried(NamedTuple):
    """What is known of B texts that come in parts.

    Attributes:
        states: Of each layer, and of each of its directions, in turn.
        total: The sum of the last layer's outputs, float64 `[B, H]`.
        highest: Their maximum, `[B, H]`.
        steps: How many there are, int `[B, 1]`.
        last_ids: The last symbol, int `[B]`.
    """

    states: list[States]
    total: np.ndarray
    highest: np.ndarray
    steps: np.ndarray
    last_ids: np.ndarray


class TextClassifier(TextLabeller):
    """What `textrnn.TextClassifier` knows: the same answers.

    Args:
        config: That of the Keras model.
        weights: Its variables, float32, in the order each layer made them, by the path of the layer in a file.
    """

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, list[np.ndarray]]) -> None:
        self.tokenizer = tokenizer_from_dict(config["tokenizer"])
        self.labels = tuple(config["labels"])
        self.temperature = float(config.get("temperature", 1.0))  # a file may be older than calibration
        self.readers = [Reader(config, weights, f"layers/{numbered('reader', n)}") for n in range(config["members"])]

    def log_probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """From B texts, each ids int32 `[N]` with its own N, to float64 `[B, labels]`, before the temperature."""
        ids = pad_batch(sequences)
        logs = [log_softmax(reader.logits(ids)) for reader in self.readers]
        return np.asarray(np.logaddexp.reduce(logs, axis=0) - math.log(len(logs)))


class Reader:
    """Embedding, recurrent layers, their outputs pooled three ways, one logit a label.

    Args:
        config: As for `TextClassifier`.
        weights: As for `TextClassifier`.
        path: Under which the reader's own lie.
    """

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, list[np.ndarray]], path: str) -> None:
        self.embeddings = weights[f"{path}/embedding"][0]
        self.bigrams = weights[f"{path}/bigrams"][0] if config["bigram_buckets"] else None
        self.head = weights[f"{path}/head"]
        ways = {"/forward": False, "/backward": True} if config["bidirectional"] else {"": False}
        name = f"{path}/recurrent_layers/{'bidirectional' if config['bidirectional'] else 'recurrent'}"
        self.layers = [
            [
                Recurrent(config["cell"], config["units"], weights[f"{numbered(name, n)}{way}/cell"], reverse=reverse)
                for way, reverse in ways.items()
            ]
            for n in range(config["num_layers"])
        ]

    def logits(self, ids: np.ndarray) -> np.ndarray:
        """From ids int32 `[B, T]`, padded, to float32 `[B, labels]`."""
        return self.answer(self.read(ids, self.start(len(ids))))

    def start(self, rows: int) -> Carried:
        """Nothing read yet, in each of `rows` texts."""
        states = [layer.initial_states(rows) for directions in self.layers for layer in directions]
        width = sum(layer.units for layer in self.layers[-1])
        zeros = np.zeros([rows, width])
        return Carried(states, zeros, zeros - np.inf, np.zeros([rows, 1], np.int64), np.zeros(rows, np.int64))

    def read(self, ids: np.ndarray, carried: Carried) -> Carried:
        """What is known after one more part of each text, ids int `[B, T]`, padded at its end.

        A bidirectional reader must be given a text as one part.
        """
        mask = ids != PAD_ID
        hidden, after = self._embed(ids, carried.last_ids), list[States]()
        for directions in self.layers:
            outputs = []
            for layer in directions:
                ran, states = layer.run(layer.project(hidden), carried.states[len(after)], mask)
                outputs.append(ran)
                after.append(states)
            hidden = np.concatenate(outputs, axis=-1)
        among = np.where(mask[..., None], hidden, -np.inf)
        read = mask.sum(axis=1, keepdims=True)
        last_ids = np.take_along_axis(np.concatenate([carried.last_ids[:, None], ids], axis=1), read, axis=1)[:, 0]
        return Carried(
            after,
            carried.total + hidden.sum(axis=1, dtype=np.float64),  # masked outputs are zero
            np.maximum(carried.highest, among.max(axis=1, initial=-np.inf)),
            carried.steps + read,
            last_ids,
        )

    def answer(self, carried: Carried) -> np.ndarray:
        """Logits float32 `[B, labels]` after what has been read; mean and maximum of nothing are zero."""
        last = [states[0] for states in carried.states[-len(self.layers[-1]) :]]
        mean = carried.total / np.maximum(carried.steps, 1)
        highest = np.where(carried.steps > 0, carried.highest, 0)
        kernel, bias = self.head
        return np.concatenate([*last, mean, highest], axis=-1).astype(np.float32) @ kernel + bias

    def _embed(self, ids: np.ndarray, before: np.ndarray) -> np.ndarray:
        embedded = self.embeddings[ids]
        if self.bigrams is None:
            return embedded
        previous = np.concatenate([before[:, None], ids], axis=1)[:, :-1].astype(np.int64)
        return embedded + self.bigrams[(previous * MIXER + ids) % len(self.bigrams)]
