"""The answer so far, while a text arrives."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from textrnn import checks
from textrnn.classification.calibration import temper

LAST_WORD = re.compile(r"\s+\S+\s*\Z")
LONGEST_WORD = 1000  # characters: a text without a space is read in parts of this


class PartwiseLabeler(Protocol):
    """A classifier that can be given a text in parts."""

    tokenizer: Any
    labels: tuple[str, ...]
    temperature: float

    def start(self) -> Any:
        """What is known of a text before its first token."""

    def read(self, ids: np.ndarray, carried: Any) -> Any:
        """What is known after more tokens, int `[N]`."""

    def answer(self, carried: Any) -> np.ndarray:
        """Log-probabilities float `[labels]`, before the temperature."""


class ClassificationStream:
    """A text that arrives piece by piece, and what the classifier thinks of it so far.

    After any number of pieces, cut anywhere, the answer is that for all of the text so far, as long as it has no
    word of more than 1,000 characters: that is read in parts, as if they were words. What is kept of the text is the
    classifier's state and the last word, which may go on: memory does not grow with it.

    Args:
        model: The classifier.
        predict: From probabilities float64 `[labels]` to the answer.
    """

    def __init__(self, model: PartwiseLabeler, predict: Callable[[np.ndarray], Any]) -> None:
        self.model = model
        self.predict = predict
        self.reset()

    def reset(self) -> None:
        """Begin another text."""
        self.carried = self.model.start()
        self.last_id: int | None = None
        self.pending = ""

    def feed(self, text: str) -> Any:
        """Read the next piece of the text, however short.

        Returns:
            The `Prediction` for the text so far.
        """
        self.pending += checks.string("text", text)
        while len(self.pending) > LONGEST_WORD:
            self._take(_end_of_words(self.pending[:LONGEST_WORD]) or LONGEST_WORD)
        self._take(_end_of_words(self.pending))
        return self.prediction

    @property
    def prediction(self) -> Any:
        """The `Prediction` for the text so far, as if it ended here."""
        carried = self.model.read(self._encode(self.pending), self.carried) if self.pending else self.carried
        return self.predict(temper(self.model.answer(carried), self.model.temperature))

    def _take(self, end: int) -> None:
        """Read what is pending up to `end` for good."""
        ids = self._encode(self.pending[:end])
        self.pending = self.pending[end:]
        if len(ids):
            self.carried, self.last_id = self.model.read(ids, self.carried), int(ids[-1])

    def _encode(self, text: str) -> np.ndarray:
        return np.asarray(self.model.tokenizer.encode(text, after=self.last_id))


def _end_of_words(text: str) -> int:
    """Where the last word begins, with the space before it: what is before cannot be changed by what follows."""
    found = LAST_WORD.search(text)
    return found.start() if found else 0
