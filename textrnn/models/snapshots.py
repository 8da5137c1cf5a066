"""A Keras model in the form in which it is fastest with little work: NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from textrnn import runtime
from textrnn.forks import check_process
from textrnn.models.compiled_writing import CompiledWriter


class SnapshotCache:
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
            numpy_model = runtime.LanguageModel(config, copied)
            self.made = (numpy_model, CompiledWriter(numpy_model))
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


def classifier_to_numpy(model: Any) -> runtime.TextClassifier:
    """A `TextClassifier` as NumPy runs it, with the weights it has at this moment."""
    check_process()
    weights: dict[str, list[np.ndarray]] = {}
    for number, encoder in enumerate(model.text_encoders):
        path = f"layers/{runtime.numbered('text_encoder', number)}"
        parts = {"embedding": encoder.embedding, "head": encoder.head}
        if model.pooling == "attention":
            parts["pooling"] = encoder.pooling
        if encoder.ngram_embedding is not None:
            parts["ngram_embedding"] = encoder.ngram_embedding
        for depth, layer in enumerate(encoder.recurrent_layers):
            name = runtime.numbered("bidirectional" if model.bidirectional else "recurrent", depth)
            ways = {"/forward": layer.forward, "/backward": layer.backward} if model.bidirectional else {"": layer}
            parts |= {f"recurrent_layers/{name}{way}/cell": one.cell for way, one in ways.items()}
        weights |= {f"{path}/{name}": [np.array(weight) for weight in part.weights] for name, part in parts.items()}
    return runtime.TextClassifier(model.get_config(), weights)
