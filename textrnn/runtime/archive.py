"""Reading of a `.keras` file without Keras."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from textrnn.files import DamagedFileError, read_member, refuse_damage
from textrnn.runtime.config import check_config
from textrnn.runtime.layout import Part, parts_of
from textrnn.runtime.quantized import find_datasets, read_dataset, read_weights

PRESETS = Path(__file__).parent.parent / "presets"


WHOLE = "be a whole .keras file"
WEIGHT_AT_MOST = 1e9  # no training gets near it, and float32 holds the products of a few such numbers


@dataclass(frozen=True)
class OpenArchive:
    """A `.keras` file that is open.

    Attributes:
        path: The file.
        kind: As for `Archive`.
        config: As for `Archive`.
        weights: Datasets of each part of the model, by its name (`runtime/layout.py`).
        datasets: All datasets of the file by their path, also those that only training needs.
    """

    path: Path
    kind: str
    config: dict[str, Any]
    weights: dict[str, list[h5py.Dataset]]
    datasets: dict[str, h5py.Dataset]


@dataclass(frozen=True)
class Archive:
    """Contents of a `.keras` file.

    Attributes:
        path: The file.
        kind: The class that was saved, `"LanguageModel"` or `"TextClassifier"`.
        config: Arguments of its constructor.
        weights: Arrays float32 of each part of the model, by its name (`runtime/layout.py`).
    """

    path: Path
    kind: str
    config: dict[str, Any]
    weights: dict[str, list[np.ndarray]]


def find_model(path: str | os.PathLike[str]) -> Path:
    """The file that `path` names, or that of the best model of the run folder, or of the preset, that it names."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"`path` must be the path of a .keras file or of a run folder; received {path!r}.")
    file = Path(path)
    if file.is_dir():
        file = file / "model.keras"
    if not file.exists() and os.fspath(path) in presets():
        return PRESETS / f"{os.fspath(path)}.keras"
    if not file.is_file():
        raise FileNotFoundError(
            f"`path` must be a .keras file, a run folder with one, or the name of a preset ({', '.join(presets())}); "
            f"{file} does not exist."
        )
    return file


def is_preset(file: Path) -> bool:
    """Whether a file came with the package."""
    return file.resolve().parent == PRESETS.resolve()


def presets() -> list[str]:
    """The names of the models that come with the package."""
    return sorted(file.stem for file in PRESETS.glob("*.keras"))


def read_kind(path: str | os.PathLike[str]) -> str:
    """`"LanguageModel"` or `"TextClassifier"`, whichever a file or run folder holds; errors as of `read_archive`."""
    with open_archive(path) as opened:
        return opened.kind


def read_archive(path: str | os.PathLike[str]) -> Archive:
    """Read a model's file, or that of the best model of a run folder.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedFileError: If it is damaged or was not written by this package.
    """
    with open_archive(path) as opened:
        weights = {
            name: [read_dataset(dataset, WEIGHT_AT_MOST) for dataset in datasets]
            for name, datasets in opened.weights.items()
        }
        return Archive(opened.path, opened.kind, opened.config, weights)


@contextlib.contextmanager
def open_archive(path: str | os.PathLike[str]) -> Iterator[OpenArchive]:
    """An open model file: its config is checked, its weights have the shapes of the config; none is read yet.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedFileError: If it is damaged or was not written by this package, or its use in the context fails.
    """
    file = find_model(path)
    with refuse_damage(file, WHOLE), zipfile.ZipFile(file) as archive:
        kind, saved = _saved_model(file, read_member(archive, "config.json"))
        config, vocabulary_size = check_config(kind, saved)
        with h5py.File(io.BytesIO(read_weights(archive)), "r") as stored:
            datasets = find_datasets(stored)
            weights = {part.name: _datasets_of(part, datasets) for part in parts_of(kind, config, vocabulary_size)}
            yield OpenArchive(file, kind, config, weights, datasets)


def _saved_model(file: Path, data: bytes) -> tuple[str, Any]:
    """The name of the class that was saved, and its config."""
    saved = json.loads(data)
    name = saved.get("registered_name") if isinstance(saved, dict) else saved
    if name not in ("textrnn>LanguageModel", "textrnn>TextClassifier"):
        raise DamagedFileError(
            f"{file} must hold a textrnn model; it holds {name!r:.100} and was not written by textrnn."
        )
    return name.removeprefix("textrnn>"), saved.get("config")


def _datasets_of(part: Part, datasets: Mapping[str, h5py.Dataset]) -> list[h5py.Dataset]:
    """The datasets of one part, which must have the number and shapes of its weights; all if these are unknown."""
    prefix = f"{part.path}/vars/".removeprefix("/")
    if part.shapes is None:
        return [datasets[name] for n in range(len(datasets)) if (name := f"{prefix}{n}") in datasets]
    found = []
    for number, shape in enumerate(part.shapes):
        name = f"{prefix}{number}"
        if name not in datasets:
            raise ValueError(f"it lacks the weight {name}, which its config implies")
        if datasets[name].shape != shape:
            raise ValueError(f"{name} must have the shape {shape}, as its config says; it has {datasets[name].shape}")
        found.append(datasets[name])
    if f"{prefix}{len(part.shapes)}" in datasets:
        raise ValueError(f"it has a weight {prefix}{len(part.shapes)}, which its config has no place for")
    return found
