"""Saving and loading of models: a `.keras` file is written whole or not at all, and no code from it runs."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from textrnn import checks
from textrnn.files import atomic_path, refuse_damage
from textrnn.forks import check_process
from textrnn.models.precision import copy_with_policy
from textrnn.runtime.archive import WEIGHT_AT_MOST, WHOLE, open_archive
from textrnn.runtime.quantized import WEIGHTS, dequantize, quantize, read_dataset


def save_model(
    path: Any, save: Callable[..., None], *, overwrite: bool, quantized: bool = False, **kwargs: Any
) -> None:
    """Save a model with `save` to a temporary file, quantize it where asked, and rename it to `path`."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"`filepath` must be a path that ends in .keras; received {path!r}.")
    if not overwrite and Path(path).exists():
        raise FileExistsError(f"`filepath` {os.fspath(path)} exists, and `overwrite` is False.")
    if Path(path).suffix != ".keras":
        raise ValueError(f"`filepath` must end in .keras; received {os.fspath(path)!r}.")
    checks.boolean("quantized", quantized)
    with atomic_path(path) as temporary:
        if not quantized:
            save(temporary, **kwargs)
            return
        with tempfile.TemporaryDirectory(prefix="textrnn-") as folder:
            whole = Path(folder) / "model.keras"
            save(whole, **kwargs)
            quantize(whole, temporary)


def load_model(path: str | os.PathLike[str]) -> Any:
    """The model in a `.keras` file, or the best one of a run folder.

    A model trained with bfloat16 products is loaded with float32 ones, which are faster on a few rows and run on any
    machine.

    Args:
        path: A file `save` wrote, or the folder of a run.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedFileError: If the file is damaged or was not written by this package.
    """
    check_process()
    with tempfile.TemporaryDirectory(prefix="textrnn-") as folder:
        weights = Path(folder) / WEIGHTS
        with open_archive(path) as opened:
            for dataset in itertools.chain.from_iterable(opened.weights.values()):
                read_dataset(dataset, WEIGHT_AT_MOST)
            dequantize(opened.datasets, weights)
        # Keras makes one of two classes, whatever else the file names.
        model = keras.saving.get_registered_object(f"textrnn>{opened.kind}").from_config(opened.config)
        with refuse_damage(opened.path, WHOLE):
            model.load_weights(weights)
    return in_float32(model)


def in_float32(model: keras.Model) -> keras.Model:
    """The same model with float32 products, if its products are bfloat16."""
    return copy_with_policy(model, "float32") if model.dtype_policy.name == "mixed_bfloat16" else model
