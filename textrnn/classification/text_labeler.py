"""Methods of every text classifier, on top of log-probabilities for ids."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn import checks
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
from textrnn.classification.windows import DEFAULT_BATCH_SIZE, MAX_BATCH_TOKENS, WINDOW_TEXTS, read_windows
from textrnn.labels import find_label, number_labels
from textrnn.options import PRECISIONS
from textrnn.progress import Progress


@dataclass(frozen=True)
class Prediction:
    """The prediction for one text.

    Attributes:
        label: Likeliest label; None if its probability is below the threshold.
        probability: Probability of the likeliest label.
        probabilities: Probability of every label; they sum to 1.
    """

    label: str | None
    probability: float
    probabilities: dict[str, float]


class TextLabeler:
    """Base class of text classifiers; a subclass provides `log_probabilities`."""

    tokenizer: Any
    """Tokenizer of the model."""
    labels: tuple[str, ...]
    """All labels, in the order of the probabilities."""
    temperature: float
    """Divisor of the log-probabilities that calibrates the probabilities."""
    precision: str = "float32"
    """Precision of products."""
    workers: int = 1
    """Number of batches read at once."""
    batch_size: int = DEFAULT_BATCH_SIZE
    """Most texts in a batch, unless a call says otherwise."""
    batch_tokens: int = MAX_BATCH_TOKENS
    """Most tokens in a batch, padding included."""

    def log_probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """Log-probabilities before the temperature, float `[B, labels]`, of B texts, each ids int32 `[N]`."""
        raise NotImplementedError

    def probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities, float64 `[B, labels]`, of B texts, each ids int32 `[N]`."""
        return temper(self.log_probabilities(sequences), self.temperature)

    def in_bulk(self, precision: str = "auto") -> TextLabeler:
        """This classifier for many texts, with the weights of this moment: batches are read on all cores.

        Args:
            precision: Precision of products, `"float32"` or `"bfloat16"`; `"auto"` is the faster one on this machine.

        Returns:
            A classifier that classifies and evaluates; its attributes `precision` and `workers`, the number of
            batches read at once, say how. Its first batch takes a few seconds longer than the next ones.

        Raises:
            ValueError: If NumPy runs the model and `precision` is `"bfloat16"`.
        """
        if checks.one_of("precision", precision, PRECISIONS) == "bfloat16":
            raise ValueError(
                "`precision` must be 'float32' or 'auto' where NumPy runs the model; it has no bfloat16."
            )
        return self

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
            texts: Any number of strings of any length, empty ones included.
            batch_size: Most texts in a batch, 256 by default. It changes the speed, not the predictions. A batch of
                long texts has fewer, to save memory.
            threshold: Least probability of a label; below it the label is None.
            progress: Whether to show a bar on a terminal.

        Returns:
            A `Prediction` for each text, in order.
        """
        least = _least(threshold)
        return self._predictions(self._read(list(checks.texts("texts", texts)), batch_size, progress), least)

    def classify_windows(
        self, windows: Iterable[Sequence[str]], batch_size: int | None = None, *, threshold: float | None = None
    ) -> Generator[list[Prediction]]:
        """Label windows of texts in turn, such as parts of a file: each is a list of strings.

        The next window is taken and encoded while the cores compute the one before. Texts of similar length within a
        window share a batch, so windows of thousands are fast. Arguments as for `classify`.

        Yields:
            A `Prediction` for each text of a window, in order.
        """
        least = _least(threshold)
        return (self._predictions(logs, least) for logs in self._read_windows(windows, batch_size))

    def evaluate_texts(
        self, texts: Sequence[str], labels: Sequence[str], batch_size: int | None = None, *, progress: bool = False
    ) -> ClassificationReport:
        """Evaluate predictions: accuracy, F1, confusion matrix, calibration. Print the report to read it.

        Args:
            texts: One or more strings.
            labels: True label of each text, as `textrnn.labels` reads them: 1, 1.0 and "1" are the same.
            batch_size: Most texts in a batch; 256 by default.
            progress: Whether to show a bar on a terminal.

        Raises:
            ValueError, TypeError: If there are no texts, another number of labels, or an unknown label.
        """
        texts = list(checks.texts("texts", texts))
        truths = self._numbers(texts, labels)
        return ClassificationReport(
            self.labels, truths, temper(self._read(texts, batch_size, progress), self.temperature)
        )

    def calibrate(
        self, texts: Sequence[str], labels: Sequence[str], batch_size: int | None = None, *, progress: bool = False
    ) -> Calibration:
        """Fit `temperature` on texts that were not trained on, so that probabilities match the accuracy.

        Predicted labels stay the same, only their probabilities change. A few hundred texts are enough. Measure the
        calibration on texts that it was not fitted on.

        Args:
            texts: Strings of two labels or more.
            labels: True label of each text, as `textrnn.labels` reads them: 1, 1.0 and "1" are the same.
            batch_size: Most texts in a batch; 256 by default.
            progress: Whether to show a bar on a terminal.

        Returns:
            The temperature and the errors before and after, on these texts.

        Raises:
            CalibrationError: If all texts have one label, or all predictions are right.
            ValueError, TypeError: If there are no texts, another number of labels, or an unknown label.
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
        """This classifier as a `PartwiseLabeler`, which reads a text in parts.

        Raises:
            ValueError: If the classifier is bidirectional.
        """
        raise NotImplementedError

    def contributions(self, ids: np.ndarray, label: int, against: int) -> tuple[np.ndarray, float]:
        """Contributions of ids `[N]` to the log odds of one label against another.

        Returns:
            Float64 `[N]` and the log odds before the first id, both divided by the temperature.
        """
        raise NotImplementedError

    def stream(self) -> ClassificationStream:
        """Start a text that arrives in pieces: `stream.feed(piece)` returns the `Prediction` for the text so far.

        Raises:
            ValueError: If the classifier is bidirectional and would have to wait for the end.
        """
        return ClassificationStream(self.partwise(), lambda probabilities: self._prediction(probabilities, 0.0))

    def explain(self, text: str, label: str | None = None, against: str | None = None) -> Explanation:
        """Contribution of each piece of a text to its label.

        Args:
            text: Any string.
            label: Label to explain; by default the predicted one.
            against: Label to compare it with; by default the likeliest other.

        Raises:
            ValueError: If the classifier has no such label, or the two labels are the same.
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
        """Log-probabilities of all texts, float64 `[N, labels]`."""
        windows = (texts[first : first + WINDOW_TEXTS] for first in range(0, len(texts), WINDOW_TEXTS))
        with Progress(len(texts), "text", is_shown=progress) as bar:
            parts = list(self._read_windows(windows, batch_size, bar))
        return np.concatenate([np.zeros([0, len(self.labels)]), *parts])

    def _read_windows(
        self, windows: Iterable[Sequence[str]], batch_size: int | None, bar: Progress | None = None
    ) -> Generator[np.ndarray]:
        """Log-probabilities of each window of texts in turn, float64 `[N, labels]`."""
        if batch_size is not None:
            checks.positive_integer("batch_size", batch_size)
        return read_windows(
            windows,
            self.tokenizer.encode,
            self.log_probabilities,
            labels=len(self.labels),
            workers=self.workers,
            batch_size=batch_size or self.batch_size,
            batch_tokens=self.batch_tokens,
            count=(lambda texts: None) if bar is None else bar.update,
        )

    def _numbers(self, texts: Sequence[str], labels: Any) -> np.ndarray:
        """Number of each text's label, int64 `[N]`."""
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

    def _predictions(self, logs: np.ndarray, least: float) -> list[Prediction]:
        return [self._prediction(row, least) for row in temper(logs, self.temperature)]

    def _prediction(self, probabilities: np.ndarray, least: float) -> Prediction:
        best = int(probabilities.argmax())
        probability = float(probabilities[best])
        named = dict(zip(self.labels, map(float, probabilities), strict=True))
        return Prediction(self.labels[best] if probability >= least else None, probability, named)


def _least(threshold: float | None) -> float:
    return 0.0 if threshold is None else checks.fraction("threshold", threshold, one=True)
