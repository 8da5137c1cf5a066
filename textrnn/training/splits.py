"""Splits into training and validation data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.labels import checked_label
from textrnn.text import END_ID, document_spans
from textrnn.training.batch import Batches
from textrnn.training.bucketed_batches import DocumentBatches
from textrnn.training.streams import StreamBatches

MIN_VALIDATION_STREAM = 1000  # tokens, so that the empty initial state hardly matters
VALIDATION_WINDOW = 256


def split_stream(
    ids: np.ndarray, validation_split: float, *, batch_size: int, sequence_length: int, seed: int | None = None
) -> tuple[Batches, Batches | None]:
    """Train on the beginning of a text `[N]`, validate on its end; `seed` draws the offsets of the training part.

    Raises:
        ValueError: If either part is too short.
    """
    cut = len(ids) - round(len(ids) * validation_split)
    training, held_out = StreamBatches(ids[:cut], batch_size, sequence_length, seed), ids[cut:]
    if not validation_split:
        return training, None
    if len(held_out) < 2:
        raise ValueError(
            f"`validation_split` must leave at least 2 tokens to validate on; {validation_split} of {len(ids)} "
            f"leaves {len(held_out)}."
        )
    return training, validation_stream(held_out, batch_size)


def validation_stream(ids: np.ndarray, batch_size: int) -> Batches:
    """Validation batches of a text `[N]` of at least 2 tokens."""
    streams = min(batch_size, max(1, len(ids) // MIN_VALIDATION_STREAM))
    return StreamBatches(ids, streams, min(VALIDATION_WINDOW, len(ids) - 1))


def split_documents(
    ids: np.ndarray,
    validation_split: float,
    *,
    batch_size: int,
    sequence_length: int,
    seed: int,
    labels: np.ndarray | None = None,
    reverse: bool = False,
) -> tuple[Batches, Batches | None]:
    """Hold out documents at random: a corpus is often sorted, so its end would differ from the rest.

    `labels` are the numbers of the documents' labels, int32 `[documents]`, for a model conditioned on them. With
    `reverse` each document is read from its end to its beginning.
    """
    spans = document_spans(ids)
    if labels is not None and len(labels) != len(spans):
        raise ValueError(f"`labels` must be one for each document, {len(spans)}; received {len(labels)}.")
    order = np.random.default_rng(seed).permutation(len(spans))
    held_out = _held_out(len(spans), validation_split, "documents")

    def batches(rows: np.ndarray, seed: int | None) -> Batches:
        of_rows = None if labels is None else labels[rows]
        shape: dict[str, Any] = {"batch_size": batch_size, "sequence_length": sequence_length, "reverse": reverse}
        return DocumentBatches(ids, spans[rows], END_ID, seed=seed, labels=of_rows, **shape)

    kept = len(spans) - held_out
    return batches(order[:kept], seed), batches(order[kept:], None) if held_out else None


def validation_documents(ids: np.ndarray, **options: Any) -> Batches:
    """Validation batches of documents, the shortest first; `options` of `DocumentBatches`."""
    return DocumentBatches(ids, document_spans(ids), END_ID, seed=None, **options)


def split_labeled(
    numbers: np.ndarray, labels: Sequence[str], validation_split: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the texts to train on and of the held-out texts, in the same proportion for every label.

    Args:
        numbers: Number of each text's label, int `[N]`.
        labels: Names of the labels, for messages.
        validation_split: Fraction of each label's texts to hold out.
        seed: Seed of the choice.
    """
    generator = np.random.default_rng(seed)
    held_out = []
    for number, label in enumerate(labels):
        rows = generator.permutation(np.flatnonzero(numbers == number))
        held_out.append(rows[: _held_out(len(rows), validation_split, f"texts labeled {label!r}")])
    held = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(numbers)), held), held


def weigh_classes(class_weight: Any, labels: Sequence[str], numbers: np.ndarray) -> np.ndarray:
    """Weight of a text of each label, float `[labels]`, from None, `"balanced"` or a weight for each label."""
    if class_weight is None:
        return np.ones(len(labels))
    if isinstance(class_weight, str) and class_weight == "balanced":
        return np.asarray(len(numbers) / (len(labels) * np.bincount(numbers, minlength=len(labels))))
    if isinstance(class_weight, Mapping):
        names = [checked_label("class_weight", label) for label in class_weight]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(
                f"`class_weight` must have one weight for label {repeated!r}; received {class_weight!r}."
            )
        class_weight = dict(zip(names, class_weight.values(), strict=True))
    if not isinstance(class_weight, Mapping) or set(class_weight) != set(labels):
        raise ValueError(
            f'`class_weight` must be None, "balanced" or a weight for each of {checks.listed(labels)}; '
            f"received {class_weight!r:.{checks.SHOWN}}."
        )
    return np.array([checks.positive_number(f"class_weight[{label!r}]", class_weight[label]) for label in labels])


def _held_out(count: int, validation_split: float, what: str) -> int:
    """Number of items to hold out of `count`: at least one, and not all."""
    if not validation_split:
        return 0
    if count < 2:
        raise ValueError(f"`source` must hold at least 2 {what}, to hold one out for validation; it holds {count}.")
    return min(max(1, round(count * validation_split)), count - 1)
