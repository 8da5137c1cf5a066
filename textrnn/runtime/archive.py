"""A `.keras` file read without Keras."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from textrnn.files import DAMAGED
from textrnn.runtime.quantised import read_dataset, read_weights

PRESETS = Path(__file__).parent.parent / "presets"


@dataclass(frozen=True)
class Archive:
    """What a `.keras` file holds.

    Attributes:
        path: The file.
        kind: The class that was saved, `"LanguageModel"` or `"TextClassifier"`.
        config: What its constructor takes.
        weights: Its variables, float32, in the order each layer made them, by the path of the layer in the file.
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


def read_archive(path: str | os.PathLike[str]) -> Archive:
    """Read a model's file, or that of the best model of a run folder.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or was not written by this package.
    """
    file = find_model(path)
    try:
        with zipfile.ZipFile(file) as archive:
            saved = json.loads(archive.read("config.json"))
            name, config = saved.get("registered_name"), saved["config"]
            with h5py.File(io.BytesIO(read_weights(archive)), "r") as stored:
                weights = dict(_layers(stored))
    except DAMAGED as error:
        raise ValueError(f"{file} must be a whole .keras file; reading it failed: {error}") from error
    if name not in ("textrnn>LanguageModel", "textrnn>TextClassifier"):
        raise ValueError(f"{file} must hold a textrnn model; it holds {name!r}.")
    return Archive(file, name.removeprefix("textrnn>"), config, weights)


def _layers(group: h5py.Group, path: str = "") -> Iterator[tuple[str, list[np.ndarray]]]:
    """Every layer of the file that has variables; `vars` holds them numbered."""
    for name, member in group.items():
        if name == "vars":
            if len(member):
                yield path, [read_dataset(member[str(n)]) for n in range(len(member))]
        elif isinstance(member, h5py.Group):
            yield from _layers(member, f"{path}/{name}" if path else name)


def numbered(name: str, number: int) -> str:
    """What Keras calls the layer of this name and number in a file."""
    return f"{name}_{number}" if number else name
