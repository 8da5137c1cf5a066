"""Ctrl-C that stops between two steps of training, not within one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C, raised after everything was saved; the message says how to resume."""


class Interrupt:
    """Whether Ctrl-C was pressed. A second Ctrl-C stops at once."""

    def __init__(self) -> None:
        self.is_requested = False

    def request(self, number: int, frame: FrameType | None) -> None:
        if self.is_requested:
            raise KeyboardInterrupt
        self.is_requested = True


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """A context in which the first Ctrl-C only sets a flag, so that weights and counters stay consistent."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # only the main thread may handle signals
        return
    before = signal.signal(signal.SIGINT, interrupt.request)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
