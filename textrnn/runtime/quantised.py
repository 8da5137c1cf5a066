"""Matrices stored as whole numbers of eight bits: a file a quarter as large.

A matrix is stored in steps, of a size of their own in each row, or in each column where those are more::

    W ~ s_i * q_ij,   s_i = max_j |W_ij| / 127,   q_ij whole numbers from -127 to 127

Vectors and small matrices stay float32: there is nothing to save.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

WEIGHTS = "model.weights.h5"  # in a file that Keras reads
QUANTISED = "model.weights.int8.h5"  # in its place
SCALE = "scale"  # the attribute of a quantised matrix
SMALLEST = 4096  # numbers
STEPS = 127


def read_dataset(stored: h5py.Dataset) -> np.ndarray:
    """The numbers of a dataset, quantised or not, float32."""
    values = np.asarray(stored, np.float32)
    return values * stored.attrs[SCALE] if SCALE in stored.attrs else values


def read_weights(archive: zipfile.ZipFile) -> bytes:
    """The HDF5 file with the weights of a model's file."""
    return archive.read(QUANTISED if QUANTISED in archive.namelist() else WEIGHTS)


def is_quantised(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return QUANTISED in archive.namelist()


def quantise(source: Path, target: Path) -> None:
    """Write the model file `source` once more, its matrices quantised."""
    _rewrite(source, target, QUANTISED, _write_quantised)


def dequantise(source: Path, target: Path) -> None:
    """Write the model file `source` once more, all numbers float32, as Keras reads them."""
    _rewrite(
        source, target, WEIGHTS, lambda group, name, stored: group.create_dataset(name, data=read_dataset(stored))
    )


Writer = Callable[[h5py.Group, str, h5py.Dataset], object]


def _write_quantised(group: h5py.Group, name: str, stored: h5py.Dataset) -> None:
    values = np.asarray(stored)
    if values.ndim != 2 or values.size < SMALLEST or values.dtype.kind != "f":
        group.create_dataset(name, data=values)
        return
    highest = np.abs(values).max(axis=int(values.shape[0] >= values.shape[1]), keepdims=True)
    scale = np.where(highest > 0, highest / STEPS, 1).astype(np.float32)
    group.create_dataset(name, data=np.rint(values / scale).astype(np.int8)).attrs[SCALE] = scale


def _rewrite(source: Path, target: Path, weights: str, write: Writer) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in (WEIGHTS, QUANTISED):
                new.writestr(name, old.read(name))
        new.writestr(weights, _rewritten(read_weights(old), write))


def _rewritten(data: bytes, write: Writer) -> bytes:
    kept = io.BytesIO()
    # Older formats have no attributes of over 64 KB, as the scales of a large vocabulary are.
    with h5py.File(io.BytesIO(data), "r") as old, h5py.File(kept, "w", libver="latest") as new:
        _copy(old, new, write)
    return kept.getvalue()


def _copy(old: h5py.Group, new: h5py.Group, write: Writer) -> None:
    for name, value in old.attrs.items():
        new.attrs[name] = value
    for name, member in old.items():
        if isinstance(member, h5py.Group):
            _copy(member, new.create_group(name), write)
        else:
            write(new, name, member)
