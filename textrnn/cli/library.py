"""The library behind the commands, imported when a command needs it and without TensorFlow's greetings."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

KINDS = {"LanguageModel": "a language model", "TextClassifier": "a classifier"}


def import_api(*, deterministic: bool = False, one_thread_an_operation: bool = False) -> Any:
    """`textrnn.api`, with TensorFlow set up for one command.

    Args:
        deterministic: Whether operations give the same bits every time.
        one_thread_an_operation: Whether each core runs operations of its own. A training step is cut into a shard a
            core, which then need not wait for each other inside every operation.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # TensorFlow leaves it off on older processors
    with _no_greetings():
        import tensorflow as tf

        if one_thread_an_operation and not tf.config.list_physical_devices("GPU"):
            with contextlib.suppress(RuntimeError):  # a process in which TensorFlow runs already keeps its threads
                tf.config.threading.set_intra_op_parallelism_threads(1)
                tf.config.threading.set_inter_op_parallelism_threads(os.cpu_count() or 1)
        if deterministic:
            tf.config.experimental.enable_op_determinism()
        from textrnn import api

        tf.config.list_logical_devices()  # greets too, when it first looks for a GPU
    return api


def load_kind(path: str, kind: str) -> Any:
    """The model at `path`, which must be of the class named `kind`."""
    model = import_api().load(path)
    if type(model).__name__ != kind:
        raise ValueError(f"MODEL must be {KINDS[kind]}; {path} holds {KINDS[type(model).__name__]}.")
    return model


@contextlib.contextmanager
def _no_greetings() -> Iterator[None]:
    """Sends what C++ writes to the error output nowhere: TensorFlow logs a page before its log level is read."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
