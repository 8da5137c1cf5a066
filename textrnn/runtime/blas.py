"""The number of threads that a product of NumPy takes."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

BUILDS: Final = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads")
"""Names of OpenBLAS's functions in NumPy's wheels and elsewhere."""

_lock = threading.Lock()
_inside = 0
_before = 1


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep products of NumPy on one thread meanwhile, in all threads of this process, if its library is OpenBLAS.

    The steps of a recurrence are small products in turn. OpenBLAS cuts each into a part for every core and waits for
    the last one, which takes ten times as long where another process has one of the cores.
    """
    global _inside, _before
    functions = blas_threads()
    if functions is None:
        yield
        return
    get, set_to = functions
    with _lock:
        _before = _before if _inside else get()
        _inside += 1
        set_to(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                set_to(_before)


def _forget_other_threads() -> None:
    """In a forked child the threads that were inside, or held the lock, are gone."""
    global _lock, _inside
    _lock, _inside = threading.Lock(), 0


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_forget_other_threads)


@functools.cache
def blas_threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """OpenBLAS's functions that get and set its number of threads; None of another library."""
    try:
        numpy: Any = np
        library = ctypes.CDLL(numpy._core._multiarray_umath.__file__)  # knows the names of what it is linked with
    except (AttributeError, OSError):
        return None
    for name in BUILDS:
        with contextlib.suppress(AttributeError):
            return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None
