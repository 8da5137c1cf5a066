"""What any classifier of texts can do, once it has probabilities for ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.batching import cut_batches
from textrnn.classification.calibration import (
    Calibration,
    CalibrationError,
    expected_calibration_error,
    fit_temperature,
    mean_negative_log_likelihood,
    temper,
)
from textrnn.classification.classification_stream import ClassificationStream, PartwiseLabeler
from textrnn.classification.explanation import Explanation, pieces_of
from textrnn.classification.report import ClassificationReport
from textrnn.labels import find_label, number_labels
from textrnn.progress import Progress

MAX_TOKENS_AT_ONCE = 1 << 16  # over all texts of a batch, padding included
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Prediction:
    """The answer for one text.

    Attributes:
        label: The likeliest label; None where its probability is below the threshold that was asked for.
        probability: The probability of the likeliest label.
        probabilities: The probability of every label; they sum to 1.
    """

    label: str | None
    probability: float
    probabilities: dict[str, float]


class TextLabeler:
    """Labeling texts, over `log_probabilities` of the class that inherits this."""

    tokenizer: Any
    """Text to ids."""
    labels: tuple[str, ...]
    """What a text may be, in the order of the probabilities."""
    temperature: float
    """What log-probabilities are divided by, so that probabilities tell how often an answer is right."""

    def log_probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """From B texts, each ids int32 `[N]` with its own N, to float `[B, labels]`, before the temperature."""
        raise NotImplementedError

    def probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """From B texts, each ids int32 `[N]` with its own N, to float64 `[B, labels]`."""
        return temper(self.log_probabilities(sequences), self.temperature)

    def classify(
        self,
        texts: Sequence[str],
        batch_size: int | None = None,
        *,
        threshold: float | None = None,
        progress: bool = False,
    ) -> list[Prediction]:
        """Label texts.

        Args:
            texts: Any number of strings of any length; an empty one gets the answer for a text that says nothing.
            batch_size: How many are read at once, at most, 256 by default; it changes the speed, not the answers.
                Long texts are fewer, for the sake of memory.
            threshold: The least probability of an answer that is given; the label of other texts is None.
            progress: Whether to show a bar on a terminal.

        Returns:
            One `Prediction` a text, in order.
        """
        least = 0.0 if threshold is None else checks.fraction("threshold", threshold, one=True)
        logs = self._read(list(checks.texts("texts", texts)), batch_size, progress)
        return [self._prediction(row, least) for row in temper(logs, self.temperature)]

    def evaluate_texts(
        self, texts: Sequence[str], labels: Sequence[str], batch_size: int | None = None, *, progress: bool = False
    ) -> ClassificationReport:
        """Answers against truths: accuracy, F1, confusions, calibration; print it for a page.

        Args:
            texts: One or more strings.
            labels: The right label of each, as `textrnn.labels` reads them: 1, 1.0 and "1" are the same.
            batch_size: How many are read at once, at most; 256 by default.
            progress: Whether to show a bar on a terminal.

        Raises:
            ValueError, TypeError: If there are no texts, or not as many labels, or labels the classifier has not.
        """
        texts = list(checks.texts("texts", texts))
        truths = self._numbers(texts, labels)
        return ClassificationReport(
            self.labels, truths, temper(self._read(texts, batch_size, progress), self.temperature)
        )

    def calibrate(
        self, texts: Sequence[str], labels: Sequence[str], batch_size: int | None = None, *, progress: bool = False
    ) -> Calibration:
        """Fit `temperature` on texts that were not trained on: probabilities then tell how often answers are right.

        No answer changes, only how sure it is. A few hundred texts are enough for one number; how good the
        calibration is, only texts that it was not fitted on can tell.

        Args:
            texts: Strings of two labels or more.
            labels: The right label of each, as `textrnn.labels` reads them: 1, 1.0 and "1" are the same.
            batch_size: How many are read at once, at most; 256 by default.
            progress: Whether to show a bar on a terminal.

        Returns:
            The temperature and the errors before and after, on these texts.

        Raises:
            CalibrationError: If the texts are all of one label, or all answered right.
            ValueError, TypeError: If there are no texts, or not as many labels, or labels the classifier has not.
        """
        texts = list(checks.texts("texts", texts))
        truths = self._numbers(texts, labels)
        if len(set(truths.tolist())) < 2:
            raise CalibrationError(
                f"a temperature needs texts of two labels or more; all {len(texts)} are {self.labels[truths[0]]!r}."
            )
        logs = self._read(texts, batch_size, progress)
        temperature = fit_temperature(logs, truths)
        before, after = temper(logs, self.temperature), temper(logs, temperature)
        self.temperature = temperature
        return Calibration(
            len(texts),
            temperature,
            expected_calibration_error(before, truths),
            expected_calibration_error(after, truths),
            mean_negative_log_likelihood(before, truths),
            mean_negative_log_likelihood(after, truths),
        )

    def partwise(self) -> PartwiseLabeler:
        """This classifier as something that can be given a text in parts.

        Raises:
            ValueError: If it reads a text from its end, too.
        """
        raise NotImplementedError

    def contributions(self, ids: np.ndarray, label: int, against: int) -> tuple[np.ndarray, float]:
        """Of each of ids `[N]`, what it adds to the log odds of one label against another, float64 `[N]`, and what is
        there before any; the temperature is counted in."""
        raise NotImplementedError

    def stream(self) -> ClassificationStream:
        """Begin a text that arrives in pieces: `encoder.feed(piece)` is the `Prediction` for the text so far.

        Raises:
            ValueError: If the classifier is bidirectional: it would have to wait for the end.
        """
        return ClassificationStream(self.partwise(), lambda probabilities: self._prediction(probabilities, 0.0))

    def explain(self, text: str, label: str | None = None, against: str | None = None) -> Explanation:
        """What each piece of a text contributes to its label.

        Args:
            text: Any string.
            label: What to explain; by default the answer.
            against: What it is told from; by default the likeliest of the others.

        Raises:
            ValueError: If the classifier has no such label, or the two are the same.
        """
        ids = np.asarray(self.tokenizer.encode(checks.string("text", text)))
        order = np.argsort(-self.probabilities([ids])[0], kind="stable").tolist()
        chosen = order[0] if label is None else self._number("label", label)
        other = next(n for n in order if n != chosen) if against is None else self._number("against", against)
        if chosen == other:
            raise ValueError(f"`against` must be another label than {self.labels[chosen]!r}.")
        of_ids, base = self.contributions(ids, chosen, other)
        pieces, piece_of = pieces_of(self.tokenizer, text, ids)
        parts = np.bincount(piece_of, weights=of_ids, minlength=len(pieces))
        return Explanation(self.labels[chosen], self.labels[other], pieces, parts, base)

    def _number(self, name: str, label: str) -> int:
        number = find_label(label, number_labels(self.labels), name)
        if number is None:
            raise ValueError(f"`{name}` must be one of {', '.join(map(repr, self.labels))}; received {label!r}.")
        return number

    def _read(self, texts: Sequence[str], batch_size: int | None, progress: bool) -> np.ndarray:
        """Log-probabilities of all texts, float64 `[N, labels]`; texts of like length are read together."""
        if batch_size is not None:
            checks.positive_integer("batch_size", batch_size)
        ids = [self.tokenizer.encode(text) for text in texts]
        logs = np.zeros([len(ids), len(self.labels)])
        with Progress(len(ids), "text", is_shown=progress) as bar:
            for rows in batches_by_length([len(each) for each in ids], batch_size):
                logs[rows] = self.log_probabilities([ids[row] for row in rows])
                bar.update(len(rows))
        return logs

    def _numbers(self, texts: Sequence[str], labels: Any) -> np.ndarray:
        """The number of each text's label, int64 `[N]`."""
        given = list(checks.several("labels", labels, "a list with a label for each text"))
        if len(given) != len(texts) or not texts:
            raise ValueError(
                f"`labels` must be as many as `texts`, and at least one; received {len(texts)} texts and "
                f"{len(given)} labels."
            )
        number_of = number_labels(self.labels)
        numbers = [find_label(label, number_of, f"labels[{n}]") for n, label in enumerate(given)]
        unknown = sorted({repr(label) for label, number in zip(given, numbers, strict=True) if number is None})
        if unknown:
            raise ValueError(
                f"`labels` must be of {checks.listed(self.labels, show=str)}; received also "
                f"{checks.listed(unknown, show=str)}."
            )
        return np.array(numbers)

    def _prediction(self, probabilities: np.ndarray, least: float) -> Prediction:
        best = int(probabilities.argmax())
        probability = float(probabilities[best])
        named = dict(zip(self.labels, map(float, probabilities), strict=True))
        return Prediction(self.labels[best] if probability >= least else None, probability, named)


def batches_by_length(lengths: Sequence[int], batch_size: int | None = None) -> list[np.ndarray]:
    """The numbers of texts of these lengths, those of like length together, the shortest first.

    A batch has `batch_size` texts (256 by default), or fewer where those are long: a step of the recurrence costs
    little more for many rows than for few, but memory grows with the tokens of a batch, padding included. A very
    long text is alone.
    """
    order = np.argsort(lengths, kind="stable")
    cuts = cut_batches(np.asarray(lengths)[order].tolist(), batch_size or ROWS_AT_ONCE, MAX_TOKENS_AT_ONCE)
    return [order[cut] for cut in cuts]
