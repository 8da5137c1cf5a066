"""Keras finds this package's classes once `textrnn` is imported, which itself imports neither Keras nor TensorFlow.

Keras keeps a public dict from registered names to classes. For each class it is given here what loads the class when
a file asks for it; importing the class's module puts the class itself in that place.
"""

from __future__ import annotations

import importlib
import importlib.abc
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

HOMES = {
    "textrnn.layers": (
        "AttentionPooling",
        "Bidirectional",
        "ConcatPooling",
        "GRUCell",
        "LSTMCell",
        "LockedDropout",
        "MinGRUCell",
        "NgramEmbedding",
        "RNNCell",
        "Recurrent",
    ),
    "textrnn.models": ("LanguageModel", "TextClassifier"),
}
"""The classes that Keras may be asked for, by the module that loads them."""


class Unloaded:
    """Stands in Keras's dict for a class that is not loaded yet; Keras asks it for nothing but `from_config`."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def from_config(self, config: dict[str, Any]) -> Any:
        return getattr(importlib.import_module(self.module), self.name).from_config(config)


class KerasWatcher(importlib.abc.MetaPathFinder):
    """Registers the classes when somebody imports Keras."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "keras":
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_register(module: ModuleType) -> None:
                run(module)
                register_with(module)

            spec.loader.exec_module = run_and_register  # type: ignore[method-assign]
        return spec


def register() -> None:
    """Register the classes with Keras, at once where it is loaded, else when it will be."""
    keras = sys.modules.get("keras")
    if keras is None:
        sys.meta_path.insert(0, KerasWatcher())
    else:
        register_with(keras)


def register_with(keras: Any) -> None:
    registered = keras.saving.get_custom_objects()
    for module, names in HOMES.items():
        for name in names:
            registered.setdefault(f"textrnn>{name}", Unloaded(module, name))
