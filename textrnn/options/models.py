"""Options of the models' layers."""

from __future__ import annotations

import re
from typing import Annotated, Any

from textrnn import checks
from textrnn.options.option import Options, from_recipe, option, options
from textrnn.options.ranges import (
    COUNT,
    FRACTION,
    POSITIVE_INTEGER,
    SWITCH,
    Range,
    integer_from_to,
    one_of,
)
from textrnn.registration import registered_name

CELLS = {
    "rnn": "textrnn>RNNCell",
    "lstm": "textrnn>LSTMCell",
    "gru": "textrnn>GRUCell",
    "min_gru": "textrnn>MinGRUCell",
}
"""Cells of this package by the name of the option, and the names under which their classes are registered."""
POOLINGS = ("concat", "attention")


def _cell(name: str, value: Any) -> str:
    """The name of a cell of this package, or the registered name of another, of which the class may be given."""
    registered = registered_name(value) if isinstance(value, type) else value
    if registered is None:
        raise ValueError(
            f"`{name}` must be a class registered with keras.saving.register_keras_serializable; received {value!r}."
        )
    if isinstance(registered, str) and re.fullmatch(r"[^>]+>[^>]+", registered):
        return next((own for own, of_class in CELLS.items() if of_class == registered), registered)
    return str(checks.one_of(name, registered, CELLS))


CELL = Range(_cell, str, "NAME", f"{', '.join(CELLS)}, or a registered class of your own", tuple(CELLS))


@options
class ModelOptions(Options):
    """Options of the layers of both models."""

    cell: Annotated[str | type | None, from_recipe(CELL, "Recurrent cell.", flags=("--model",))] = None
    units: Annotated[
        int | None,
        from_recipe(POSITIVE_INTEGER, "Size of each recurrent layer, in each direction.", flags=("--rnn-size",)),
    ] = None
    num_layers: Annotated[int | None, from_recipe(POSITIVE_INTEGER, "Number of stacked recurrent layers.")] = None
    embedding_dim: Annotated[int | None, from_recipe(POSITIVE_INTEGER, "Size of a token's embedding.")] = None
    dropout: Annotated[float | None, from_recipe(FRACTION, "Dropout of each recurrent layer's outputs.")] = None
    weight_drop: Annotated[
        float | None,
        from_recipe(FRACTION, "Dropout of each recurrent kernel's weights (Merity et al., 2018, arXiv 1708.02182)."),
    ] = None


@options
class LanguageModelOptions(ModelOptions):
    """Options of the layers of a language model.

    `None` leaves an option to the recipe.
    """

    input_dropout: Annotated[float | None, from_recipe(FRACTION, "Dropout of the embeddings' features.")] = None
    output_dropout: Annotated[
        float | None,
        option(FRACTION, "Dropout of the last layer's outputs; by default that of `dropout`."),
    ] = None
    embedding_dropout: Annotated[
        float | None,
        from_recipe(FRACTION, "Dropout of whole tokens of the vocabulary in the embedding."),
    ] = None
    zoneout: Annotated[
        float | None,
        from_recipe(
            FRACTION, "Probability that a unit keeps its state for a step of training (Krueger et al., 2017)."
        ),
    ] = None
    layer_norm: Annotated[
        bool | None, from_recipe(SWITCH, "Layer normalization of each recurrent layer's outputs.")
    ] = None
    residual: Annotated[
        bool | None, from_recipe(SWITCH, "Residual connections around all recurrent layers but the first.")
    ] = None
    tie_embeddings: Annotated[
        bool | None, from_recipe(SWITCH, "Sharing of the embedding's weights with the output layer.")
    ] = None
    num_sampled: Annotated[
        int | None,
        from_recipe(
            COUNT, "Number of tokens in the sampled softmax of a training step; 0 computes the full softmax."
        ),
    ] = None
    reverse: Annotated[
        bool | None,
        from_recipe(
            SWITCH, "Reading of documents from the end to the beginning, to pretrain a classifier's encoder."
        ),
    ] = None


@options
class ClassifierOptions(ModelOptions):
    """Options of the layers of a classifier.

    `None` leaves an option to the recipe.
    """

    ngrams: Annotated[
        int | None, from_recipe(integer_from_to(2, 64), "Tokens in the longest n-gram; 2 for pairs.")
    ] = None
    ngram_buckets: Annotated[int | None, from_recipe(COUNT, "Number of hashed n-gram embeddings; 0 for none.")] = None
    ngram_dim: Annotated[
        int | None,
        option(
            POSITIVE_INTEGER,
            "Size of a stored n-gram embedding, which a shared matrix projects; by default that of a token's.",
        ),
    ] = None
    wide_ngrams: Annotated[
        int | None,
        from_recipe(
            integer_from_to(0, 64),
            "Tokens in the longest n-gram of the wide path, a linear classifier beside the encoders; 0 for no path.",
        ),
    ] = None
    wide_buckets: Annotated[
        int | None,
        from_recipe(POSITIVE_INTEGER, "Number of hashed n-grams of the wide path; the recipe follows the texts."),
    ] = None
    token_dropout: Annotated[float | None, from_recipe(FRACTION, "Dropout of tokens, which become unknown.")] = None
    bidirectional: Annotated[bool | None, from_recipe(SWITCH, "Recurrent layers in both directions.")] = None
    pooling: Annotated[str, option(one_of(*POOLINGS), "Pooling over the steps of a text.")] = "concat"
    ensemble_size: Annotated[
        int | None,
        from_recipe(POSITIVE_INTEGER, "Number of encoders trained together, whose probabilities are averaged."),
    ] = None
