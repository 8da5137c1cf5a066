"""The weights that a config implies: which there are, and their shapes, by the path of their layer in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from textrnn.runtime.cells import KINDS

Shapes = list[tuple[int, ...]]


def numbered(name: str, number: int) -> str:
    """What Keras calls the layer of this name and number in a file."""
    return f"{name}_{number}" if number else name


def shapes_of(kind: str, config: Mapping[str, Any], vocabulary_size: int) -> Iterator[tuple[str, Shapes]]:
    """One layer after the other, so that whoever compares them with a file stops at the first it has not.

    Args:
        kind: `"LanguageModel"` or `"TextClassifier"`.
        config: Checked.
        vocabulary_size: That of its tokenizer.
    """
    if kind == "LanguageModel":
        yield from _of_language_model(config, vocabulary_size)
    else:
        for number in range(config["ensemble_size"]):
            yield from _of_encoder(f"layers/{numbered('text_encoder', number)}", config, vocabulary_size)


def _of_language_model(config: Mapping[str, Any], vocabulary_size: int) -> Iterator[tuple[str, Shapes]]:
    units, width = config["units"], config["embedding_dim"]
    yield "embedding", [(vocabulary_size, width)]
    if config["labels"]:
        yield "label_embedding", [(len(config["labels"]), width)]
    for number in range(config["num_layers"]):
        inputs = units if number else width
        yield f"layers/{numbered('recurrent', number)}/cell", KINDS[config["cell"]].shapes(inputs, units)
        if config["layer_norm"]:
            yield f"layers/{numbered('layer_normalization', number)}", [(units,), (units,)]
    if not config["tie_embeddings"]:
        yield "head", [(units, vocabulary_size), (vocabulary_size,)]
        return
    yield "", [(vocabulary_size,)]
    if width != units:
        yield "bottleneck", [(units, width), (width,)]


def _of_encoder(path: str, config: Mapping[str, Any], vocabulary_size: int) -> Iterator[tuple[str, Shapes]]:
    units, width = config["units"], config["embedding_dim"]
    yield f"{path}/embedding", [(vocabulary_size, width)]
    if config["ngram_buckets"]:
        kept = config["ngram_dim"]
        buckets = config["ngram_buckets"]
        yield f"{path}/ngram_embedding", [(buckets, width)] if kept is None else [(buckets, kept), (kept, width)]
    ways = ("/forward", "/backward") if config["bidirectional"] else ("",)
    name = f"{path}/recurrent_layers/{'bidirectional' if config['bidirectional'] else 'recurrent'}"
    outputs = units * len(ways)
    for number in range(config["num_layers"]):
        for way in ways:
            inputs = outputs if number else width
            yield f"{numbered(name, number)}{way}/cell", KINDS[config["cell"]].shapes(inputs, units)
    if config["pooling"] == "attention":
        yield f"{path}/pooling", [(outputs, outputs), (outputs,), (outputs,)]
    vectors = 2 if config["pooling"] == "attention" else 3
    yield f"{path}/head", [(vectors * outputs, len(config["labels"])), (len(config["labels"]),)]
