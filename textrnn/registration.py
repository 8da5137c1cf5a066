"""Registration of this package's classes with Keras, without importing Keras or TensorFlow.

Keras keeps a public dict from registered names to classes. Each class gets a placeholder there, which loads the class
when a file needs it; importing the class's module replaces the placeholder.
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
        "WidePath",
    ),
    "textrnn.models": ("LanguageModel", "TextClassifier"),
}
"""Registered classes, by the module that defines them."""


class Unloaded:
    """Placeholder in Keras's dict for a class that is not loaded; Keras calls its `from_config` alone."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def from_config(self, config: dict[str, Any]) -> Any:
        return getattr(importlib.import_module(self.module), self.name).from_config(config)


class KerasWatcher(importlib.abc.MetaPathFinder):
    """Import hook that registers the classes when Keras is imported."""

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


def registered_name(kind: type) -> str | None:
    """The name, such as "Package>Name", under which Keras finds a class in files; None if it is not registered."""
    keras = sys.modules.get("keras")
    name = str(keras.saving.get_registered_name(kind)) if keras is not None else ""
    return name if ">" in name else None


def register() -> None:
    """Register the classes with Keras, at once if it is loaded, else as soon as it is."""
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
