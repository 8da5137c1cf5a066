"""A Keras language model in the form in which it writes fastest."""

from __future__ import annotations

from typing import Any

import numpy as np

from textrnn import runtime
from textrnn.models.compiled_writing import CompiledWriter


class Twins:
    """A model as NumPy runs it, and what writes many texts at once, made anew when the weights have moved.

    Args:
        model: A `LanguageModel`.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.made: tuple[runtime.LanguageModel, CompiledWriter] | None = None

    def current(self) -> tuple[runtime.LanguageModel, CompiledWriter]:
        """Both, with the weights that the model has at this moment."""
        config, weights = self.model.get_config(), self._weights_by_path()
        if self.made is None or self.made[0].fingerprint != runtime.fingerprint_of(config, weights):
            copied = {path: [np.array(weight) for weight in listed] for path, listed in weights.items()}
            twin = runtime.LanguageModel(config, copied)
            self.made = (twin, CompiledWriter(twin))
        return self.made

    def _weights_by_path(self) -> dict[str, list[np.ndarray]]:
        """The weights by the paths that a `.keras` file has for them; not copied where that can be avoided."""
        model = self.model
        named = {"embedding": model.embedding.weights}
        for number, layer in enumerate(model.recurrent_layers):
            named[f"layers/{runtime.numbered('recurrent', number)}/cell"] = layer.cell.weights
        for number, norm in enumerate(model.norms):
            named[f"layers/{runtime.numbered('layer_normalization', number)}"] = norm.weights
        if model.labels:
            named["label_embedding"] = model.label_embedding.weights
        if model.has_bottleneck:
            named["bottleneck"] = model.bottleneck.weights
        named |= {"": [model.output_bias]} if model.tie_embeddings else {"head": model.head.weights}
        return {path: [np.asarray(weight.value) for weight in listed] for path, listed in named.items()}
