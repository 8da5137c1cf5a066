"""What any classifier of texts can do, once it has probabilities for ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from textrnn import checks


@dataclass(frozen=True)
class Prediction:
    """The answer for one text.

    Attributes:
        label: The likeliest label.
        probability: Its probability.
        probabilities: The probability of every label; they sum to 1.
    """

    label: str
    probability: float
    probabilities: dict[str, float]


class TextLabeller:
    """Labelling texts, over `probabilities` of the class that inherits this."""

    tokenizer: Any
    """Text to ids."""
    labels: tuple[str, ...]
    """What a text may be, in the order of the probabilities."""

    def probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """From B texts, each ids int32 `[N]` with its own N, to float `[B, labels]`."""
        raise NotImplementedError

    def classify(self, texts: Sequence[str], batch_size: int = 64, *, progress: bool = False) -> list[Prediction]:
        """Label texts.

        Args:
            texts: Any number of strings of any length; an empty one gets the answer for a text that says nothing.
            batch_size: How many are read at once; it changes the speed, not the answers.
            progress: Whether to show a bar on a terminal.

        Returns:
            One `Prediction` a text, in order.
        """
        if not isinstance(texts, Iterable):
            raise TypeError(f"`texts` must be a list of strings; received {texts!r}.")
        if isinstance(texts, str):
            raise TypeError(f"`texts` must be a list of strings; received one string: wrap it as [{texts[:40]!r}].")
        texts = [checks.string(f"texts[{n}]", text) for n, text in enumerate(texts)]
        checks.positive_integer("batch_size", batch_size)
        ids = [self.tokenizer.encode(text) for text in texts]
        by_length = sorted(range(len(ids)), key=lambda n: len(ids[n]))
        probabilities = np.zeros([len(ids), len(self.labels)])
        with tqdm(total=len(ids), unit="text", disable=None if progress else True) as bar:
            for start in range(0, len(ids), batch_size):
                rows = by_length[start : start + batch_size]
                probabilities[rows] = self.probabilities([ids[row] for row in rows])
                bar.update(len(rows))
        return [self._prediction(row) for row in probabilities]

    def _prediction(self, probabilities: np.ndarray) -> Prediction:
        best = int(probabilities.argmax())
        named = dict(zip(self.labels, map(float, probabilities), strict=True))
        return Prediction(self.labels[best], float(probabilities[best]), named)
