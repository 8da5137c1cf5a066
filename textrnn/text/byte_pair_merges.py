"""Learning of byte-pair merges from the words of a text.

The algorithm is that of Sennrich et al. (2016, arXiv 1508.07909), with counts updated from merge to merge.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from textrnn.progress import Progress
from textrnn.text.special_tokens import FIRST_FREE_ID
from textrnn.text.utf8 import to_bytes

# The ids of merges follow those of the bytes.
FIRST_MERGED_ID: Final = FIRST_FREE_ID + 256

Pair = tuple[int, int]


def spell(word: str) -> list[int]:
    """The ids of a word's bytes."""
    return [byte + FIRST_FREE_ID for byte in to_bytes(word)]


def merge_pair(tokens: Iterable[int], pair: Pair, merged_id: int) -> list[int]:
    """Replace every `pair` of neighboring tokens by `merged_id`, from left to right."""
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


def learn_merges(counts: Mapping[str, int], at_most: int, progress: bool = False) -> list[Pair]:
    """Merge the most frequent pair of neighboring tokens repeatedly, until none occurs twice.

    Equally frequent pairs are ordered by the id of the left token, then of the right one, so the order of the words
    does not matter.

    Args:
        counts: number of occurrences of each word.
        at_most: largest number of merges.
        progress: whether a bar shows the progress on standard error.

    Returns:
        The pairs in the order of merging: the n-th gets the id `FIRST_MERGED_ID` + n.
    """
    with Progress(at_most, "pair", is_shown=progress, description="merging", leave=False, delay=1) as bar:
        neighbors, merges = _Neighbors(counts), list[Pair]()
        while len(merges) < at_most and (pair := neighbors.most_frequent()) is not None:
            neighbors.merge(pair, FIRST_MERGED_ID + len(merges))
            merges.append(pair)
            bar.update()
    return merges


class _Neighbors:
    """Counts of neighboring pairs of tokens, and the words that contain them.

    A merge visits only the words that contain its pair. It adds pairs of the new token and reduces the counts of all
    others, so a count in the queue is exact or too high, and is corrected when it comes up.
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
            if len(merged) < len(tokens):  # otherwise an earlier merge or visit has used the pair
                self._words[place] = merged
                made.update(self._recount(place, tokens, merged, merged_id))
        for new in made:
            heapq.heappush(self._queue, (-self._counts[new], new))

    def _recount(self, place: int, before: list[int], after: list[int], merged_id: int) -> list[Pair]:
        """Update the counts of a word's pairs; return the pairs that contain `merged_id`."""
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
