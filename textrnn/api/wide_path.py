"""The wide path of a classifier: fitted before the network is trained, and weighed against it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from textrnn.api.labeled_data import EncodedData, LabeledData
from textrnn.models import TextClassifier
from textrnn.options import ClassifierOptions
from textrnn.progress import Progress
from textrnn.text import EncodedTexts
from textrnn.training import say
from textrnn.training.wide_path import (
    ITERATIONS,
    Ngrams,
    WideWeights,
    fit_shares,
    fit_weights,
    folds_of,
    list_ngrams,
)

ENOUGH_SHARED_TEXTS = 10_000  # more held-out texts change the shares no more; each fold costs a fit
MIN_SHARED_TEXTS = 50  # fewer held-out texts leave the shares too uncertain to help
HALF = (0.5, 0.5)


@dataclass(frozen=True, eq=False)
class WideFit:
    """A wide path, fitted to the texts of a training.

    Attributes:
        vocabulary_size: Number of token ids.
        labels: Number of labels.
        options: Options of the classifier, none of which the recipe has left open.
        sequences: Texts that the encoders learn from.
        numbers: Number of each text's label, int `[N]`.
        class_weights: Weight of a text of each label, float `[labels]`.
        validation: Held-out texts and the numbers of their labels; may be empty.
        is_shown: Whether to show progress.
    """

    vocabulary_size: int
    labels: int
    options: ClassifierOptions
    sequences: EncodedTexts
    numbers: np.ndarray
    class_weights: np.ndarray
    validation: tuple[EncodedTexts, np.ndarray]
    is_shown: bool

    @property
    def folds(self) -> int:
        """Number of folds, one for each encoder to be held out; 0 if there are other texts to hold out."""
        size = self.options.ensemble_size or 1
        return size if size > 1 and not len(self.validation[0]) else 0

    @cached_property
    def weights(self) -> WideWeights:
        """Weights fitted to all texts."""
        return self._fit(self._list(self.sequences), self.numbers)

    def enter(self, model: TextClassifier, shares: tuple[float, float] = HALF) -> None:
        """Give a classifier the weights, with these shares of its network and of the path."""
        network, wide = shares
        path, size = model.wide_path, self.vocabulary_size
        if path is None:
            raise ValueError("`model` must have a wide path; received one with wide_ngrams=0.")
        path.tokens.assign(wide * self.weights.of_ngrams[:size])
        if path.hashed is not None:
            path.hashed.assign(wide * self.weights.of_ngrams[size:])
        path.bias.assign(wide * self.weights.bias)
        path.share.assign([network])

    def weigh(self, model: TextClassifier) -> None:
        """Give a trained classifier the shares that suit texts which neither path has learned from."""
        held_out = self._held_out(model)
        if held_out is None:
            return
        shares = fit_shares(*held_out)
        self.enter(model, shares)
        network, wide = shares
        say(self.is_shown, f"shares on held-out texts: network {network:.2f}, n-grams {wide:.2f}")

    def _held_out(self, model: TextClassifier) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Log-probabilities of the network and of the path for held-out texts, and the labels' numbers, if enough."""
        texts, numbers = self.validation
        if len(texts) >= MIN_SHARED_TEXTS:
            each = [model.log_probabilities_of_encoder(one, list(texts)) for one in range(model.ensemble_size)]
            network = np.logaddexp.reduce(each, axis=0)
            return network, self.weights.log_probabilities(self._list(texts)), numbers
        if not self.folds or len(self.sequences) < MIN_SHARED_TEXTS:
            return None
        ngrams, folds = self._list(self.sequences), folds_of(list(self.sequences), self.folds)
        networks, paths, rows = [], [], np.zeros(0, int)
        for fold in range(self.folds):
            of_fold = np.flatnonzero(folds == fold)
            if not 0 < len(of_fold) < len(folds) or len(rows) >= ENOUGH_SHARED_TEXTS:
                continue
            networks.append(model.log_probabilities_of_encoder(fold, list(self.sequences.take(of_fold))))
            others = np.flatnonzero(folds != fold)
            weights = self._fit(ngrams.select(others), self.numbers[others])
            paths.append(weights.log_probabilities(ngrams.select(of_fold)))
            rows = np.concatenate([rows, of_fold])
        return (np.concatenate(networks), np.concatenate(paths), self.numbers[rows]) if networks else None

    def _list(self, sequences: EncodedTexts) -> Ngrams:
        made: Any = self.options  # none of them is open
        return list_ngrams(list(sequences), self.vocabulary_size, made.wide_ngrams, made.wide_buckets)

    def _fit(self, ngrams: Ngrams, numbers: np.ndarray) -> WideWeights:
        made: Any = self.options
        size = self.vocabulary_size + (made.wide_buckets if made.wide_ngrams > 1 else 0)
        bar = Progress(
            len(ITERATIONS), "step", is_shown=self.is_shown, description="fitting n-grams", leave=False, delay=1
        )
        weights = self.class_weights[numbers]
        return fit_weights(ngrams, numbers, weights, size, self.labels, bar.over(ITERATIONS))


def fit_wide_path(data: LabeledData, encoded: EncodedData, model: TextClassifier) -> WideFit | None:
    """Fit the wide path of a new classifier and give it the weights; None if it has no such path."""
    if model.wide_path is None:
        return None
    fitted = WideFit(
        vocabulary_size=model.tokenizer.vocabulary_size,
        labels=len(data.labels),
        options=model.options,
        sequences=encoded.to_learn(data),
        numbers=data.numbers[data.kept],
        class_weights=data.class_weights,
        validation=(encoded.validation, data.validation_numbers),
        is_shown=data.settings.run.verbose,
    )
    fitted.enter(model)
    return fitted
