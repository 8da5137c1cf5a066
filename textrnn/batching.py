"""Batches of texts of similar length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def cut_batches(lengths: Iterable[int], rows: int, tokens: int) -> list[slice]:
    """Cut texts, in their order, into batches.

    Args:
        lengths: Lengths of the texts, best sorted.
        rows: Most texts in a batch.
        tokens: Most tokens in a batch, padding included; a longer text is alone in its batch.

    Returns:
        The slice of each batch.
    """
    cuts, first, place, longest = list[slice](), 0, 0, 0
    for place, length in enumerate(lengths, 1):
        size, longest = place - first, max(longest, length)
        if size > rows or (size > 1 and size * longest > tokens):
            cuts.append(slice(first, place - 1))
            first, longest = place - 1, length
    return [*cuts, slice(first, place)] if place else []


def batches_by_length(lengths: Sequence[int], rows: int, tokens: int) -> list[list[int]]:
    """Batches of the indices of texts of these lengths, sorted by length, the shortest first.

    Memory grows with the tokens of a batch: it has `rows` texts, fewer if they are long. Arguments as for
    `cut_batches`.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return [order[cut] for cut in cut_batches((lengths[row] for row in order), rows, tokens)]
