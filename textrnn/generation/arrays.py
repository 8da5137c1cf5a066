"""Arrays and a few facts in one file: NumPy's `.npz`, whose stated sizes are checked when it is read."""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from textrnn.files import atomic_path, read_member

NUMBERS_AND_TEXT = "biufU"


def write_arrays(path: str | os.PathLike[str], name: str, facts: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays, and JSON facts under `name`, into one file, whole or not at all."""
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **{name: np.array(json.dumps(facts))}, **arrays)  # type: ignore[arg-type]


def read_arrays(stream: BinaryIO, name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The facts and the arrays that `write_arrays` wrote. No array is larger than its bytes in the file.

    Raises:
        Exception: Of any kind, if the file is damaged (`refuse_damage`).
    """
    with zipfile.ZipFile(stream) as archive:
        arrays = {member.removesuffix(".npy"): _array(read_member(archive, member)) for member in archive.namelist()}
    if name not in arrays:
        raise ValueError(f"it lacks {name!r}")
    facts = json.loads(str(arrays.pop(name)))
    if not isinstance(facts, dict):
        raise ValueError(f"{name!r} must be an object; it is {facts!r:.60}")
    return facts, arrays


def _array(data: bytes) -> np.ndarray:
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):  # NumPy's format for arrays of numbers
        raise ValueError("an array must be of NumPy's format 1.0")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.kind not in NUMBERS_AND_TEXT:
        raise ValueError(f"an array must hold numbers or text; it holds {dtype}")
    stored = len(data) - stream.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != stored:
        raise ValueError(f"an array must be whole; {dtype} of shape {shape} is not {stored} bytes")
    return np.ndarray(shape, dtype, data, stream.tell(), order="F" if is_fortran else "C").copy()
