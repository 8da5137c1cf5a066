"""A Keras model in the form that is fastest where there is little to compute: NumPy's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import keras
import numpy as np
import tensorflow as tf

from textrnn.forks import check_process
from textrnn.runtime.layout import Weights, parts_of

Made = TypeVar("Made")


class SnapshotCache(Generic[Made]):
    """An object made of a model's config and weights, and made again after one of these changed.

    Weights are read without a copy. A tensor is immutable, so weights that lie in the memory of those that the cache
    holds are the same; others are compared number by number. Threads share a cache.

    Args:
        model: A Keras model.
        kind: `"LanguageModel"` or `"TextClassifier"`.
        make: From the config and the weights by name (`runtime/layout.py`) to the object.
    """

    def __init__(self, model: Any, kind: str, make: Callable[[dict[str, Any], Weights], Made]) -> None:
        self.model = model
        self.kind = kind
        self.make = make
        self.made: tuple[dict[str, Any], Weights, Made] | None = None
        self.lock = threading.Lock()

    def current(self) -> Made:
        """The object for the config and the weights of this moment."""
        check_process()
        with self.lock:
            config = self.model.get_config()
            weights = read_weights(self.model, self.kind, config)
            is_current = self.made is not None and config == self.made[0] and _are_equal(weights, self.made[1])
            made = self.made[2] if self.made is not None and is_current else self.make(config, weights)
            self.made = (config, weights, made)
            return made


def read_weights(model: Any, kind: str, config: dict[str, Any]) -> dict[str, list[np.ndarray]]:
    """The weights of a Keras model by the name of their part, each a view of a tensor where the device allows one."""
    return {
        part.name: [np.asarray(tf.convert_to_tensor(variable.value)) for variable in find_variables(model, part.name)]
        for part in parts_of(kind, config, model.tokenizer.vocabulary_size)
    }


def find_variables(model: Any, name: str) -> list[keras.Variable]:
    """The variables of the part of a Keras model that has this name (`runtime/layout.py`)."""
    found = model
    for step in name.split("."):
        found = found[int(step)] if step.isdecimal() else getattr(found, step)
    return [found] if isinstance(found, keras.Variable) else list(found.weights)


def _are_equal(some: Weights, others: Weights) -> bool:
    return some.keys() == others.keys() and all(
        _is_equal(one, other)
        for name, arrays in some.items()
        for one, other in zip(arrays, others[name], strict=True)
    )


def _is_equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays of tensors hold the same numbers; known at once where they share memory."""
    is_shared = one.ctypes.data == other.ctypes.data and one.shape == other.shape
    return is_shared or np.array_equal(one, other)
