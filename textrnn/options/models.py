"""What the two models are made of."""

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
    """Options of both models."""

    cell: Annotated[str | None, from_recipe(one_of(*CELLS), "Recurrent cell.", flags=("--model",))] = None
    units: Annotated[
        int | None,
        from_recipe(POSITIVE_INTEGER, "Size of each recurrent layer, in each direction.", flags=("--rnn-size",)),
    ] = None
    num_layers: Annotated[
        int | None, from_recipe(POSITIVE_INTEGER, "Number of recurrent layers, one on top of the other.")
    ] = None
    embedding_dim: Annotated[int | None, from_recipe(POSITIVE_INTEGER, "Size of a token's embedding.")] = None
    dropout: Annotated[
        float | None, from_recipe(FRACTION, "Fraction of the outputs of each recurrent layer dropped in training.")
    ] = None
    weight_drop: Annotated[
        float | None,
        from_recipe(
            FRACTION, "Fraction of each recurrent kernel dropped in training (Merity et al., 2018, arXiv 1708.02182)."
        ),
    ] = None


@options
class LanguageModelOptions(ModelOptions):
    """What a language model is made of.

    `None` leaves an option to the recipe.
    """

    input_dropout: Annotated[
        float | None, from_recipe(FRACTION, "Fraction of the embeddings' features dropped in training.")
    ] = None
    output_dropout: Annotated[
        float | None,
        option(FRACTION, "Fraction of the last layer's outputs dropped in training; by default that of `dropout`."),
    ] = None
    embedding_dropout: Annotated[
        float | None,
        from_recipe(FRACTION, "Fraction of the tokens whose embedding is dropped in training, wherever they stand."),
    ] = None
    zoneout: Annotated[
        float | None,
        from_recipe(
            FRACTION, "Probability that a unit keeps its state at a step in training (Krueger et al., 2017)."
        ),
    ] = None
    layer_norm: Annotated[bool | None, from_recipe(SWITCH, "Layer normalization of the outputs of each layer.")] = (
        None
    )
    residual: Annotated[bool | None, from_recipe(SWITCH, "Residual connections around each layer but the first.")] = (
        None
    )
    tie_embeddings: Annotated[
        bool | None, from_recipe(SWITCH, "Output layer that shares the embedding's weights.")
    ] = None
    num_sampled: Annotated[
        int | None,
        from_recipe(
            COUNT, "Number of tokens in the sampled softmax of a training step; 0 computes the full softmax."
        ),
    ] = None
    reverse: Annotated[
        bool | None,
        from_recipe(SWITCH, "Reading of documents from their end, for a classifier that reads both ways."),
    ] = None


@options
class ClassifierOptions(ModelOptions):
    """What a classifier is made of.

    `None` leaves an option to the recipe.
    """

    ngrams: Annotated[
        int | None, from_recipe(integer_from_to(2, 64), "Number of tokens in the longest n-gram; 2 for pairs.")
    ] = None
    ngram_buckets: Annotated[int | None, from_recipe(COUNT, "Number of hashed n-gram embeddings; 0 for none.")] = None
    ngram_dim: Annotated[
        int | None,
        option(
            POSITIVE_INTEGER, "Size of what is stored of an n-gram, from which a shared matrix makes its embedding."
        ),
    ] = None
    token_dropout: Annotated[float | None, from_recipe(FRACTION, "Fraction of tokens made unknown in training.")] = (
        None
    )
    bidirectional: Annotated[bool | None, from_recipe(SWITCH, "Reading in both directions.")] = None
    pooling: Annotated[str, option(one_of(*POOLINGS), "Pooling of the outputs of all steps.")] = "concat"
    ensemble_size: Annotated[
        int | None,
        from_recipe(POSITIVE_INTEGER, "Number of encoders trained side by side, their probabilities averaged."),
    ] = None
