"""Hashing of n-grams and of texts."""

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


def hash_texts(ids: Any, steps: Any, folds: int) -> Any:
    """Fold of each text by its tokens, so that equal texts share one::

        fold(x) = (sum over t of x_t * (7919 t mod 1000003)) mod folds      t = 1, 2, ...

    Args:
        ids: Int64 `[B, T]`, an array or a tensor, padded with 0 on the right.
        steps: Int64 `[T]` of the same kind, 1 to T.
        folds: Number of folds.

    Returns:
        Int64 `[B]` from 0 to `folds` - 1.
    """
    return (ids @ (steps * 7919 % MIXER)[:, None])[:, 0] % folds
