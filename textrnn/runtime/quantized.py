"""Matrices stored as integers of eight bits: a file a quarter as large.

A matrix is stored in steps, with a scale for each row, or for each column where those are more::

    W ~ s_i * q_ij,   s_i = max_j |W_ij| / 127,   q_ij integers from -127 to 127

Vectors and small matrices stay float32; little would be saved.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from textrnn.files import read_member

WEIGHTS = "model.weights.h5"  # in a file that Keras reads
QUANTIZED = "model.weights.int8.h5"  # in its place
SCALE = "scale"  # the attribute of a quantized matrix
SMALLEST = 4096  # numbers
STEPS = 127


def find_datasets(stored: h5py.File) -> dict[str, h5py.Dataset]:
    """All datasets of a file by their path, each stored whole in it, so that no claimed size exceeds the file."""
    names: list[str] = []
    stored.visititems(lambda name, member: names.append(name) if isinstance(member, h5py.Dataset) else None)
    return {name: _checked(name, stored[name]) for name in names}


def _checked(name: str, stored: h5py.Dataset) -> h5py.Dataset:
    is_inside = stored.chunks is None and not stored.external and not stored.is_virtual
    if not is_inside or stored.id.get_storage_size() != stored.nbytes:
        raise ValueError(f"{name} must be stored whole; of {stored.nbytes} bytes {stored.id.get_storage_size()} are")
    return stored


def read_dataset(stored: h5py.Dataset, at_most: float = np.inf) -> np.ndarray:
    """The numbers of a dataset, quantized or not, float32.

    Raises:
        ValueError: If they are no numbers, or one is not finite or larger than `at_most`.
    """
    name, is_quantized = stored.name.removeprefix("/"), SCALE in stored.attrs
    if stored.dtype.kind not in ("i" if is_quantized else "f"):
        raise ValueError(f"{name} must hold numbers; it holds {stored.dtype}")
    values = np.asarray(stored, np.float32)
    if is_quantized:
        scale = np.asarray(stored.attrs[SCALE])
        if scale.dtype.kind != "f" or scale.shape not in [(len(values), 1), (1, values.shape[-1])]:
            raise ValueError(f"{name} must have a scale a row or a column; received shape {scale.shape}")
        values = values * scale.astype(np.float32)
    if not np.abs(values).max(initial=0) <= at_most:
        raise ValueError(
            f"{name} must hold finite numbers of a size that training reaches; its largest is {np.abs(values).max()}"
        )
    return values


def read_weights(archive: zipfile.ZipFile) -> bytes:
    """The HDF5 file with the weights of a model's file."""
    names = {QUANTIZED, WEIGHTS} & set(archive.namelist())
    if len(names) > 1:
        raise ValueError(f"it must hold weights once; it holds {' and '.join(sorted(names))}")
    return read_member(archive, *(names or {WEIGHTS}))


def is_quantized(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return QUANTIZED in archive.namelist()


def quantize(source: Path, target: Path) -> None:
    """Write the model file `source` to `target` with quantized matrices."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != WEIGHTS:
                new.writestr(name, old.read(name))
        new.writestr(QUANTIZED, _quantized(old.read(WEIGHTS)))


def dequantize(datasets: Mapping[str, h5py.Dataset], target: Path) -> None:
    """Write datasets into a file of weights for Keras, quantized ones as float32."""
    with h5py.File(target, "w") as new:
        for name, stored in datasets.items():
            new.create_dataset(name, data=read_dataset(stored) if SCALE in stored.attrs else np.asarray(stored))


def _write_quantized(group: h5py.Group, name: str, stored: h5py.Dataset) -> None:
    values = np.asarray(stored)
    if values.ndim != 2 or values.size < SMALLEST or values.dtype.kind != "f":
        group.create_dataset(name, data=values)
        return
    highest = np.abs(values).max(axis=int(values.shape[0] >= values.shape[1]), keepdims=True)
    scale = np.where(highest > 0, highest / STEPS, 1).astype(np.float32)
    group.create_dataset(name, data=np.rint(values / scale).astype(np.int8)).attrs[SCALE] = scale


def _quantized(data: bytes) -> bytes:
    kept = io.BytesIO()
    # Older formats have no attributes of over 64 KB, as the scales of a large vocabulary are.
    with h5py.File(io.BytesIO(data), "r") as old, h5py.File(kept, "w", libver="latest") as new:
        _copy(old, new)
    return kept.getvalue()


def _copy(old: h5py.Group, new: h5py.Group) -> None:
    for name, value in old.attrs.items():
        new.attrs[name] = value
    for name, member in old.items():
        if isinstance(member, h5py.Group):
            _copy(member, new.create_group(name))
        else:
            _write_quantized(new, name, member)
