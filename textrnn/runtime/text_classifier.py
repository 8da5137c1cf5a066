"""The text classifier with NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from textrnn.classification import TextLabeler
from textrnn.generation.scoring import log_softmax
from textrnn.hashing import hash_ngrams
from textrnn.runtime.blas import blas_threads, one_blas_thread
from textrnn.runtime.cells import States
from textrnn.runtime.layout import Weights, cell_names, weights_within
from textrnn.runtime.pooling import AttentionPooling, ConcatPooling, Pooled, Pooling
from textrnn.runtime.recurrent import Recurrent
from textrnn.runtime.wide_path import WidePath, WideState, last_ids
from textrnn.text import PAD_ID, pad_batch, tokenizer_from_dict
from textrnn.threads import count_cores

MAX_PART_TOKENS = 1 << 14  # over all texts of a batch
MAX_WORKERS = 4  # batches read at once; between products they wait for each other
BATCH_SIZE = 64  # more texts do not fit into the processor's cache


class EncoderState(NamedTuple):
    """State of B texts that come in parts.

    Attributes:
        states: States of each layer and of each of its directions, in turn.
        pooled: Pooled outputs of the last layer.
        last_ids: Last tokens, int `[B, ngrams - 1]`.
    """

    states: list[States]
    pooled: Pooled
    last_ids: np.ndarray


class TextClassifier(TextLabeler):
    """`textrnn.TextClassifier` without TensorFlow: the same answers.

    Args:
        config: That of the Keras model.
        weights: Arrays float32 of each part of the model, by its name (`runtime/layout.py`).
    """

    def __init__(self, config: Mapping[str, Any], weights: Weights) -> None:
        self.workers = 1 if blas_threads() is None else min(count_cores(), MAX_WORKERS)
        self.batch_size = BATCH_SIZE
        self.tokenizer = tokenizer_from_dict(config["tokenizer"])
        self.labels = tuple(config["labels"])
        self.temperature = float(config["temperature"])
        self.text_encoders = [
            TextEncoder(config, weights_within(weights, f"text_encoders.{number}"), reverse=reverse)
            for number, reverse in enumerate(config["reverse"])
        ]
        self.wide_path = WidePath(config["wide_ngrams"], weights["wide_path"]) if config["wide_ngrams"] else None
        self.paths: list[Any] = [*self.text_encoders, *([] if self.wide_path is None else [self.wide_path])]

    def log_probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """From B texts, each ids int32 `[N]` with its own N, to float64 `[B, labels]`, before the temperature.

        Long texts are read in parts, so that memory does not grow with them; an encoder that also reads from the end
        needs them whole.
        """
        ids = pad_batch(sequences)
        with one_blas_thread():
            network = _averaged([encoder.logits(ids) for encoder in self.text_encoders])
            if self.wide_path is None:
                return network
            return np.asarray(log_softmax(self.wide_path.logits(ids, network)))

    def partwise(self) -> TextClassifier:
        if any(encoder.reads_from_the_end for encoder in self.text_encoders):
            raise ValueError(
                "a text can arrive in parts only where it is read from its beginning; this classifier reads it from "
                "its end, too: train one with `bidirectional=False` and no language model that reads in reverse."
            )
        return self

    def start(self) -> list[EncoderState | WideState]:
        """State of each encoder, and of the wide path if there is one, before the first token of a text."""
        return [path.start(1) for path in self.paths]

    def read(self, ids: np.ndarray, carried: list[Any]) -> list[EncoderState | WideState]:
        """States after more tokens, int `[N]`."""
        return [path.read(ids[None], before) for path, before in zip(self.paths, carried, strict=True)]

    def answer(self, carried: list[Any]) -> np.ndarray:
        """Log-probabilities float64 `[labels]`, before the temperature."""
        states = carried[: len(self.text_encoders)]
        network = _averaged([path.answer(known) for path, known in zip(self.text_encoders, states, strict=True)])
        if self.wide_path is not None:
            network = log_softmax(self.wide_path.answer(carried[-1], network))
        return np.asarray(network[0])

    def contributions(self, ids: np.ndarray, label: int, against: int) -> tuple[np.ndarray, float]:
        with one_blas_thread():
            told = [encoder.contributions(ids, label, against) for encoder in self.text_encoders]
        of_ids, base = (np.mean(part, axis=0) for part in zip(*told, strict=True))
        if self.wide_path is not None:
            of_wide, bias = self.wide_path.contributions(ids, label, against)
            share = float(self.wide_path.share[0])
            of_ids, base = share * of_ids + of_wide, share * base + bias
        if len(self.text_encoders) > 1:  # the answer is the mean of their probabilities, not of their logits
            logs = self.log_probabilities([ids])[0]
            base = logs[label] - logs[against] - of_ids.sum()
        return of_ids / self.temperature, float(base) / self.temperature


class TextEncoder:
    """Embedding, recurrent layers, their outputs pooled, one logit a label.

    Args:
        config: As for `TextClassifier`.
        weights: Arrays float32 of each part of the encoder, by its name within it.
        reverse: Whether it reads texts from their end.
    """

    def __init__(self, config: Mapping[str, Any], weights: Weights, *, reverse: bool) -> None:
        self.embeddings = weights["embedding"][0]
        self.remembered = config["ngrams"] - 1
        self.ngram_embedding = weights.get("ngram_embedding")
        self.head = weights["head"]
        self.pooling: Pooling = ConcatPooling()
        if config["pooling"] == "attention":
            self.pooling = AttentionPooling(*weights["pooling"])
        self.reads_from_the_end = bool(config["bidirectional"]) or reverse
        directions = (False, True) if config["bidirectional"] else (reverse,)
        self.layers = [
            [
                Recurrent(config["cell"], config["units"], weights[name], reverse=is_reverse)
                for name, is_reverse in zip(names, directions, strict=True)
            ]
            for names in (
                cell_names(number, bidirectional=config["bidirectional"]) for number in range(config["num_layers"])
            )
        ]

    def logits(self, ids: np.ndarray) -> np.ndarray:
        """From ids int32 `[B, T]`, padded, to float32 `[B, labels]`."""
        known = self.start(len(ids))
        for part in self._parts(ids):
            known = self.read(part, known)
        return self.answer(known)

    def _parts(self, ids: np.ndarray) -> Iterator[np.ndarray]:
        """Ids int32 `[B, T]` a few steps at a time; whole for an encoder that also reads from the end."""
        size = max(1, ids.shape[1] if self.reads_from_the_end else MAX_PART_TOKENS // max(1, len(ids)))
        return (ids[:, begin : begin + size] for begin in range(0, ids.shape[1], size))

    def start(self, rows: int) -> EncoderState:
        """State before the first token of each of `rows` texts."""
        states = [layer.initial_states(rows) for directions in self.layers for layer in directions]
        width = sum(layer.units for layer in self.layers[-1])
        return EncoderState(
            states, self.pooling.start(np.zeros([rows, width])), np.zeros([rows, self.remembered], np.int64)
        )

    def read(self, ids: np.ndarray, carried: EncoderState) -> EncoderState:
        """State after one more part of each text, ids int `[B, T]`, padded at its end.

        An encoder that is bidirectional or reads in reverse must be given a text as one part.
        """
        mask = ids != PAD_ID
        hidden, after = self._run(ids, carried, mask)
        last = last_ids(carried.last_ids, ids, mask)
        return EncoderState(after, self.pooling.add(carried.pooled, hidden, mask), last)

    def _run(self, ids: np.ndarray, carried: EncoderState, mask: np.ndarray) -> tuple[np.ndarray, list[States]]:
        """The last layer's outputs `[B, T, H]` and the states of all layers."""
        hidden, after = self._embed(ids, carried.last_ids), list[States]()
        for directions in self.layers:
            outputs = []
            for layer in directions:
                ran, states = layer.run(layer.project(hidden), carried.states[len(after)], mask)
                outputs.append(ran)
                after.append(states)
            hidden = np.concatenate(outputs, axis=-1)
        return hidden, after

    def contributions(self, ids: np.ndarray, label: int, against: int) -> tuple[np.ndarray, float]:
        """Contribution of each of ids int `[N]` to the difference of two labels' logits, float64 `[N]`, and the
        difference before any token."""
        kernel, bias = (weights.astype(np.float64) for weights in self.head)
        base = float(bias[label] - bias[against])
        if not len(ids):
            return np.zeros(0), base
        difference = kernel[:, label] - kernel[:, against]
        known, parts = self.start(1), []
        for part in self._parts(ids[None]):
            hidden, states = self._run(part, known, part != PAD_ID)
            last = np.concatenate([known.last_ids, part], axis=1)[:, -self.remembered :]
            known = EncoderState(states, known.pooled, last)
            parts.append(hidden[0])
        outputs = np.concatenate(parts).astype(np.float64)
        of_last, of_pooled = np.split(difference, [outputs.shape[1]])
        told = self.pooling.contributions(outputs, of_pooled)
        units = self.layers[-1][0].units
        for number, layer in enumerate(self.layers[-1]):  # the last output is the sum of its moves
            block = slice(number * units, (number + 1) * units)
            told += _moves(outputs[:, block], reverse=layer.reverse) @ of_last[block]
        return told, base

    def answer(self, carried: EncoderState) -> np.ndarray:
        """Logits float32 `[B, labels]` from a state."""
        last = [states[0] for states in carried.states[-len(self.layers[-1]) :]]
        kernel, bias = self.head
        pooled = np.concatenate([*last, *self.pooling.finish(carried.pooled)], axis=-1)
        return pooled.astype(np.float32) @ kernel + bias

    def _embed(self, ids: np.ndarray, before: np.ndarray) -> np.ndarray:
        embedded = self.embeddings[ids]
        if self.ngram_embedding is None:
            return embedded
        table, *kernel = self.ngram_embedding
        ids = np.concatenate([before, ids], axis=1).astype(np.int64)
        vectors = sum(table[bucket] for bucket in hash_ngrams(ids, self.remembered + 1, len(table)))
        return np.asarray(embedded + (vectors @ kernel[0] if kernel else vectors))


def _averaged(logits: list[np.ndarray]) -> np.ndarray:
    """The logarithm of the encoders' mean probabilities, float64, from the logits of each."""
    logs = np.logaddexp.reduce([log_softmax(of_encoder) for of_encoder in logits], axis=0)
    return np.asarray(logs - math.log(len(logits)))


def _moves(outputs: np.ndarray, *, reverse: bool) -> np.ndarray:
    """Change of the output `[T, H]` at each step, from zero before the first."""
    outputs = outputs[::-1] if reverse else outputs
    moves = np.diff(outputs, axis=0, prepend=0)
    return moves[::-1] if reverse else moves
