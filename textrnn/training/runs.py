"""Starting and resuming a run."""

from __future__ import annotations

import json
import os
import platform
import warnings
import zlib
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn import checks
from textrnn.text import Tokenizer, release
from textrnn.training.run_folder import RunFolder
from textrnn.version import __version__


def claim_run(out: str | os.PathLike[str] | None, *, resume: bool) -> RunFolder | None:
    """The run folder at `out`, or None. A folder that cannot take the run is refused before any work is done.

    Raises:
        TypeError: If `out` is no path.
        FileExistsError: If `out` is a file, holds a run and `resume` is False, or holds foreign files.
        ValueError: If `resume` is True without `out`.
    """
    if out is None:
        if resume:
            raise ValueError("`resume` needs `out`, the folder of the run to resume; received out=None.")
        return None
    if not isinstance(out, (str, os.PathLike)):
        raise TypeError(f"`out` must be the path of a folder; received {out!r}.")
    run = RunFolder(out)
    if run.path.exists() and not run.path.is_dir():
        raise FileExistsError(f"`out` must be a folder; {run.path} is a file.")
    if run.checkpoint.exists() and not resume:
        raise FileExistsError(
            f"`out` {run.path} already holds a run: pass resume=True (--resume) to resume it, or another `out`."
        )
    if run.foreign_files():
        raise FileExistsError(
            f"`out` must be a new folder or that of a run; {run.path} holds other files by the names "
            f"{', '.join(run.foreign_files())}."
        )
    if not run.checkpoint.exists() and (run.model.exists() or run.history()):
        raise FileExistsError(
            f"`out` {run.path} holds a run without its checkpoint, {run.checkpoint}, so it cannot be resumed: "
            "pass another `out`."
        )
    return run


def begin_run(run: RunFolder, *, resume: bool, settings: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Write the config of a run, and return whether there is a checkpoint to resume from.

    Args:
        run: Folder from `claim_run`.
        resume: Whether to resume the run.
        settings: Settings of the training. A resumed run must have the same, except for more epochs.
        facts: Environment and corpus, recorded beside the settings. A resumed run must have the same corpus.

    Raises:
        ValueError: If a resumed run has other settings or another corpus.
        FileExistsError: If another process has started a run here meanwhile.
    """
    is_resumed = run.checkpoint.exists()
    if is_resumed and not resume:
        raise FileExistsError(f"`out` {run.path} holds a run that another process has started meanwhile.")
    if is_resumed:
        _check_same(run, settings, facts)
        started_with = {
            name: value for name, value in run.read_config().get("settings", {}).items() if name == "init_from"
        }
        settings = {**settings, **started_with}
    else:
        if resume:
            warnings.warn(f"{run.path} holds no run yet: starting from the beginning", stacklevel=3)
        run.cut_back({})  # of a run that was killed before its first checkpoint
    run.remove_leftovers()
    run.write_config({"settings": settings, **facts})
    return is_resumed


def _check_same(run: RunFolder, settings: dict[str, Any], facts: dict[str, Any]) -> None:
    before = run.read_config()
    if before.get("corpus") != facts["corpus"]:
        raise ValueError(
            f"the corpus must be the one {run.path} was started with, {before.get('corpus')}; "
            f"received {facts['corpus']}."
        )
    stored = before.get("settings", {})
    # Files may move: the checksum of the corpus counts, and the checkpoint holds the initial weights.
    names = (settings.keys() | stored.keys()) - {"source", "validation_data", "unlabeled", "init_from"}
    changed = {name for name in names if settings.get(name) != stored.get(name)}
    if settings["epochs"] > stored.get("epochs", 0):
        changed.discard("epochs")
    if changed:
        differences = ", ".join(
            f"{name}: {stored.get(name)!r:.{checks.SHOWN}} then, {settings.get(name)!r:.{checks.SHOWN}} here"
            for name in sorted(changed)
        )
        raise ValueError(f"a resumed run must have the settings it was started with; these differ: {differences}.")


def describe_run(model: keras.Model, corpus: dict[str, Any]) -> dict[str, Any]:
    """Facts for the config of a run: versions, device, precision, model size and corpus."""
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
        "corpus": {**corpus, "vocabulary": _checksum_of(model.tokenizer)},
    }


def _checksum_of(tokenizer: Tokenizer) -> int:
    """CRC-32 of a vocabulary: different vocabularies may give the same ids for different texts."""
    return zlib.crc32(json.dumps(tokenizer.to_dict(), sort_keys=True).encode())


def checksum(arrays: Iterable[np.ndarray]) -> int:
    """CRC-32 of arrays, read in parts so that a mapped file stays on the disk."""
    total = 0
    for array in arrays:
        for start in range(0, len(array), 1 << 22):
            total = zlib.crc32(array[start : start + (1 << 22)].tobytes(), total)
            release(array)
    return total
