"""Generation of many texts at once by one compiled function: sampling and steps never leave TensorFlow."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from textrnn import runtime
from textrnn.generation import DecodingState, Sampler

KEPT = 4  # functions, one for each sampler, each with a copy of the weights
CHUNK = 64  # tokens between two checks whether the texts have ended


class CompiledWriter:
    """A `Writer` for one model, whose weights are constants of the compiled function.

    The draws come from the same generators as those of `write_by_steps`. So a seed gives the same text with both, up
    to the rounding of products.

    Args:
        model: A model of the NumPy runtime, whose equations TensorFlow computes here.
    """

    def __init__(self, model: runtime.LanguageModel) -> None:
        self.model = model
        self.compiled: dict[Sampler, Any] = {}
        self.lock = threading.Lock()  # threads share a model and its compiled functions

    def has(self, sampler: Sampler) -> bool:
        return sampler in self.compiled

    def __call__(
        self, start: DecodingState, sampler: Sampler, generators: Sequence[np.random.Generator], length: int
    ) -> Iterator[np.ndarray]:
        write = self._compiled(sampler)
        logits, states, recent = start.logits, start.states, start.recent
        for number in range(0, length, CHUNK):
            size = min(CHUNK, length - number)
            points = np.stack([generator.random(size) for generator in generators])
            ids, logits, states, recent = write(logits, states, recent, start.banned, points, number)
            yield from ids.numpy()

    def _compiled(self, sampler: Sampler) -> Any:
        with self.lock:
            if sampler not in self.compiled:
                if len(self.compiled) == KEPT:
                    del self.compiled[next(iter(self.compiled))]  # the oldest
                self.compiled[sampler] = self._trace(sampler)
            return self.compiled[sampler]

    def _trace(self, sampler: Sampler) -> Any:
        empty = self.model.initial_states(1)
        states = tuple(tf.TensorSpec([None, *state.shape[1:]], tf.as_dtype(state.dtype)) for state in empty)
        size = self.model.tokenizer.vocabulary_size
        signature = [
            tf.TensorSpec([None, size], tf.float64),
            states,
            tf.TensorSpec([None, sampler.repetition_window], tf.int64),
            tf.TensorSpec([size], tf.bool),
            tf.TensorSpec([None, None], tf.float64),
            tf.TensorSpec([], tf.int64),
        ]
        return tf.function(functools.partial(self._write, sampler), input_signature=signature, autograph=False)

    def _write(
        self,
        sampler: Sampler,
        logits: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        recent: tf.Tensor,
        banned: tf.Tensor,
        points: tf.Tensor,
        number: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...], tf.Tensor]:
        """Ids `[n, B]` for the draws `[B, n]`, then logits, states and recent tokens after them."""
        rows, steps = tf.shape(points)[0], tf.shape(points)[1]
        written = tf.TensorArray(tf.int64, steps, element_shape=[None])
        never = tf.constant(-np.inf, tf.float64)

        def body(n: tf.Tensor, logits: Any, states: Any, recent: Any, written: Any) -> tuple[Any, ...]:
            ids = sampler.choose(logits, points[:, n, None], recent, number + tf.cast(n, tf.int64), tnp)
            ids = tf.ensure_shape(tf.cast(ids, tf.int64), [None])
            after, states = self.model.advance(ids, states, tnp)
            logits = tf.where(banned, never, tf.cast(after, tf.float64))
            recent = tf.concat([recent, ids[:, None]], axis=1)[:, 1:]
            return n + 1, logits, states, recent, written.write(n, ids)

        size = self.model.tokenizer.vocabulary_size
        invariants = (
            tf.TensorShape([]),
            tf.TensorShape([None, size]),
            tuple(tf.TensorShape([None, *state.shape[1:]]) for state in states),
            tf.TensorShape([None, recent.shape[1]]),
            tf.TensorShape(None),
        )
        start = (tf.constant(0), logits, states, recent, written)
        _, logits, states, recent, written = tf.while_loop(
            lambda n, *rest: n < steps, body, start, shape_invariants=invariants, parallel_iterations=1
        )
        return tf.reshape(written.stack(), [steps, rows]), logits, states, recent
