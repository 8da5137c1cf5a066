"""Everything needed to go on exactly where a run stopped, in one file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textrnn.files import DAMAGED, atomic_path


@dataclass
class Position:
    """How far a run has come.

    Attributes:
        epoch: The epoch under way.
        step: Steps done in it.
        sums: Summed loss, hits and count of the epoch so far.
        gradient_norm: The largest of the epoch so far, before clipping.
        gradient_norms: Those of each weight, summed over the steps of the epoch so far.
        seconds: Training time so far, in all sessions together.
        epoch_seconds: Training time of the epoch under way.
        starting_seconds: What the first step of each session took, which is part of `seconds`.
        best: The least badness on the validation data so far.
        epochs_since_best: Epochs since then.
        file_sizes: How much of each growing file of the run folder belongs to what is done.
    """

    epoch: int = 0
    step: int = 0
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    gradient_norm: float = 0.0
    gradient_norms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    starting_seconds: float = 0.0
    best: Sequence[float] = (float("inf"),)
    epochs_since_best: int = 0
    file_sizes: dict[str, int] = field(default_factory=dict)


def save_checkpoint(path: Path, position: Position, arrays: dict[str, list[np.ndarray]]) -> None:
    """Write named lists of arrays and a position into one file, whole or not at all."""
    named = {f"{name}/{n}": array for name, listed in arrays.items() for n, array in enumerate(listed)}
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, position=np.array(json.dumps(asdict(position))), **named)  # type: ignore[arg-type]


def load_checkpoint(path: Path) -> tuple[Position, dict[str, list[np.ndarray]]]:
    """Read what `save_checkpoint` wrote.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            position = Position(**json.loads(str(stored["position"])))
            arrays: dict[str, list[np.ndarray]] = {}
            for key in sorted(set(stored.files) - {"position"}, key=_name_and_number):
                arrays.setdefault(key.split("/")[0], []).append(stored[key])
    except DAMAGED as error:
        raise ValueError(f"{path} must be a whole checkpoint; reading it failed: {error}") from error
    return position, arrays


def assign_all(variables: list[Any], values: list[np.ndarray], path: Path) -> None:
    """Give variables the values of a checkpoint.

    Raises:
        ValueError: If they do not fit: the checkpoint belongs to another model.
    """
    expected, received = [tuple(v.shape) for v in variables], [value.shape for value in values]
    if expected != received:
        raise ValueError(f"{path} must hold this model's weights, of shapes {expected}; it holds {received}.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _name_and_number(key: str) -> tuple[str, int]:
    name, number = key.split("/")
    return name, int(number)
