"""Batches of texts of similar length, which need little padding."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from textrnn.batching import cut_batches
from textrnn.text import EncodedTexts, pad_batch
from textrnn.training.batch import NO_LABEL, Batch

# Variance of the labels' shares in relation to random batches, from which labels are mixed. SMS spam, where half of
# the batches had one label, has 4.5; ten other tables have up to 1.7. Below the limit, mixing labels would cost
# padding (CLINC150: half as much again) and gain nothing.
MAX_LABEL_VARIANCE = 2.0
MAX_BATCH_TOKENS = 1 << 18  # padding included: a text as long as a book is alone in a batch
MAX_LABELED_TOKENS = 1 << 16  # the same for texts that are read whole, of which a token takes some 6 KB


class DocumentBatches:
    """Batches of documents for a language model, padded and read in windows to their ends.

    The inputs of a document of n tokens are the end-of-text token and its n tokens; the targets are its n tokens and
    the end-of-text token. Documents of similar length share a batch. A document longer than a window is read in
    several windows, with its state carried.

    Args:
        ids: Ids of the documents one after the other, unsigned integers `[N]`.
        spans: Start and stop of each document, int64 `[documents, 2]`.
        end_id: End-of-text token.
        batch_size: B, at most; batches of documents as long as books have fewer.
        sequence_length: T, the longest window.
        seed: Seed of the order of the documents; None keeps them sorted by length.
        labels: Number of each document's label, int32 `[documents]`, for a model conditioned on labels.
        reverse: Whether each document is read from its end to its beginning.
    """

    def __init__(
        self,
        ids: np.ndarray,
        spans: np.ndarray,
        end_id: int,
        *,
        batch_size: int,
        sequence_length: int,
        seed: int | None,
        labels: np.ndarray | None = None,
        reverse: bool = False,
    ) -> None:
        self.ids = ids
        self.spans = spans
        self.end_id = end_id
        self.batch_size = batch_size
        self.sequence_length = sequence_length
        self.seed = seed
        self.labels = labels
        self.direction = -1 if reverse else 1
        self.lengths = spans[:, 1] - spans[:, 0] + 1
        self.mixed = None if labels is None else labels_to_mix(self.lengths, labels, batch_size, seed)

    def _windows(self, rows: np.ndarray) -> int:
        return int(-(-self.lengths[rows].max() // self.sequence_length))

    def steps(self, epoch: int) -> int:
        return sum(map(self._windows, self._batches(epoch)))

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        step = 0
        for rows in self._batches(epoch):
            if step + self._windows(rows) > first:
                windows = list(self._read(rows))
                yield from windows[max(first - step, 0) :]
            step += self._windows(rows)

    def _batches(self, epoch: int) -> list[np.ndarray]:
        return bucketed(self.lengths, self.batch_size, self.seed, epoch, self.mixed)

    def _read(self, rows: np.ndarray) -> Iterator[Batch]:
        end = np.array([self.end_id])
        documents = [self.ids[start:stop][:: self.direction] for start, stop in self.spans[rows]]
        padded = pad_batch([np.concatenate([end, document, end]).astype(np.int32) for document in documents])
        targets = padded[:, 1:]
        inputs = np.where(targets != 0, padded[:, :-1], 0)  # the end of a document is only a target
        labels = None if self.labels is None else self.labels[rows]
        for begin in range(0, targets.shape[1], self.sequence_length):
            window = slice(begin, begin + self.sequence_length)
            has_padding = bool((inputs[:, window] == 0).any())
            yield Batch(inputs[:, window], targets[:, window], has_padding, is_fresh=begin == 0, labels=labels)


class LabeledBatches:
    """Batches of labeled texts for a classifier, padded.

    Args:
        sequences: Ids of the texts, each int `[T]`; an empty one is a row of padding.
        labels: Number of each text's label, int `[N]`.
        batch_size: Most labeled texts in a batch, and most unlabeled ones. Batches of texts as long as books have
            fewer.
        seed: Seed of the order of the texts; None keeps them sorted by length.
        unlabeled: Ids of texts whose label is `NO_LABEL`. An epoch reads as many of them as there are labeled texts,
            the next epoch those that follow.
    """

    def __init__(
        self,
        sequences: EncodedTexts | Sequence[np.ndarray],
        labels: np.ndarray,
        *,
        batch_size: int,
        seed: int | None,
        unlabeled: EncodedTexts | Sequence[np.ndarray] = (),
    ) -> None:
        self.texts = _encoded(sequences).followed_by(_encoded(unlabeled))
        self.labels = np.concatenate([labels, np.full(len(unlabeled), NO_LABEL)]).astype(np.int32)
        self.labeled = len(sequences)
        self.rows_of_a_kind = batch_size
        self.batch_size = batch_size * (2 if unlabeled else 1)
        self.seed = seed
        self.lengths = self.texts.lengths
        self.mixed = labels_to_mix(self.lengths[: self.labeled], self.labels[: self.labeled], batch_size, seed)

    def steps(self, epoch: int) -> int:
        return len(self._batches(epoch))

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        for rows in self._batches(epoch)[first:]:
            inputs = pad_batch(list(self.texts.take(rows)))
            self.texts.release()
            yield Batch(inputs, self.labels[rows], has_padding=True, is_fresh=True)

    def _batches(self, epoch: int) -> list[np.ndarray]:
        bucket = functools.partial(bucketed, seed=self.seed, epoch=epoch, tokens=MAX_LABELED_TOKENS)
        batches = bucket(self.lengths[: self.labeled], self.rows_of_a_kind, labels=self.mixed)
        unlabeled = np.random.default_rng(self.seed).permutation(np.arange(self.labeled, len(self.lengths)))
        turn = min(self.labeled, len(unlabeled))
        if not turn:
            return batches
        # The two kinds may differ in length: bucketed together, many batches would have no label.
        rows = np.roll(unlabeled, -epoch * turn)[:turn]
        others = [rows[batch] for batch in bucket(self.lengths[rows], self.rows_of_a_kind)]
        by_length = sorted(range(len(batches)), key=lambda number: self._longest(batches[number]))
        for number, rows in enumerate(sorted(others, key=self._longest)):
            place = by_length[number * len(batches) // len(others)]
            batches[place] = interleaved(batches[place], rows)
        return batches

    def _longest(self, rows: np.ndarray) -> int:
        return int(self.lengths[rows].max())


def _encoded(texts: EncodedTexts | Sequence[np.ndarray]) -> EncodedTexts:
    return texts if isinstance(texts, EncodedTexts) else EncodedTexts.of(texts)


def interleaved(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Both kinds of texts evenly mixed, so that every shard of a batch has some of both; all are indices."""
    places = np.concatenate([np.arange(len(kind)) / len(kind) for kind in (rows, others)])
    return np.concatenate([rows, others])[np.argsort(places, kind="stable")]


