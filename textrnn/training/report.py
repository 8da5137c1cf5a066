"""What a person sees while a model trains."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from tqdm import tqdm


class Report:
    """A progress bar for the whole run, and a line an epoch above it.

    The bar is silent where the output is not a terminal; the lines are written all the same.

    Args:
        total: Steps of the whole run.
        done: Steps done in earlier sessions.
        epochs: Epochs of the whole run.
        unit: What is counted, such as `characters`.
        is_shown: Whether anything is shown at all.
    """

    def __init__(self, total: int, done: int, epochs: int, unit: str, *, is_shown: bool) -> None:
        self.epochs = epochs
        self.unit = unit
        self.is_shown = is_shown
        self.bar = tqdm(
            total=total,
            initial=done,
            disable=None if is_shown and sys.stderr is not None else True,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed} done, {remaining} left",
        )

    def step(self, epoch: int, measures: dict[str, float], rate: float) -> None:
        if self.bar.disable:
            return
        shown = f"epoch {epoch + 1}/{self.epochs}  {describe(measures)}  {rate:,.0f} {self.unit}/s"
        self.bar.set_description_str(shown, refresh=False)
        self.bar.update()

    def epoch(self, line: dict[str, Any]) -> None:
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
        with self.bar.external_write_mode():  # the bar makes way
            say(self.is_shown, text)

    def close(self) -> None:
        self.bar.close()


def say(is_shown: bool, text: str) -> None:
    """Print a line if it is to be shown. An output that was closed, as by `| head`, loses it and ends no training."""
    if is_shown:
        with contextlib.suppress(OSError, ValueError):
            print(text, flush=True)


def describe(measures: dict[str, float]) -> str:
    """`loss 1.470, bits per character 2.12`."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in measures.items())
