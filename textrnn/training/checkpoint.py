"""Checkpoints: one file with everything needed to resume a run exactly."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from textrnn import checks
from textrnn.files import DamagedFileError, refuse_damage
from textrnn.generation.arrays import read_array, read_arrays, write_arrays

WEIGHTS = "weights"


@dataclass
class Position:
    """Progress of a run.

    Attributes:
        epoch: Current epoch, from 0.
        step: Steps done in the current epoch.
        sums: Summed loss, correct predictions and count of the current epoch.
        gradient_norm: Largest gradient norm of the current epoch, before clipping.
        gradient_norms: Gradient norm of each weight, summed over the steps of the current epoch.
        seconds: Training time, including that before a resume.
        epoch_seconds: Training time of the current epoch.
        starting_seconds: Time of the first step after each start, a part of `seconds`.
        best: Least selection key on the validation data.
        epochs_since_best: Epochs since the best one.
        file_sizes: Size of each growing file of the run folder at this position, in bytes.
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


def save_checkpoint(path: Path, position: Position, tensors: dict[str, Sequence[Any]]) -> None:
    """Write named lists of variables or tensors, one by one, and a position into one file, whole or not at all."""
    named = (
        (f"{name}/{n}", np.asarray(tf.convert_to_tensor(tensor)))  # without a second copy
        for name, listed in tensors.items()
        for n, tensor in enumerate(listed)
    )
    write_arrays(path, "position", asdict(position), named)


def save_weights(path: Path, position: Position, variables: Sequence[Any]) -> None:
    """Write variables, and the position at which they had these values, as `save_checkpoint` does."""
    save_checkpoint(path, position, {WEIGHTS: variables})


def load_checkpoint(path: Path) -> tuple[Position, dict[str, list[np.ndarray]]]:
    """Read a file of `save_checkpoint`.

    Raises:
        DamagedFileError: If the file is damaged.
    """
    with refuse_damage(path, "be a whole checkpoint"), open(path, "rb") as stream:
        facts, named = read_arrays(stream, "position")
        arrays: dict[str, list[np.ndarray]] = {}
        for key in sorted(named, key=_name_and_number):
            arrays.setdefault(key.split("/")[0], []).append(named[key])
        return _checked_position(facts), arrays


def load_weights(path: Path) -> Iterator[np.ndarray]:
    """Read a file of `save_weights`, one array after the other.

    Raises:
        DamagedFileError: If the file is damaged.
    """
    with refuse_damage(path, "hold the best weights of a run"), zipfile.ZipFile(path) as archive:
        for number in range(len(archive.namelist()) - 1):
            yield read_array(archive, f"{WEIGHTS}/{number}.npy")


def _checked_position(facts: dict[str, Any]) -> Position:
    expected = asdict(Position())
    if facts.keys() != expected.keys():
        raise ValueError(f"its position must say {', '.join(expected)}; it says {', '.join(facts)}")
    for name, value in facts.items():
        if isinstance(expected[name], int):
            checks.integer_of_at_least(0, name, value)
        elif isinstance(expected[name], float):
            checks.non_negative_number(name, value)
        elif name == "file_sizes":
            if not isinstance(value, dict):
                raise TypeError(f"`{name}` must be an object; received {value!r}.")
            for file, size in value.items():
                checks.integer_of_at_least(0, f"{name}[{file}]", size)
        elif not isinstance(value, list) or not all(type(number) in (int, float) for number in value):
            raise TypeError(f"`{name}` must be a list of numbers; received {value!r}.")
    if len(facts["sums"]) != len(expected["sums"]) or not facts["best"]:
        raise ValueError(f"`sums` must be three numbers and `best` one or more; received {facts!r}.")
    return Position(**facts)


def assign_all(variables: list[Any], values: list[np.ndarray], path: Path) -> None:
    """Assign the values of a checkpoint to variables."""
    check_fit(variables, values, path)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def check_fit(expected: Sequence[Any], values: Sequence[np.ndarray], path: Path) -> None:
    """Raise a DamagedFileError unless a checkpoint's values have the shapes and kinds of variables or tensors and are
    finite."""
    kinds = [[(tuple(array.shape), _kind(array.dtype)) for array in arrays] for arrays in (expected, values)]
    if kinds[0] != kinds[1]:
        shapes, found = ([shape for shape, _ in arrays] for arrays in kinds)
        raise DamagedFileError(
            f"{path} must hold this model's weights, of shapes {shapes!r:.200}; it holds {found!r:.200}."
        )
    if not all(np.isfinite(value).all() for value in values):
        raise DamagedFileError(f"{path} must hold finite numbers, as every checkpoint does.")


def _kind(dtype: Any) -> str:
    return np.dtype(dtype.as_numpy_dtype if isinstance(dtype, tf.DType) else dtype).kind


def _name_and_number(key: str) -> tuple[str, int]:
    name, number = key.split("/")
    return name, int(number)
