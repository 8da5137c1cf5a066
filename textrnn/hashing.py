"""Hashing of n-grams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MIXER = 1_000_003  # a prime: neighboring ids spread over all buckets


def hash_ngrams(ids: Any, ngrams: int, buckets: int) -> Iterator[Any]:
    """Buckets of the n-grams that end at each step, for n from 2 to `ngrams`::

        hash(a, b, c) = ((a * 1000003 + b) * 1000003 + c) mod buckets

    Args:
        ids: Int64 `[B, ngrams - 1 + T]`, an array or a tensor: T steps and the tokens just before them. Products
            that overflow 64 bits wrap around, in arrays and tensors alike.
        ngrams: Tokens in the longest n-gram, at least 2.
        buckets: Number of buckets.

    Yields:
        Int64 `[B, T]` from 0 to `buckets` - 1, for each n.
    """
    hashed = ids
    for n in range(2, ngrams + 1):
        hashed = hashed[:, :-1] * MIXER + ids[:, n - 1 :]
        yield hashed[:, ngrams - n :] % buckets