def bucketed(
    lengths: np.ndarray,
    batch_size: int,
    seed: int | None,
    epoch: int,
    labels: np.ndarray | None = None,
    tokens: int = MAX_BATCH_TOKENS,
) -> list[np.ndarray]:
    """Group texts of similar length into batches of indices, in an order that depends on `seed` and `epoch` alone.

    Texts are shuffled, sorted by length within pools of 50 batches, cut into batches (`cut_batches`), and the batches
    are shuffled. So there is little padding, and batches differ from epoch to epoch. Without a seed all texts are
    sorted by length. With `labels` the texts of each label are sorted separately and then mixed, so that the shortest
    of every label share a batch.
    """

    def cut(rows: np.ndarray) -> list[np.ndarray]:
        keys = lengths[rows] if labels is None else _places_in_label(lengths[rows], labels[rows])
        rows = rows[np.argsort(keys, kind="stable")]
        return [rows[span] for span in cut_batches(lengths[rows], batch_size, tokens)]

    if seed is None:
        return cut(np.arange(len(lengths)))
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    pool = 50 * batch_size
    batches = [rows for start in range(0, len(order), pool) for rows in cut(order[start : start + pool])]
    return [batches[number] for number in generator.permutation(len(batches))]


def labels_to_mix(lengths: np.ndarray, labels: np.ndarray, batch_size: int, seed: int | None) -> np.ndarray | None:
    """`labels`, if texts of similar length share a label more often than by chance; else None.

    The measure is the variance of the labels' shares between batches of texts sorted by length, chi-squared over its
    degrees of freedom: 1 for random batches, `batch_size` if the length determines the label.
    """
    if seed is None or batch_size == 1:  # validation batches, or nothing to mix
        return None
    names, numbers = np.unique(labels, return_inverse=True)
    order = np.random.default_rng(seed).permutation(
        len(lengths)
    )  # texts of one length in random order, not in that of the file
    order = order[np.argsort(lengths[order], kind="stable")]
    batch_of = np.arange(len(order)) // batch_size
    counts = np.zeros([batch_of[-1] + 1, len(names)])
    np.add.at(counts, (batch_of, numbers[order]), 1)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / len(order)
    freedom = (len(counts) - 1) * (len(names) - 1)
    most = min(MAX_LABEL_VARIANCE, (1 + batch_size) / 2)  # in small batches halfway to the largest possible value
    return labels if ((counts - expected) ** 2 / expected).sum() >= most * max(freedom, 1) else None


def _places_in_label(lengths: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Rank of each text by length among the texts of its label, from 0 to 1, float `[N]`."""
    places = np.empty(len(lengths))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        places[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return places
