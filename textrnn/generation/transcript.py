"""Transcripts: a stream of ids becomes a stream of text that ends at a stop string or at the end of the text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np


class Transcript:
    """The text of one sample as its ids arrive.

    Text that may begin a stop string is held back until this is excluded, so no part of a stop string is ever shown.

    Args:
        decode: Function from an id to the text that is complete by then.
        stop: Strings at which the text ends; they are not part of it.
        end_id: End-of-text token.
    """

    def __init__(self, decode: Callable[[int], str], stop: Sequence[str], end_id: int) -> None:
        self.decode = decode
        self.stop = tuple(stop)
        self.end_id = end_id
        self.held = ""
        self.is_done = False

    def add(self, token: int) -> str:
        """The text that can be shown after `token`."""
        if self.is_done:
            return ""
        if token == self.end_id:
            return self.finish()
        if not self.stop:
            return self.decode(token)
        self.held += self.decode(token)
        cut = min((at for at in map(self.held.find, self.stop) if at >= 0), default=None)
        if cut is not None:
            self.held = self.held[:cut]
            return self.finish()
        kept = max((_overlap(self.held, stop) for stop in self.stop), default=0)
        shown, self.held = self.held[: len(self.held) - kept], self.held[len(self.held) - kept :]
        return shown

    def finish(self) -> str:
        """The text held back, once no token will follow."""
        self.is_done = True
        shown, self.held = self.held, ""
        return shown


def transcribe(tokens: Iterable[np.ndarray], transcripts: Sequence[Transcript]) -> Iterator[list[str]]:
    """The next piece of text of every sample, until all are done or no token follows.

    Args:
        tokens: Ids int `[B]`, one of each sample at a time; not asked for once all samples are done.
        transcripts: One for each of the B samples.
    """
    for ids in tokens:
        yield [transcript.add(int(token)) for transcript, token in zip(transcripts, ids, strict=True)]
        if all(transcript.is_done for transcript in transcripts):
            return
    yield [transcript.finish() for transcript in transcripts]


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop` without being all of it."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
