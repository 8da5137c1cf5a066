"""Memory of the process."""

from __future__ import annotations

import ctypes
import functools
import gc
import sys
from typing import Any


def return_freed_memory(*, with_cycles: bool = True) -> None:
    """Return the memory of deleted objects to the system: glibc keeps most of it for objects to come.

    Args:
        with_cycles: Whether objects that refer to each other are searched for first, which takes some 0.1 s.
    """
    if with_cycles:
        gc.collect()
    trim = _find_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _find_trim() -> Any:
    """The function of the C library, which glibc alone has."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
