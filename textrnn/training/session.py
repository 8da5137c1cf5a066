"""Starting a run, or going on with one."""

from __future__ import annotations

import os
import platform
import warnings
import zlib
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn.text import release
from textrnn.training.run_folder import RunFolder
from textrnn.version import __version__


def open_run(
    out: str | os.PathLike[str] | None, *, resume: bool, settings: dict[str, Any], facts: dict[str, Any]
) -> tuple[RunFolder | None, bool]:
    """The run folder at `out` and whether there is something in it to go on with.

    Args:
        out: Where to keep the run; None keeps it nowhere.
        resume: Whether to go on with the run in `out`.
        settings: What was asked for. A resumed run must have the same, but for more epochs.
        facts: What it runs on and with; recorded beside the settings. A resumed run must have the same corpus.

    Raises:
        FileExistsError: If `out` holds a run and `resume` is False.
        ValueError: If `resume` is asked for without `out`, or with other settings or another corpus.
    """
    if out is None:
        if resume:
            raise ValueError("`resume` needs `out`, the folder of the run to go on with; received out=None.")
        return None, False
    run = RunFolder(out)
    if not run.checkpoint.exists():
        if resume:
            warnings.warn(f"{run.path} holds no run yet: starting from the beginning", stacklevel=3)
        run.path.mkdir(parents=True, exist_ok=True)
        run.cut_back({})  # of a run that was killed before its first checkpoint
        run.write_config({"settings": settings, **facts})
        return run, False
    if not resume:
        raise FileExistsError(f"{run.path} already holds a run: pass resume=True to go on with it, or another `out`.")
    _check_same(run, settings, facts)
    run.write_config({"settings": settings, **facts})
    return run, True


def _check_same(run: RunFolder, settings: dict[str, Any], facts: dict[str, Any]) -> None:
    before = run.read_config()
    if before.get("corpus") != facts["corpus"]:
        raise ValueError(
            f"the corpus must be the one {run.path} was started with, {before.get('corpus')}; "
            f"received {facts['corpus']}."
        )
    stored = before.get("settings", {})
    changed = {name for name in settings.keys() | stored.keys() if settings.get(name) != stored.get(name)}
    if settings["epochs"] > stored.get("epochs", 0):
        changed.discard("epochs")
    if changed:
        differences = ", ".join(
            f"{name}: {stored.get(name)!r} then, {settings.get(name)!r} here" for name in sorted(changed)
        )
        raise ValueError(f"a resumed run must have the settings it was started with; these differ: {differences}.")


def describe_run(model: keras.Model, corpus: dict[str, Any]) -> dict[str, Any]:
    """What a run runs on and with, for its config: versions, device, precision, model size and the corpus."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return {
        "textrnn": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
        "model": type(model).__name__,
        "parameters": model.count_params(),
        "megabytes": sum(tf.size(weight).numpy() * weight.value.dtype.size for weight in model.weights) / 1e6,
        "precision": model.dtype_policy.name,
        "device": f"{devices[0].device_type} ({os.cpu_count()} cores)",
        "corpus": corpus,
    }


def checksum(arrays: Iterable[np.ndarray]) -> int:
    """CRC-32 of arrays, read in parts so that a mapped file stays on disk."""
    total = 0
    for array in arrays:
        for start in range(0, len(array), 1 << 22):
            total = zlib.crc32(array[start : start + (1 << 22)].tobytes(), total)
            release(array)
    return total
