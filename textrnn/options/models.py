"""Options of the models' layers."""

from __future__ import annotations

from typing import Annotated

from textrnn.options.option import Options, from_recipe, option, options
from textrnn.options.ranges import (
    COUNT,
    FRACTION,
    POSITIVE_INTEGER,
    SWITCH,
    integer_from_to,
    one_of,
)

CELLS = ("rnn", "lstm", "gru", "min_gru")
POOLINGS = ("concat", "attention")


@options
class ModelOptions(Options):
    """Options of the layers of both models."""

    cell: Annotated[str | None, from_recipe(one_of(*CELLS), "Recurrent cell.", flags=("--model",))] = None
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
    token_dropout: Annotated[float | None, from_recipe(FRACTION, "Dropout of tokens, which become unknown.")] = None
    bidirectional: Annotated[bool | None, from_recipe(SWITCH, "Recurrent layers in both directions.")] = None
    pooling: Annotated[str, option(one_of(*POOLINGS), "Pooling over the steps of a text.")] = "concat"
    ensemble_size: Annotated[
        int | None,
        from_recipe(POSITIVE_INTEGER, "Number of encoders trained together, whose probabilities are averaged."),
    ] = None
