"""The weights of a classifier's wide path: logistic regression over n-grams, and its share of the answer.

Wang and Manning, 2012, "Baselines and Bigrams": each n-gram is weighted by its naive-Bayes log-count ratio. Stacking
(Wolpert, 1992, "Stacked generalization") weighs the path against the network, by texts that neither has learned from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textrnn.generation.scoring import log_softmax
from textrnn.hashing import hash_ngrams, hash_texts
from textrnn.training.lbfgs import Loss, minimize

SMOOTHING = 1.0  # occurrences that every n-gram has with each label's share of them
PENALTY = 0.3  # of the square of a weight in log-count ratios, from 0.1, 0.3 and 1 (docs/results/classifiers.md)
PENALTY_OF_SHARES = 0.1  # of the squared distance from a half; bounds shares where every answer is right
ITERATIONS = range(40)
BLOCK_NUMBERS = 1 << 23  # summed at once, 64 MB: memory does not grow with the texts


@dataclass(frozen=True, eq=False)
class Ngrams:
    """The n-grams of texts.

    Attributes:
        columns: Number of each n-gram, by the step at which it ends and its length, int32 `[steps, ngrams]`.
        starts: First step of each text, int64 `[N]`; no text is empty.
    """

    columns: np.ndarray
    starts: np.ndarray

    def select(self, rows: np.ndarray) -> Ngrams:
        """N-grams of some texts, rows int `[M]`."""
        ends = np.append(self.starts[1:], len(self.columns))
        lengths = (ends - self.starts)[rows]
        starts = np.cumsum(lengths) - lengths
        steps = np.repeat(self.starts[rows] - starts, lengths) + np.arange(lengths.sum())
        return Ngrams(self.columns[steps], starts)

    def sum(self, weights: np.ndarray) -> np.ndarray:
        """Summed weights of each text's n-grams, `[N, labels]` from `[columns, labels]`."""
        labels = weights.shape[1]
        sums = np.zeros([len(self.starts), labels])
        for rows, columns, starts in self._blocks(labels):
            of_steps = weights[columns[:, 0]]
            for column in columns.T[1:]:
                of_steps += weights[column]
            sums[rows] = np.add.reduceat(of_steps, starts, axis=0)
        return sums

    def spread(self, values: np.ndarray, size: int) -> np.ndarray:
        """The transpose of `sum`: for each n-gram the sum of its texts' values `[N, labels]`: `[size, labels]`."""
        labels = values.shape[1]
        spread = np.zeros([size, labels])
        for rows, columns, starts in self._blocks(labels):
            of_steps = np.repeat(values[rows], np.diff(np.append(starts, len(columns))), axis=0)
            for column in columns.T:
                for label in range(labels):
                    spread[:, label] += np.bincount(column, of_steps[:, label], size)
        return spread

    def _blocks(self, labels: int) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Texts of about `BLOCK_NUMBERS` / `labels` steps at a time: their rows, columns and first steps."""
        steps = BLOCK_NUMBERS // labels
        ends = np.append(self.starts[1:], len(self.columns))
        first = 0
        while first < len(ends):
            begin = self.starts[first]
            last = max(int(np.searchsorted(ends, begin + steps, side="right")), first + 1)
            yield slice(first, last), self.columns[begin : ends[last - 1]], self.starts[first:last] - begin
            first = last


def list_ngrams(sequences: Sequence[np.ndarray], vocabulary_size: int, ngrams: int, buckets: int) -> Ngrams:
    """The n-grams of texts, ids int `[T]` each; the hashed ones have the numbers after the vocabulary's."""
    gap = np.zeros(max(ngrams - 1, 1), np.int64)  # before each text; an empty one is a step of padding
    lengths = np.array([max(len(ids), 1) for ids in sequences])
    ids = np.concatenate([part for ids in sequences for part in (gap, ids if len(ids) else gap[:1])]).astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    steps = np.repeat((np.arange(len(lengths)) + 1) * len(gap), lengths) + np.arange(lengths.sum())
    columns = np.empty([len(steps), ngrams], np.int32)
    columns[:, 0] = ids[steps]
    hashed = hash_ngrams(np.concatenate([gap, ids])[None], ngrams, buckets)
    for column, of_length in zip(columns.T[1:], hashed, strict=True):
        column[:] = vocabulary_size + of_length[0][steps]
    return Ngrams(columns, starts)


@dataclass(frozen=True, eq=False)
class WideWeights:
    """Fitted weights of a wide path.

    Attributes:
        of_ngrams: Of each n-gram and label, float64 `[columns, labels]`.
        bias: Of each label, float64 `[labels]`.
    """

    of_ngrams: np.ndarray
    bias: np.ndarray

    def log_probabilities(self, ngrams: Ngrams) -> np.ndarray:
        """Log-probabilities of the labels of texts, float64 `[N, labels]`."""
        return log_softmax(ngrams.sum(self.of_ngrams) + self.bias)


