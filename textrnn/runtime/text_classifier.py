"""A text classifier with NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textrnn.classification import TextLabeller
from textrnn.generation.scoring import log_softmax
from textrnn.runtime.archive import numbered
from textrnn.runtime.recurrent import Recurrent
from textrnn.text import PAD_ID, pad_batch, tokenizer_from_dict

MIXER = 1_000_003  # of textrnn.layers.BigramEmbedding


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
        mask = ids != PAD_ID
        hidden, last = self._embed(ids), [np.zeros([])]
        for directions in self.layers:
            ran = [layer.run(layer.project(hidden), layer.initial_states(len(ids)), mask) for layer in directions]
            hidden = np.concatenate([outputs for outputs, _ in ran], axis=-1)
            last = [states[0] for _, states in ran]
        kernel, bias = self.head
        return np.concatenate([*last, *_mean_and_highest(hidden, mask)], axis=-1) @ kernel + bias

    def _embed(self, ids: np.ndarray) -> np.ndarray:
        embedded = self.embeddings[ids]
        if self.bigrams is None:
            return embedded
        previous = np.pad(ids[:, :-1], [(0, 0), (1, 0)]).astype(np.int64)
        return embedded + self.bigrams[(previous * MIXER + ids) % len(self.bigrams)]


def _mean_and_highest(outputs: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Over the real steps of `[B, T, H]`; zeros for a row without any."""
    count = mask.sum(axis=1)[:, None]
    mean = outputs.sum(axis=1) / np.maximum(count, 1)  # masked outputs are zero
    highest = np.where(mask[..., None], outputs, -np.inf).max(axis=1)
    return mean.astype(np.float32), np.where(count > 0, highest, 0).astype(np.float32)
