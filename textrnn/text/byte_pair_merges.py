"""Which neighboring tokens become one, learned from the words of a text.

The algorithm is that of Sennrich et al. (2016, arXiv 1508.07909), its counts kept from merge to merge.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from textrnn.text.special_tokens import FIRST_FREE_ID
from textrnn.text.utf8 import to_bytes

# Bytes come first, and what the first merge makes follows them.
FIRST_MERGED_ID: Final = FIRST_FREE_ID + 256

Pair = tuple[int, int]


def spell(word: str) -> list[int]:
    """The ids of a word's bytes."""
    return [byte + FIRST_FREE_ID for byte in to_bytes(word)]


def merge_pair(tokens: Iterable[int], pair: Pair, merged_id: int) -> list[int]:
    """Puts `merged_id` in the place of every `pair` of neighbors, from left to right."""
    left, right = pair
    result: list[int] = []
    last = None
    for token in tokens:
        if token == right and last == left:
            result[-1] = last = merged_id
        else:
            result.append(token)
            last = token
    return result


def learn_merges(counts: Mapping[str, int], at_most: int) -> list[Pair]:
    """Merges the most frequent pair of neighbors again and again, until none occurs twice.

    Of pairs that are equally frequent the one of the lower ids is first, by its left token and then its
    right one; so the order of the words does not matter.

    Args:
        counts: how often each word occurs.
        at_most: how many merges to learn.

    Returns:
        The pairs, in the order in which they were merged: the n-th makes the id `FIRST_MERGED_ID` + n.
    """
    neighbors, merges = _Neighbors(counts), list[Pair]()
    while len(merges) < at_most and (pair := neighbors.most_frequent()) is not None:
        neighbors.merge(pair, FIRST_MERGED_ID + len(merges))
        merges.append(pair)
    return merges


class _Neighbors:
    """How often each pair of tokens stands side by side, and in which words.

    A merge visits the words that hold its pair and no others. It adds pairs of the token it makes and
    takes from all others, so a count in the queue is right or too high: it is put right when it comes up.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._words = [spell(word) for word in counts]
        self._word_counts = list(counts.values())
        self._counts: defaultdict[Pair, int] = defaultdict(int)
        self._places: defaultdict[Pair, list[int]] = defaultdict(list)
        for place, (tokens, count) in enumerate(zip(self._words, self._word_counts, strict=True)):
            for pair in pairwise(tokens):
                self._counts[pair] += count
                self._places[pair].append(place)
        self._queue = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._queue)

    def most_frequent(self) -> Pair | None:
        while self._queue:
            queued, pair = self._queue[0]
            count = self._counts[pair]
            if count == -queued:
                return pair if count > 1 else None
            heapq.heapreplace(self._queue, (-count, pair))
        return None

    def merge(self, pair: Pair, merged_id: int) -> None:
        made: set[Pair] = set()
        for place in self._places.pop(pair):
            tokens = self._words[place]
            merged = merge_pair(tokens, pair, merged_id)
            if len(merged) < len(tokens):  # else an earlier merge, or visit, has taken the pair
                self._words[place] = merged
                made.update(self._recount(place, tokens, merged, merged_id))
        for new in made:
            heapq.heappush(self._queue, (-self._counts[new], new))

    def _recount(self, place: int, before: list[int], after: list[int], merged_id: int) -> list[Pair]:
        """Counts the pairs of a word anew; returns those of `merged_id`."""
        count = self._word_counts[place]
        for pair in pairwise(before):
            self._counts[pair] -= count
        made = []
        for pair in pairwise(after):
            self._counts[pair] += count
            if merged_id in pair:
                self._places[pair].append(place)
                made.append(pair)
        return made
