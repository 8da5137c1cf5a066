"""A pool of texts that are read at once, each at its own pace."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from textrnn.generation.reading import encode
from textrnn.generation.scoring import log_softmax
from textrnn.generation.state import State
from textrnn.options.generation import REMEMBERED

if TYPE_CHECKING:
    from textrnn.generation.text_model import TextModel

ROWS = 8  # initial capacity, in streams; it doubles


class StreamPool:
    """Steps any number of live streams of one model in one batch.

    A stream joins when it is opened and leaves when it is closed; text that it is fed waits until the pool steps.
    Streams do not affect each other, save for the rounding of products (1e-6): a state is close to the one that
    `read` returns for the same text, and `==`, which compares to the bit, may distinguish them.

    The pool keeps the weights that the model has when the pool is made.

    Example:
        >>> pool = StreamPool(model)
        >>> first, second = pool.open(), pool.open()
        >>> first.feed("The tide "); second.feed("A gull")
        >>> pool.run()
        >>> first.state == second.state
        False

    Args:
        model: A language model.
    """

    def __init__(self, model: TextModel) -> None:
        self.model = model
        self.snapshot = model.snapshot()
        self.streams: dict[Stream, None] = {}  # in the order in which they were opened
        empty = model.beginning(self.snapshot, None, model.labels[0] if model.labels else None)
        self._tensors = [_room(tensor, ROWS) for tensor in empty.tensors]
        self._logits = _room(empty.logits[None], ROWS)
        self._free = list(range(ROWS))

    def open(self, state: State | None = None, *, condition: str | None = None) -> Stream:
        """A stream that continues `state`, or begins a text of label `condition`."""
        beginning = self.model.beginning(self.snapshot, state, condition)
        if not self._free:
            self._grow()
        stream = Stream(self, self._free.pop())
        self.streams[stream] = None
        stream.go_to(beginning)
        return stream

    def step(self) -> dict[Stream, float]:
        """Read one token of every stream that has been fed; returns its log-probability, by stream."""
        reading = [stream for stream in self.streams if stream.waiting]
        if not reading:
            return {}
        rows = np.array([stream.row for stream in reading])
        ids = np.array([[stream.waiting.popleft()] for stream in reading], np.int32)
        log_probabilities = np.take_along_axis(log_softmax(self._logits[rows]), ids.astype(np.int64), axis=1)[:, 0]
        logits, states = self.snapshot.step(ids, tuple(tensor[rows] for tensor in self._tensors))
        self._logits[rows] = logits[:, -1]
        for tensor, after in zip(self._tensors, states, strict=True):
            tensor[rows] = after
        for stream, token in zip(reading, ids[:, 0].tolist(), strict=True):
            stream.recent.append(token)
        return dict(zip(reading, log_probabilities.tolist(), strict=True))

    def run(self) -> None:
        """Step until every stream has read all its text."""
        while self.step():
            pass

    def _grow(self) -> None:
        rows = len(self._logits)
        self._logits = np.concatenate([self._logits, np.zeros_like(self._logits)])
        self._tensors = [np.concatenate([tensor, np.zeros_like(tensor)]) for tensor in self._tensors]
        self._free.extend(range(rows, 2 * rows))


class Stream:
    """One text of a pool; `StreamPool.open` makes it."""

    def __init__(self, pool: StreamPool, row: int) -> None:
        self.pool = pool
        self.row = row
        self.waiting: deque[int] = deque()
        self.recent: deque[int] = deque(maxlen=REMEMBERED)

    def feed(self, text: str) -> None:
        """Add text, which is read token by token as the pool steps."""
        self._require_open()
        after = self.waiting[-1] if self.waiting else self.state
        ids = encode(self.pool.model.tokenizer, "text", text, after, stacklevel=3)
        self.waiting.extend(ids.tolist())

    def reset(self, state: State | None = None, *, condition: str | None = None) -> None:
        """Forget everything, waiting text included, and continue `state` or begin a text."""
        self._require_open()
        self.go_to(self.pool.model.beginning(self.pool.snapshot, state, condition))

    def go_to(self, state: State) -> None:
        """Take the place of `state`, with no text waiting."""
        self.waiting.clear()
        self.recent = deque(state.recent.tolist(), maxlen=REMEMBERED)
        self.pool._logits[self.row] = state.logits
        for tensor, start in zip(self.pool._tensors, state.tensors, strict=True):
            tensor[self.row] = start[0]

    @property
    def state(self) -> State:
        """State after the text read so far, equal to that of `read` up to rounding."""
        self._require_open()
        tensors = tuple(tensor[self.row : self.row + 1].copy() for tensor in self.pool._tensors)
        recent = np.array(self.recent, np.int32)
        return State(tensors, self.pool._logits[self.row].copy(), recent, self.pool.snapshot.fingerprint)

    def close(self) -> None:
        """Leave the pool."""
        self._require_open()
        del self.pool.streams[self]
        self.pool._free.append(self.row)

    def _require_open(self) -> None:
        if self not in self.pool.streams:
            raise ValueError("this stream must be open; it has been closed.")


def _room(row: np.ndarray, rows: int) -> np.ndarray:
    return np.repeat(np.asarray(row), rows, axis=0)
