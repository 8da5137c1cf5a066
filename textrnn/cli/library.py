"""The library behind the commands, imported when a command needs it and without TensorFlow's greetings."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

KINDS = {"LanguageModel": "a language model", "TextClassifier": "a classifier"}


def import_api(*, deterministic: bool = False) -> Any:
    """`textrnn.api`; `deterministic` makes TensorFlow's operations give the same bits every time."""
    with _no_greetings():
        import tensorflow as tf

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
