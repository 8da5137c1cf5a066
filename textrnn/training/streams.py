"""Batches of one long text, cut into parallel streams."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from textrnn.text import release
from textrnn.training.batch import Batch

RELEASE_EVERY = 256  # windows: a mapped text then takes a few MB, at no measurable cost


class StreamBatches:
    """Cuts one text into B contiguous streams; each step takes a window of T tokens from every stream.

    Row b of a batch continues row b of the previous batch, so the state is carried from window to window (truncated
    back-propagation through time; Williams and Peng, 1990) and reset only at the start of an epoch. The text is never
    copied as a whole: a memory-mapped one may be larger than memory.

    Args:
        ids: Ids of the text, unsigned integers `[N]`.
        batch_size: B. A text too short for B streams of one window gets fewer.
        sequence_length: T.
        seed: Seed of the offset at which each epoch starts, up to one window, so that windows differ between epochs
            (Merity et al., 2018, arXiv 1708.02182, section 5, vary the windows' length for the same reason); None
            always starts at the first token.

    Raises:
        ValueError: If the text is shorter than one window.
    """

    def __init__(self, ids: np.ndarray, batch_size: int, sequence_length: int, seed: int | None = None) -> None:
        if len(ids) <= sequence_length:
            raise ValueError(
                f"the text must be longer than one window of `sequence_length` {sequence_length}; it has "
                f"{len(ids)} tokens to train on. Use a longer text or a shorter window."
            )
        self.ids = ids
        self.sequence_length = sequence_length
        self.seed = seed
        self.batch_size = min(batch_size, (len(ids) - 1) // sequence_length)

    def steps(self, epoch: int) -> int:
        return -(-self._stream_length(epoch) // self.sequence_length)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        stream_length = self._stream_length(epoch)
        starts = self._offset(epoch) + np.arange(self.batch_size) * stream_length
        for step in range(first, self.steps(epoch)):
            begin = step * self.sequence_length
            length = min(self.sequence_length, stream_length - begin)
            if step % RELEASE_EVERY == 0:
                release(self.ids)
            window = np.stack([self.ids[s : s + length + 1] for s in starts + begin]).astype(np.int32)
            yield Batch(window[:, :-1], window[:, 1:], has_padding=False, is_fresh=step == 0)

    def _offset(self, epoch: int) -> int:
        if self.seed is None:
            return 0
        spare = len(self.ids) - 1 - self.batch_size * self.sequence_length  # each stream keeps a window
        return int(np.random.default_rng([self.seed, epoch]).integers(min(self.sequence_length, spare + 1)))

    def _stream_length(self, epoch: int) -> int:
        return (len(self.ids) - 1 - self._offset(epoch)) // self.batch_size
