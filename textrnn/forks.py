"""Detection of forks: TensorFlow's threads stay in the parent, and a child that needs one waits forever."""

from __future__ import annotations

import os
import sys

_began: int | None = None
"""Id of the process in which TensorFlow first ran; None before."""


def check_process() -> None:
    """Refuse to run TensorFlow in a forked process; called before TensorFlow runs.

    Raises:
        RuntimeError: If this process was forked from one in which TensorFlow had run.
    """
    global _began
    if _began is None:
        _began = os.getpid()
    if _began != os.getpid():
        raise RuntimeError(
            f"TensorFlow cannot work in this process, {os.getpid()}: it was forked from one in which TensorFlow was "
            f"at work, {_began}, and would wait forever for threads that stayed there. Use `textrnn.runtime.load`, "
            "which needs no TensorFlow; or start processes with multiprocessing's method 'spawn'; or let the parent "
            "leave TensorFlow alone and each process load its own model."
        )


def _note_foreign_work() -> None:
    """Record whether TensorFlow has run for other code than this package's."""
    global _began
    context = getattr(sys.modules.get("tensorflow.python.eager.context"), "_context", None)
    if _began is None and getattr(context, "_initialized", False):
        _began = os.getpid()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(before=_note_foreign_work)