def fit_weights(
    ngrams: Ngrams,
    numbers: np.ndarray,
    text_weights: np.ndarray,
    size: int,
    labels: int,
    iterations: Iterable[int] = ITERATIONS,
) -> WideWeights:
    """Fit the weights of a wide path: softmax regression over log-count ratios, with a penalty.

    Args:
        ngrams: N-grams of the texts.
        numbers: Number of each text's label, int `[N]`.
        text_weights: Weight of each text, float `[N]`.
        size: Number of columns.
        labels: Number of labels.
        iterations: As in `minimize`.
    """
    used = np.flatnonzero(np.bincount(ngrams.columns.reshape(-1), minlength=size))
    numbers_of_used = np.zeros(size, np.int32)
    numbers_of_used[used] = np.arange(len(used))
    compact = Ngrams(numbers_of_used[ngrams.columns], ngrams.starts)
    truths = np.eye(labels)[numbers]
    ratios = _log_count_ratios(compact.spread(truths, len(used)))

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        scales, bias = values[:-1], values[-1]
        logs = log_softmax(compact.sum(ratios * scales) + bias)
        errors = (np.exp(logs) - truths) * text_weights[:, None]
        gradient = ratios * compact.spread(errors, len(used)) + PENALTY * scales
        cost = -((logs * truths).sum(axis=1) * text_weights).sum() + PENALTY / 2 * (scales**2).sum()
        return float(cost), np.concatenate([gradient, errors.sum(axis=0, keepdims=True)])

    fitted = minimize(loss, np.zeros([len(used) + 1, labels]), iterations)
    of_ngrams = np.zeros([size, labels])
    of_ngrams[used] = ratios * fitted[:-1]
    return WideWeights(of_ngrams, fitted[-1])


def folds_of(sequences: Sequence[np.ndarray], folds: int) -> np.ndarray:
    """Fold of each text, ids int `[T]`, as the training step finds it: int64 `[N]`."""
    steps = np.arange(1, max(map(len, sequences), default=0) + 1)
    return np.array([hash_texts(ids[None].astype(np.int64), steps[: len(ids)], folds)[0] for ids in sequences])


def fit_shares(network: np.ndarray, wide: np.ndarray, numbers: np.ndarray) -> tuple[float, float]:
    """Shares of the network and of the wide path in the answer, which maximize the likelihood of the labels.

    Args:
        network: Log-probabilities of the network for texts it has not learned from, float `[N, labels]`.
        wide: Those of the wide path.
        numbers: Number of each text's label, int `[N]`.

    Returns:
        Factors of both log-probabilities, 0 or more and not both 0.
    """
    both, rows = np.stack([network, wide]).astype(np.float64), np.arange(len(numbers))

    def loss(shares: np.ndarray) -> tuple[float, np.ndarray]:
        logs = log_softmax(np.tensordot(shares, both, 1))
        errors = np.exp(logs)
        errors[rows, numbers] -= 1
        pull = shares - 0.5
        cost = PENALTY_OF_SHARES * float(pull @ pull) - float(logs[rows, numbers].sum())
        return cost, (both * errors).sum(axis=(1, 2)) + 2 * PENALTY_OF_SHARES * pull

    def alone(kept: int) -> np.ndarray:
        one = minimize(lambda share: _only(loss, share, kept), np.ones(1), ITERATIONS)
        return np.eye(2)[kept] * max(float(one[0]), 0.0)

    shares = minimize(loss, np.full(2, 0.5), ITERATIONS)
    if (shares < 0).any():
        shares = alone(int(np.argmax(shares)))
    if not shares.any():  # neither path knows anything about these texts
        return 0.5, 0.5
    return float(shares[0]), float(shares[1])


def _only(loss: Loss, share: np.ndarray, kept: int) -> tuple[float, np.ndarray]:
    """Loss of one share while the other is 0."""
    cost, gradient = loss(np.eye(2)[kept] * share[0])
    return cost, gradient[kept : kept + 1]


def _log_count_ratios(counts: np.ndarray) -> np.ndarray:
    """Logarithm of the factor by which an n-gram raises the probability of a label, from their joint counts
    `[columns, labels]`::

    r = log((c + SMOOTHING p) / (sum of c over labels + SMOOTHING) / p),   p = the label's share of all n-grams
    """
    of_label = counts.sum(axis=0) + SMOOTHING  # a label that no text has is possible, too
    shares = of_label / of_label.sum()
    of_ngram = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.log((counts + SMOOTHING * shares) / (of_ngram + SMOOTHING) / shares))
