"""The language model with NumPy alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from textrnn.generation import Snapshot, TextModel
from textrnn.generation.state import fingerprint
from textrnn.runtime.layout import Weights, cell_names, parts_of
from textrnn.runtime.recurrent import Recurrent
from textrnn.text import tokenizer_from_dict

TABLE_AT_MOST = 1 << 22  # numbers; a larger vocabulary projects each token when it is read
EPSILON = 1e-3  # of keras.layers.LayerNormalization
OF_THE_FINGERPRINT = ("tokenizer", "cell", "zoneout", "layer_norm", "residual", "labels")

States = tuple[np.ndarray, ...]


class LanguageModel(TextModel):
    """`textrnn.LanguageModel` without TensorFlow: the same methods on text, the same text for the same seed.

    Args:
        config: That of the Keras model.
        weights: Arrays float32 of each part of the model, by its name (`runtime/layout.py`).
    """

    def __init__(self, config: Mapping[str, Any], weights: Weights) -> None:
        self.fingerprint = fingerprint_of(config, weights)
        self.tokenizer = tokenizer_from_dict(config["tokenizer"])
        self.end_of_text = config["end_of_text"]
        self.reverse = config["reverse"]
        self.labels = tuple(config["labels"])
        self.residual = config["residual"]
        self.embeddings = weights["embedding"][0]
        self.label_embeddings = weights["label_embedding"][0] if self.labels else None
        numbers = range(config["num_layers"])
        self.layers = [
            Recurrent(config["cell"], config["units"], weights[name], zoneout=config["zoneout"])
            for number in numbers
            for name in cell_names(number, bidirectional=False)
        ]
        self.norms = [weights[f"norms.{number}"] for number in numbers if config["layer_norm"]]
        if config["tie_embeddings"]:
            self.output_kernel, (self.output_bias,) = self.embeddings.T, weights["output_bias"]
        else:
            self.output_kernel, self.output_bias = weights["head"]
        self.bottleneck = weights.get("bottleneck")
        first = self.layers[0]
        is_small = len(self.embeddings) * first.kernel.shape[1] <= TABLE_AT_MOST
        self.table = first.project(self.embeddings) if is_small else None

    def initial_states(self, batch_size: int, labels: Any = 0) -> States:
        """Empty states of all layers, each float32 `[B, H]`, and the labels, int32 `[B, 1]`, where there are any."""
        states = tuple(state for layer in self.layers for state in layer.initial_states(batch_size))
        if not self.labels:
            return states
        return (*states, np.broadcast_to(np.reshape(np.asarray(labels, np.int32), [-1, 1]), [batch_size, 1]))

    def step(self, ids: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """From ids int `[B, T]` to logits float32 `[B, T, V]` and the states after them."""
        if ids.shape[1] == 1:
            logits, after = self.advance(ids[:, 0], states)
            return logits[:, None], after
        return self._through_layers(ids, states, lambda layer, projected, before: layer.run(projected, before))

    def advance(self, ids: Any, states: States, xp: Any = np) -> tuple[Any, States]:
        """One token a row: from ids int `[B]` to logits float32 `[B, V]` and the states after them.

        `xp` computes: NumPy, or inside a graph `tensorflow.experimental.numpy`.
        """

        def one_step(layer: Recurrent, projected: Any, before: States) -> tuple[Any, States]:
            after = layer.step(projected, before, xp)
            return after[0], after

        return self._through_layers(ids, states, one_step, xp)

    def _through_layers(
        self, ids: Any, states: States, run: Callable[[Recurrent, Any, States], tuple[Any, States]], xp: Any = np
    ) -> tuple[Any, States]:
        """Logits and states; `run` takes a layer from its projected inputs and states to its outputs and states."""
        projected = self._project_tokens(ids, states, xp)
        after: States = ()
        hidden: Any = None
        for number, layer in enumerate(self.layers):
            if number:
                projected = layer.project(self._normed(number - 1, hidden, xp))
            read = len(after)
            outputs, states_of = run(layer, projected, states[read : read + layer.number_of_states])
            after += states_of
            hidden = outputs + hidden if self.residual and number else outputs
        leaving = self._normed(-1, hidden, xp)
        if self.bottleneck is not None:
            leaving = leaving @ self.bottleneck[0] + self.bottleneck[1]
        return leaving @ self.output_kernel + self.output_bias, after + states[len(after) :]

    def snapshot(self) -> Snapshot:
        return Snapshot(self.step, self.fingerprint)

    def _project_tokens(self, ids: Any, states: States, xp: Any) -> Any:
        first = self.layers[0]
        if self.table is None:
            projected = first.project(_rows(self.embeddings, ids, xp))
        else:
            projected = _rows(self.table, ids, xp)
        if self.label_embeddings is None:
            return projected
        of_label = _rows(self.label_embeddings, states[-1][:, 0], xp) @ first.kernel
        return projected + (of_label if len(ids.shape) == 1 else of_label[:, None])

    def _normed(self, number: int, hidden: Any, xp: Any) -> Any:
        if not self.norms:
            return hidden
        gamma, beta = self.norms[number]
        centered = hidden - xp.mean(hidden, axis=-1, keepdims=True)
        variance = xp.mean(centered * centered, axis=-1, keepdims=True)
        return centered / xp.sqrt(variance + EPSILON) * gamma + beta


def _rows(table: np.ndarray, ids: Any, xp: Any) -> Any:
    """The row of each of ids `[...]`; NumPy's `take` is slower than an index."""
    return table[ids] if xp is np else xp.take(table, ids, axis=0)


def fingerprint_of(config: Mapping[str, Any], weights: Weights) -> str:
    """The fingerprint of a language model with this config and these weights."""
    parts = parts_of("LanguageModel", config, len(weights["embedding"][0]))
    # Names are hashed too: other ones would part every model from its states and compressed texts.
    architecture = {**{name: config[name] for name in OF_THE_FINGERPRINT}, "documents": config["end_of_text"]}
    return fingerprint(architecture, {part.path: weights[part.name] for part in parts})
