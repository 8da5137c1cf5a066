"""Log-probabilities of windows of texts, in turn: the next window is encoded while the cores compute."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from textrnn.batching import batches_by_length

MAX_BATCH_TOKENS = 1 << 16  # padding included
DEFAULT_BATCH_SIZE = 256
MIN_BATCH_SIZE = 16  # fewer texts do not fill the vector units that a product runs on
WINDOW_TEXTS = 4096  # enough to find texts of like length, few enough that encoding soon has a window to compute

Read = Callable[[list[np.ndarray]], np.ndarray]
"""From B texts, each ids int32 `[N]`, to log-probabilities `[B, labels]`."""


@dataclass(frozen=True)
class Window:
    """Texts that are being read.

    Attributes:
        size: Number of texts.
        parts: The indices of the texts of each batch, and its log-probabilities to come.
    """

    size: int
    parts: list[tuple[list[int], Future[np.ndarray]]]

    def gather(self, labels: int, count: Callable[[int], None]) -> np.ndarray:
        """Log-probabilities float64 `[N, labels]` in the order of the texts; waits for all batches."""
        logs = np.zeros([self.size, labels])
        for rows, part in self.parts:
            logs[rows] = part.result()
            count(len(rows))
        return logs


def read_windows(
    windows: Iterable[Sequence[str]],
    encode: Callable[[str], np.ndarray],
    read: Read,
    *,
    labels: int,
    workers: int,
    batch_size: int,
    batch_tokens: int,
    count: Callable[[int], None] = lambda texts: None,
) -> Generator[np.ndarray]:
    """Log-probabilities float64 `[N, labels]` of each window of N texts; texts of similar length share a batch.

    Args:
        windows: Texts, taken when the cores still compute the window before.
        encode: From a text to its ids.
        read: Reads a batch; called in `workers` threads, or in this one if `workers` is 1.
        labels: Number of labels.
        workers: Number of batches read at once.
        batch_size: Most texts in a batch.
        batch_tokens: Most tokens in a batch, padding included; a longer text is alone.
        count: Told the number of texts of each batch that is done.
    """
    pool, waiting = ThreadPoolExecutor(workers, "textrnn"), deque[Window]()
    submit = pool.submit if workers > 1 else _compute
    try:
        for texts in windows:
            ids = [encode(text) for text in texts]
            share = max(MIN_BATCH_SIZE, -(-len(ids) // workers))  # a window gives every worker a batch, if it can
            batches = batches_by_length([len(each) for each in ids], min(batch_size, share), batch_tokens)
            parts = [(rows, submit(read, [ids[row] for row in rows])) for rows in batches]
            waiting.append(Window(len(ids), parts))
            if len(waiting) > 1:
                yield waiting.popleft().gather(labels, count)
        while waiting:
            yield waiting.popleft().gather(labels, count)
    finally:
        pool.shutdown(cancel_futures=True)


def _compute(read: Read, batch: list[np.ndarray]) -> Future[np.ndarray]:
    """The result of `read`, without a thread."""
    result = Future[np.ndarray]()
    result.set_result(read(batch))
    return result
