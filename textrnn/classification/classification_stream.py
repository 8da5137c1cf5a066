"""Classification of a text that arrives piece by piece."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from textrnn import checks
from textrnn.classification.calibration import temper

LAST_WORD = re.compile(r"\s+\S+\s*\Z")
MAX_WORD_CHARACTERS = 1000  # a longer run without a space is read in parts


class PartwiseLabeler(Protocol):
    """A classifier that reads a text in parts."""

    tokenizer: Any
    labels: tuple[str, ...]
    temperature: float

    def start(self) -> Any:
        """The state before the first token."""

    def read(self, ids: np.ndarray, carried: Any) -> Any:
        """The state after more tokens, int `[N]`."""

    def answer(self, carried: Any) -> np.ndarray:
        """Log-probabilities of the labels, float `[labels]`, before the temperature."""


class ClassificationStream:
    """A text that arrives piece by piece, with a prediction for the text so far.

    After any number of pieces, cut anywhere, the prediction equals that for the whole text so far, unless a word has
    more than 1,000 characters: such a word is read in parts, as if they were words. The stream keeps the classifier's
    state and the last, possibly unfinished word, so memory does not grow with the text.

    Args:
        model: Classifier.
        predict: Function from probabilities, float64 `[labels]`, to a prediction.
    """

    def __init__(self, model: PartwiseLabeler, predict: Callable[[np.ndarray], Any]) -> None:
        self.model = model
        self.predict = predict
        self.reset()

    def reset(self) -> None:
        """Start another text."""
        self.carried = self.model.start()
        self.last_id: int | None = None
        self.pending = ""

    def feed(self, text: str) -> Any:
        """Read the next piece of the text, however short.

        Returns:
            The `Prediction` for the text so far.
        """
        self.pending += checks.string("text", text)
        while len(self.pending) > MAX_WORD_CHARACTERS:
            self._take(_end_of_words(self.pending[:MAX_WORD_CHARACTERS]) or MAX_WORD_CHARACTERS)
        self._take(_end_of_words(self.pending))
        return self.prediction

    @property
    def prediction(self) -> Any:
        """The `Prediction` for the text so far, as if it ended here."""
        carried = self.model.read(self._encode(self.pending), self.carried) if self.pending else self.carried
        return self.predict(temper(self.model.answer(carried), self.model.temperature))

    def _take(self, end: int) -> None:
        """Read the pending text up to `end` into the state."""
        ids = self._encode(self.pending[:end])
        self.pending = self.pending[end:]
        if len(ids):
            self.carried, self.last_id = self.model.read(ids, self.carried), int(ids[-1])

    def _encode(self, text: str) -> np.ndarray:
        return np.asarray(self.model.tokenizer.encode(text, after=self.last_id))


def _end_of_words(text: str) -> int:
    """Start of the last word with the space before it: later pieces cannot change the tokens before."""
    found = LAST_WORD.search(text)
    return found.start() if found else 0
