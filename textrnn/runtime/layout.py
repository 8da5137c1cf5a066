"""Layout of a model: the name of each weight, its shape, and its place in a `.keras` file.

Nothing else spells such a name or place. The layout serves to read and check files, to build the models of this
folder, and to find the weights of a Keras model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from textrnn.runtime.cells import shapes_of_cell

Config = Mapping[str, Any]
Shapes = list[tuple[int, ...]] | None
"""None if only the class of a cell knows them."""
Weights = Mapping[str, list[np.ndarray]]
"""The arrays of each part, by its name."""


class Part(NamedTuple):
    """A layer that has weights.

    Attributes:
        name: Attributes and list indices that lead from the model to the layer, as in `recurrent_layers.0.cell`.
        path: Group of a file in which Keras stores the layer; empty for weights of the model itself.
        shapes: Shapes of the weights, in the order in which the layer creates them.
    """

    name: str
    path: str
    shapes: Shapes


def parts_of(kind: str, config: Config, vocabulary_size: int) -> Iterator[Part]:
    """The parts of a model, one after the other: a reader stops at the first that its file lacks.

    Args:
        kind: `"LanguageModel"` or `"TextClassifier"`.
        config: Config of the model, checked.
        vocabulary_size: Size of the tokenizer's vocabulary.
    """
    if kind == "LanguageModel":
        yield from _parts_of_language_model(config, vocabulary_size)
        return
    for number in range(config["ensemble_size"]):
        path = f"layers/{_numbered('text_encoder', number)}"
        for part in _parts_of_encoder(config, vocabulary_size):
            yield Part(f"text_encoders.{number}.{part.name}", f"{path}/{part.path}", part.shapes)
    if config["wide_ngrams"]:
        labels = len(config["labels"])
        tables = [vocabulary_size] if config["wide_ngrams"] == 1 else [vocabulary_size, config["wide_buckets"]]
        yield Part("wide_path", "layers/wide_path", [*((size, labels) for size in tables), (labels,), (1,)])


def cell_names(number: int, *, bidirectional: bool) -> list[str]:
    """The names of the cells of recurrent layer `number`: one, or the forward and the backward one."""
    directions = ("forward.", "backward.") if bidirectional else ("",)
    return [f"recurrent_layers.{number}.{direction}cell" for direction in directions]


def weights_within(weights: Weights, name: str) -> dict[str, list[np.ndarray]]:
    """The weights whose names begin with `name`, by the rest of their names."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): arrays for key, arrays in weights.items() if key.startswith(prefix)}


def _parts_of_language_model(config: Config, vocabulary_size: int) -> Iterator[Part]:
    units, width = config["units"], config["embedding_dim"]
    yield Part("embedding", "embedding", [(vocabulary_size, width)])
    if config["labels"]:
        yield Part("label_embedding", "label_embedding", [(len(config["labels"]), width)])
    for number in range(config["num_layers"]):
        (name,) = cell_names(number, bidirectional=False)
        shapes = shapes_of_cell(config["cell"], units if number else width, units)
        yield Part(name, f"layers/{_numbered('recurrent', number)}/cell", shapes)
        if config["layer_norm"]:
            yield Part(f"norms.{number}", f"layers/{_numbered('layer_normalization', number)}", [(units,), (units,)])
    if not config["tie_embeddings"]:
        yield Part("head", "head", [(units, vocabulary_size), (vocabulary_size,)])
        return
    yield Part("output_bias", "", [(vocabulary_size,)])
    if width != units:
        yield Part("bottleneck", "bottleneck", [(units, width), (width,)])


def _parts_of_encoder(config: Config, vocabulary_size: int) -> Iterator[Part]:
    units, width = config["units"], config["embedding_dim"]
    yield Part("embedding", "embedding", [(vocabulary_size, width)])
    if config["ngram_buckets"]:
        buckets, dim = config["ngram_buckets"], config["ngram_dim"]
        shapes: Shapes = [(buckets, width)] if dim is None else [(buckets, dim), (dim, width)]
        yield Part("ngram_embedding", "ngram_embedding", shapes)
    bidirectional = config["bidirectional"]
    layer = "bidirectional" if bidirectional else "recurrent"
    outputs = 2 * units if bidirectional else units
    for number in range(config["num_layers"]):
        shapes = shapes_of_cell(config["cell"], outputs if number else width, units)
        attribute = f"recurrent_layers.{number}."
        for name in cell_names(number, bidirectional=bidirectional):
            inner = name.removeprefix(attribute).replace(".", "/")
            yield Part(name, f"recurrent_layers/{_numbered(layer, number)}/{inner}", shapes)
    if config["pooling"] == "attention":
        yield Part("pooling", "pooling", [(outputs, outputs), (outputs,), (outputs,)])
    vectors = 2 if config["pooling"] == "attention" else 3
    yield Part("head", "head", [(vectors * outputs, len(config["labels"])), (len(config["labels"]),)])


def _numbered(name: str, number: int) -> str:
    """The name that Keras gives in a file to layer `number` of a list, after its class."""
    return f"{name}_{number}" if number else name
