"""Arrays and a few facts in one file: NumPy's `.npz`, whose stated sizes are checked when it is read."""

from __future__ import annotations

import itertools
import json
import math
import os
import zipfile
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np

from textrnn.files import atomic_path, check_member

NUMBERS_AND_TEXT = "biufU"
BYTES_AT_ONCE = 1 << 20


def write_arrays(
    path: str | os.PathLike[str], name: str, facts: Any, arrays: Iterable[tuple[str, np.ndarray]]
) -> None:
    """Write named arrays, and JSON facts under `name`, into one file, whole or not at all.

    Arrays are written one by one, as `np.savez` writes them, so they need not be in memory together.
    """
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for key, array in itertools.chain([(name, np.array(json.dumps(facts)))], arrays):
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_arrays(stream: BinaryIO, name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The facts and the arrays that `write_arrays` wrote. No array is larger than its bytes in the file.

    Raises:
        Exception: Of any kind, if the file is damaged (`refuse_damage`).
    """
    with zipfile.ZipFile(stream) as archive:
        arrays = {member.removesuffix(".npy"): read_array(archive, member) for member in archive.namelist()}
    if name not in arrays:
        raise ValueError(f"it lacks {name!r}")
    facts = json.loads(str(arrays.pop(name)))
    if not isinstance(facts, dict):
        raise ValueError(f"{name!r} must be an object; it is {facts!r:.60}")
    return facts, arrays


def read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """The array in a member of an open file, without a second copy of its bytes; errors as of `read_arrays`."""
    member = check_member(archive, name)
    with archive.open(member) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):  # NumPy's format for arrays of numbers
            raise ValueError("an array must be of NumPy's format 1.0")
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.kind not in NUMBERS_AND_TEXT:
            raise ValueError(f"an array must hold numbers or text; it holds {dtype}")
        stored = member.file_size - stream.tell()
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != stored:
            raise ValueError(f"an array must be whole; {dtype} of shape {shape} is not {stored} bytes")
        data, place = np.empty(stored, np.uint8), 0
        while part := stream.read(BYTES_AT_ONCE):  # to the end, where the checksum is compared
            data[place : place + len(part)] = np.frombuffer(part, np.uint8)
            place += len(part)
        if place != stored:
            raise ValueError(f"an array must be whole; it ends after {place} of {stored} bytes")
    return np.ndarray(shape, dtype, data, order="F" if is_fortran else "C")
