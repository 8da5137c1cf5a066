"""Progress of long work: a bar on a terminal, a line every minute elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, TypeVar

SECONDS_BETWEEN_LINES = 60.0

Item = TypeVar("Item")


class Progress:
    """Shows the progress of some work on standard error, with its rate and the time left.

    A terminal gets a bar of tqdm. Without tqdm, or if standard error is a file or a pipe, a line is written every
    minute.

    Args:
        total: Amount of work; None if unknown.
        unit: Unit of work.
        is_shown: Whether anything is shown.
        done: Units already done.
        description: Words before the bar or the line.
        **options: Further arguments of `tqdm.tqdm`, for a terminal.
    """

    def __init__(
        self,
        total: int | None,
        unit: str,
        *,
        is_shown: bool = True,
        done: int = 0,
        description: str = "",
        **options: Any,
    ) -> None:
        self.total, self.unit, self.done = total, unit, done
        self.description = description
        self.is_shown = is_shown
        self._first, self._began = done, time.monotonic()
        self._last_line = self._began
        self._bar = _make_bar(total=total, unit=unit, initial=done, desc=description, **options) if is_shown else None

    @property
    def has_bar(self) -> bool:
        """Whether a bar is on a terminal."""
        return self._bar is not None

    def update(self, units: int = 1, description: str | None = None) -> None:
        """Count more units of work as done; `description` replaces the words before the bar or the line."""
        self.done += units
        self.description = self.description if description is None else description
        if self._bar is not None:
            if description is not None:
                self._bar.set_description_str(description, refresh=False)
            self._bar.update(units)
        elif self.is_shown and time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            with contextlib.suppress(OSError, ValueError):  # a closed output is no error
                print(self.line(), file=sys.stderr, flush=True)

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, each counted when the next one is requested."""
        with self:
            for item in items:
                yield item
                self.update()

    def write(self, text: str, file: TextIO | None = None) -> None:
        """Print a line on `file`, standard output by default, above the bar if there is one."""
        if self._bar is not None:
            self._bar.write(text, file=file)
        else:
            print(text, file=file, flush=True)

    def line(self) -> str:
        """Progress as text, such as `reading: 1,200,000 of 5,000,000 B, 40,000 B/s, 1 min 35 s left`."""
        rate = (self.done - self._first) / max(time.monotonic() - self._began, 1e-9)
        whole = "" if self.total is None else f" of {self.total:,}"
        parts = [f"{self.done:,}{whole} {self.unit}", f"{rate:,.3g} {self.unit}/s".replace("e+0", "e")]
        if self.total is not None and rate > 0:
            parts.append(f"{describe_seconds(max(0, self.total - self.done) / rate)} left")
        return f"{self.description}: {', '.join(parts)}" if self.description else ", ".join(parts)

    def close(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def describe_seconds(seconds: float) -> str:
    """Seconds as text, such as `45 s`, `3 min 5 s` or `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _make_bar(**options: Any) -> Any:
    """A bar, or None where there is no terminal or no tqdm."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(**options)
