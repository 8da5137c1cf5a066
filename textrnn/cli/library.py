"""The library behind the commands, imported when a command needs it and without TensorFlow's greetings."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Any, Literal

KINDS = {"LanguageModel": "a language model", "TextClassifier": "a classifier"}
CLASSIFY_WITH_NUMPY = 1_000_000  # characters: batches of texts suit NumPy, and TensorFlow takes seconds to start


def import_api(*, work: Literal["training", "batches"] = "batches", deterministic: bool = False) -> Any:
    """`textrnn.api`, with TensorFlow set up for one command.

    Args:
        work: What the command does. A training step is cut into shards, which run side by side and need not wait for
            each other inside every operation. Batches are run as TensorFlow would by itself.
        deterministic: Whether operations give the same bits every time.
    """
    if not has_tensorflow():
        raise ModuleNotFoundError("this needs TensorFlow, which is not installed: pip install tensorflow")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with _no_greetings():
        import tensorflow as tf

        from textrnn import api
        from textrnn.api import process

        if work == "training":
            with contextlib.suppress(RuntimeError):  # a process in which TensorFlow runs already keeps its threads
                process.configure_tensorflow(deterministic=deterministic)
        else:
            process.skip_slow_passes()
        tf.config.list_logical_devices()  # greets too, when it first looks for a GPU
    return api


def has_tensorflow() -> bool:
    """Whether TensorFlow is installed."""
    return importlib.util.find_spec("tensorflow") is not None


def load_kind(path: str, kind: str, *, with_tensorflow: bool = True) -> Any:
    """The model at `path`, which must be of the class named `kind`.

    Without TensorFlow, which need not be installed then, it is there in a blink.
    """
    if with_tensorflow and has_tensorflow():
        model = import_api().load(path)
    else:
        from textrnn import runtime

        model = runtime.load(path)
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
