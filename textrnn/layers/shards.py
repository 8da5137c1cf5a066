"""The batch in parts that run side by side inside one graph, a core each.

One step of a recurrence is too little work for several cores: they wait for each other more than they compute. A part
of the batch for each gives each a loop of its own. Rows do not meet, so nothing changes but the speed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from textrnn.threads import count_cores

MIN_SHARD_ROWS = 16  # fewer do not fill the vector units that a product runs on
MAX_SHARDS = 4  # each is traced for itself

_current = threading.local()


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU."""
    return bool(tf.config.get_visible_devices("GPU"))


def count_shards(rows: int | None) -> int:
    """Number of parts to cut a batch of `rows` into; None of rows is a number not known while tracing.

    It is one in eager mode, where nothing runs side by side, on a GPU, which needs large batches, and inside a shard.
    """
    if tf.executing_eagerly() or getattr(_current, "is_inside", False) or has_gpu():
        return 1
    cores = min(tf.config.threading.get_inter_op_parallelism_threads() or count_cores(), MAX_SHARDS)
    return cores if rows is None else max(1, min(cores, rows // MIN_SHARD_ROWS))


def map_shards(run: Callable[..., Any], count: int, *tensors: Any) -> list[Any]:
    """`run` on each of `count` parts of `tensors`, which are cut along their first axis; None stays None.

    Within `run` nothing is cut again.
    """
    if count == 1:
        with _inside():
            return [run(*tensors)]
    rows = tf.shape(next(tensor for tensor in tf.nest.flatten(tensors) if tensor is not None))[0]
    ends = [rows * (n + 1) // count for n in range(count)]
    sizes = tf.stack([end - start for start, end in zip([0, *ends], ends, strict=False)])
    flat = [[tensor] * count if tensor is None else tf.split(tensor, sizes) for tensor in tf.nest.flatten(tensors)]
    parts = [tf.nest.pack_sequence_as(tensors, list(part)) for part in zip(*flat, strict=True)]
    with _inside():
        return [run(*part) for part in parts]


@contextlib.contextmanager
def _inside() -> Iterator[None]:
    before, _current.is_inside = getattr(_current, "is_inside", False), True
    try:
        yield
    finally:
        _current.is_inside = before
