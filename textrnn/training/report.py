"""Progress of a training on the terminal."""

from __future__ import annotations

import contextlib
from typing import Any

from textrnn.progress import Progress


class Report:
    """Progress of the whole run, with a line for each epoch above it.

    Args:
        total: Steps of the whole run.
        done: Steps done before a resume.
        epochs: Epochs of the whole run.
        unit: Unit of the rate, such as `characters`.
        is_shown: Whether anything is shown at all.
    """

    def __init__(self, total: int, done: int, epochs: int, unit: str, *, is_shown: bool) -> None:
        self.epochs = epochs
        self.unit = unit
        self.is_shown = is_shown
        bar_format = "{desc} {percentage:3.0f}%|{bar}| {elapsed} done, {remaining} left"
        self.progress = Progress(
            total, "steps", is_shown=is_shown, done=done, dynamic_ncols=True, bar_format=bar_format
        )

    def step(self, epoch: int, measures: dict[str, float], rate: float) -> None:
        """Count a step; `rate` is in units a second."""
        if self.is_shown:
            shown = f"epoch {epoch + 1}/{self.epochs}  {describe(measures)}  {rate:,.0f} {self.unit}/s"
            self.progress.update(description=shown)

    def epoch(self, line: dict[str, Any]) -> None:
        """Print the measures of an epoch."""
        names = ("loss", "bits_per_character", "accuracy")
        train = {name: line[name] for name in names if name in line}
        validation = {name: line[f"val_{name}"] for name in names if f"val_{name}" in line}
        rate = f"{line[f'{self.unit}_per_second']:,.0f} {self.unit}/s"
        self.say(
            f"epoch {line['epoch']}/{self.epochs}  training: {describe(train)}"
            + (f"  validation: {describe(validation)}" if validation else "")
            + f"  {rate}{'  (best so far)' if line['is_best'] else ''}"
        )

    def say(self, text: str) -> None:
        """Print a line."""
        if self.is_shown:
            with contextlib.suppress(OSError, ValueError):  # an output that was closed ends no training
                self.progress.write(text)

    def close(self) -> None:
        """Close the progress bar."""
        self.progress.close()


def say(is_shown: bool, text: str) -> None:
    """Print a line if `is_shown`. A closed output, as by `| head`, is no error."""
    if is_shown:
        with contextlib.suppress(OSError, ValueError):
            print(text, flush=True)


def describe(measures: dict[str, float]) -> str:
    """Measures as text, such as `loss 1.470, bits per character 2.12`."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in measures.items())
