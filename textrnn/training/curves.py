"""Learning curves of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textrnn.files import atomic_path


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def draw_curves(history: list[dict[str, Any]], measure: str, path: Path) -> None:
    """Draw `measure` on the training and validation data by epoch into a PNG file.

    Args:
        history: Metrics of the run, a dictionary for each epoch.
        measure: Name such as `bits_per_character`; on the validation data it begins with `val_`.
        path: File to write.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    epochs = [line["epoch"] for line in history]
    axes.plot(epochs, [line[measure] for line in history], marker="o", label="training, dropout on")
    validated = [line for line in history if f"val_{measure}" in line]
    if validated:
        scores = [line[f"val_{measure}"] for line in validated]
        axes.plot([line["epoch"] for line in validated], scores, marker="o", label="validation")
    axes.set_xlabel("epoch")
    axes.set_ylabel(measure.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
