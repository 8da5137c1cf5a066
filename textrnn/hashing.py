"""Neighboring tokens as one number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MIXER = 1_000_003  # a prime: neighboring ids spread over all buckets


def hash_ngrams(ids: Any, ngrams: int, buckets: int) -> Iterator[Any]:
    """The buckets of the last two tokens at each step, of the last three, up to the last `ngrams`::

        hash(a, b, c) = ((a * 1000003 + b) * 1000003 + c) mod buckets

    Args:
        ids: Int64 `[B, ngrams - 1 + T]`, an array or a tensor: T steps and the tokens just before them. Products
            that are too large for 64 bits wrap around, alike in both.
        ngrams: The longest, at least 2.
        buckets: How many there are.

    Yields:
        Int64 `[B, T]` within 0 to `buckets` - 1, `ngrams` - 1 times.
    """
    hashed = ids
    for n in range(2, ngrams + 1):
        hashed = hashed[:, :-1] * MIXER + ids[:, n - 1 :]
        yield hashed[:, ngrams - n :] % buckets
