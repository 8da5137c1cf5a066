"""Import of the library, when a command needs it and without TensorFlow's start-up messages."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Any, Literal

Work = Literal["training", "classifying", "batches"]
KINDS = {"LanguageModel": "a language model", "TextClassifier": "a classifier"}


def import_api(*, work: Work = "batches", deterministic: bool = False) -> Any:
    """Import `textrnn.api`, with TensorFlow configured for one command.

    Args:
        work: Kind of work. A training step is cut into shards that run in parallel, and a classifier reads a batch on
            each core, so that an operation needs few threads. Other batches run with TensorFlow's own settings.
        deterministic: Whether operations give the same bits every time.
    """
    if not has_tensorflow():
        raise ModuleNotFoundError("this needs TensorFlow, which is not installed: pip install tensorflow")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with _no_startup_messages():
        import tensorflow as tf

        from textrnn import api
        from textrnn.api import process

        if work != "batches":
            with contextlib.suppress(RuntimeError):  # threads stay as they are once TensorFlow runs
                process.configure_tensorflow(deterministic=deterministic)
        else:
            process.skip_slow_passes()
        tf.config.list_logical_devices()  # also prints messages, when it first looks for a GPU
    return api


def has_tensorflow() -> bool:
    """Whether TensorFlow is installed."""
    return importlib.util.find_spec("tensorflow") is not None


def load_kind(path: str, kind: str, *, with_tensorflow: bool = True) -> Any:
    """Load the model at `path`, which must be of the class named `kind`.

    Without TensorFlow, which need not be installed then, loading is much faster.
    """
    if with_tensorflow and has_tensorflow():
        model = import_api(work="classifying" if kind == "TextClassifier" else "batches").load(path)
    else:
        from textrnn import runtime

        model = runtime.load(path)
    if type(model).__name__ != kind:
        raise ValueError(f"MODEL must be {KINDS[kind]}; {path} holds {KINDS[type(model).__name__]}.")
    return model


@contextlib.contextmanager
def _no_startup_messages() -> Iterator[None]:
    """Discard what C++ writes to standard error: TensorFlow logs a page before it reads its log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
