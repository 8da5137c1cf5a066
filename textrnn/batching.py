"""Texts of like length in batches."""

from __future__ import annotations

from collections.abc import Iterable


def cut_batches(lengths: Iterable[int], rows: int, tokens: int) -> list[slice]:
    """Where to cut texts into batches of neighbors.

    Args:
        lengths: Of the texts, best the shortest first.
        rows: The most texts a batch has.
        tokens: The most tokens it has, padding included; a text that is longer than that is alone.
    """
    cuts, first, place, longest = list[slice](), 0, 0, 0
    for place, length in enumerate(lengths, 1):
        size, longest = place - first, max(longest, length)
        if size > rows or (size > 1 and size * longest > tokens):
            cuts.append(slice(first, place - 1))
            first, longest = place - 1, length
    return [*cuts, slice(first, place)] if place else []
