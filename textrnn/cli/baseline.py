"""A baseline of words and pairs of words, to compare a network with.

Logistic regression over the words and pairs of words of a text, each present or not, weighted by its naive-Bayes
log-count ratio: Wang and Manning, 2012, "Baselines and Bigrams". On few or short texts it is hard to beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

TOKEN = r"\w+|[^\w\s]"  # a word, or a sign such as "!"
SMOOTHING = 1.0  # alpha of the paper: added to every count
STRENGTH = 4.0  # C of the regression; by cross-validation on corpora/sentences_train.csv 1 is as good


class BigramBaseline:
    """Logistic regression on bigrams, trained when constructed; with more than two labels, one against the rest.

    Args:
        labels: All labels. A label that no text has is never predicted.
        texts: Training texts.
        truths: Number of each text's label, int `[N]`; at least two different ones.

    Raises:
        ValueError: If scikit-learn is not installed, or `truths` are all the same.
    """

    def __init__(self, labels: Sequence[str], texts: Sequence[str], truths: np.ndarray) -> None:
        try:
            from sklearn.feature_extraction.text import CountVectorizer
        except ImportError as error:
            raise ValueError("the baseline needs scikit-learn: pip install 'textrnn[baseline]'") from error
        self.size = len(labels)
        numbers = np.unique(truths)
        if len(numbers) < 2:
            raise ValueError(f"the baseline needs texts of two labels or more; all are {labels[numbers[0]]!r}.")
        self.vectorizer = CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=TOKEN)
        features = self.vectorizer.fit_transform(texts)
        positives = numbers[1:] if len(numbers) == 2 else numbers  # two labels need one classifier
        self.numbers = numbers
        self.classifiers = [_OneVersusRest(features, truths == number) for number in positives]

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities of the labels, float64 `[N, labels]`."""
        features = self.vectorizer.transform(texts)
        positive = np.stack([classifier.probability(features) for classifier in self.classifiers], axis=1)
        if len(self.numbers) == 2:
            positive = np.concatenate([1 - positive, positive], axis=1)
        probabilities = np.zeros([len(texts), self.size])
        probabilities[:, self.numbers] = positive / positive.sum(axis=1, keepdims=True)
        return probabilities


class _OneVersusRest:
    """Distinguishes one label from the others, by features `[N, F]` of 0 and 1."""

    def __init__(self, features: Any, is_label: np.ndarray) -> None:
        from sklearn.linear_model import LogisticRegression

        with_label = SMOOTHING + np.asarray(features[is_label].sum(axis=0)).ravel()
        without = SMOOTHING + np.asarray(features[~is_label].sum(axis=0)).ravel()
        self.ratios = np.log((with_label / with_label.sum()) / (without / without.sum()))
        self.regression = LogisticRegression(C=STRENGTH, solver="liblinear").fit(self._weigh(features), is_label)

    def probability(self, features: Any) -> np.ndarray:
        return np.asarray(self.regression.predict_proba(self._weigh(features))[:, 1])

    def _weigh(self, features: Any) -> Any:
        return features.multiply(self.ratios).tocsr()
