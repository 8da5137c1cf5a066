"""Padding of sequences of different lengths into one array, and back."""

from collections.abc import Sequence

import numpy as np

from textrnn.text.special_tokens import PAD_ID


def pad_batch(sequences: Sequence[np.ndarray], length: int | None = None) -> np.ndarray:
    """Stack sequences of ids into one array, with padding on the right.

    Args:
        sequences: B arrays of integers, each [N] with its own N, zero included.
        length: T; by default the length of the longest sequence, and at least 1, so that a batch of empty sequences
            still has a step to mask.

    Returns:
        int32 [B, T].

    Raises:
        ValueError: if a sequence is longer than `length`, or not one-dimensional.
        TypeError: if a sequence does not hold integers.
    """
    arrays = [_checked_sequence(sequence, index) for index, sequence in enumerate(sequences)]
    if length is None:
        length = max([1, *map(len, arrays)])
    elif length < 1:
        raise ValueError(f"`length` must be at least 1; received {length}")
    batch = np.full((len(arrays), length), PAD_ID, np.int32)
    for index, array in enumerate(arrays):
        if len(array) > length:
            raise ValueError(f"`sequences[{index}]` has {len(array)} ids, more than `length` {length}")
        batch[index, : len(array)] = array
    return batch


def unpad(batch: np.ndarray) -> list[np.ndarray]:
    """Return the rows of a padded batch, integers [B, T], without their padding."""
    array = np.asarray(batch)
    if array.ndim != 2:
        raise ValueError(f"`batch` must have two dimensions, [B, T]; received shape {array.shape}")
    return [row[: np.flatnonzero(row != PAD_ID).max(initial=-1) + 1] for row in array]


def _checked_sequence(sequence: np.ndarray, index: int) -> np.ndarray:
    array = np.asarray(sequence)
    if array.ndim != 1:
        raise ValueError(f"`sequences[{index}]` must have one dimension; received shape {array.shape}")
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"`sequences[{index}]` must hold integers; received {array.dtype}")
    return array
