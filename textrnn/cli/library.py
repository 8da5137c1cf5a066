"""The library behind the commands, imported when a command needs it and without TensorFlow's greetings."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, Literal

KINDS = {"LanguageModel": "a language model", "TextClassifier": "a classifier"}
CLASSIFY_WITH_NUMPY = 1_000_000  # characters: batches of texts suit NumPy, and TensorFlow takes seconds to start
SPARED_PASSES = (
    "auto_mixed_precision",
    "constant_folding",
    "debug_stripper",
    "dependency_optimization",
    "function_optimization",
    "implementation_selector",
    "layout_optimizer",
    "loop_optimization",
    "pin_to_host_optimization",
    "remapping",
    "scoped_allocator_optimization",
    "shape_optimization",
)
"""What TensorFlow does to a graph before its first run that takes half of the wait and speeds no step here up."""


def import_api(*, work: Literal["training", "batches"] = "batches", deterministic: bool = False) -> Any:
    """`textrnn.api`, with TensorFlow set up for one command.

    Args:
        work: What the command does. A training step is cut into shards, which run side by side and need not wait for
            each other inside every operation. Batches are run as TensorFlow would by itself.
        deterministic: Whether operations give the same bits every time.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with _no_greetings():
        import tensorflow as tf

        from textrnn.layers.shards import SHARDS_AT_MOST, count_cores

        if work == "training" and not tf.config.list_physical_devices("GPU"):
            with contextlib.suppress(RuntimeError):  # a process in which TensorFlow runs already keeps its threads
                cores = count_cores()
                tf.config.threading.set_intra_op_parallelism_threads(max(1, cores // SHARDS_AT_MOST))
                tf.config.threading.set_inter_op_parallelism_threads(cores)
        spare_passes()
        if deterministic:
            tf.config.experimental.enable_op_determinism()
        from textrnn import api

        tf.config.list_logical_devices()  # greets too, when it first looks for a GPU
    return api


def spare_passes() -> None:
    """Let TensorFlow run a new graph sooner."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options(dict.fromkeys(SPARED_PASSES, False))


def load_kind(path: str, kind: str, *, with_tensorflow: bool = True) -> Any:
    """The model at `path`, which must be of the class named `kind`; without TensorFlow it is there in a blink."""
    if with_tensorflow:
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
