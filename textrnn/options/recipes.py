"""Recipes: options that work untuned on any text; they adapt to its length.

`docs/results/language_models.md` describes how they were found and measures each part.
"""

from __future__ import annotations

import math
from typing import Any

WINDOW = 64
MIN_STEPS = 1_000  # of a training: a short text is read in smaller batches

PLAIN_TRAINING: dict[str, Any] = {  # shared by all recipes
    "schedule": "cosine",
    "warmup": 0.05,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "weight_averaging": 0.0,
    "layerwise_lr_decay": 1.0,
    "gradual_unfreezing": 0.0,
}
PLAIN_LANGUAGE_MODEL: dict[str, Any] = {  # also defaults of the `LanguageModel` class
    "cell": "lstm",
    "units": 384,
    "num_layers": 1,
    "input_dropout": 0.0,
    "dropout": 0.0,
    "embedding_dropout": 0.0,
    "weight_drop": 0.0,
    "zoneout": 0.0,
    "layer_norm": False,
    "residual": False,
    "tie_embeddings": False,
    "num_sampled": 0,
    "reverse": False,
}
PLAIN_CLASSIFIER: dict[str, Any] = {  # defaults of the `TextClassifier` class
    "cell": "lstm",
    "units": 64,
    "num_layers": 1,
    "embedding_dim": 64,
    "ngrams": 2,
    "ngram_buckets": 0,
    "wide_ngrams": 0,
    "wide_buckets": 1 << 16,
    "dropout": 0.5,
    "token_dropout": 0.0,
    "weight_drop": 0.0,
    "bidirectional": True,
    "ensemble_size": 1,
}
MAX_WIDE_WEIGHTS = 1 << 23  # of the wide path: 8 MB in eight bits at most
NUM_SAMPLED = 2048  # for vocabularies more than four times as large

LANGUAGE_MODEL: dict[str, Any] = {  # shared by all recipes of a language model
    **PLAIN_TRAINING,
    **{name: value for name, value in PLAIN_LANGUAGE_MODEL.items() if name not in ("num_sampled", "reverse")},
    "cell": "gru",
    "embedding_dim": 64,
    "random_offsets": True,
    "activation_regularization": 0.0,
    "temporal_activation_regularization": 0.0,
    "validation_split": 0.1,
}


def make_recipe(name: str, characters: int, cell: str | None = None) -> dict[str, Any]:
    """The options of a recipe for a text of so many characters, adapted to `cell` if given."""
    recipe = {**LANGUAGE_MODEL, **{"quick": quick, "standard": standard, "best": best}[name](characters)}
    return _without_kernel(recipe) if cell == "min_gru" else recipe


def make_classifier_recipe(tokenizer_kind: str | None, pretrained_cell: str | None) -> dict[str, Any]:
    """The options of a classifier by its kind of tokenizer and, if pretrained, by its cell."""
    recipe = LETTER_CLASSIFIER if tokenizer_kind in ("byte", "character") else CLASSIFIER
    if pretrained_cell is None:
        return recipe
    recipe = {**recipe, **PRETRAINED_CLASSIFIER}
    return _without_kernel(recipe) if pretrained_cell == "min_gru" else recipe


def follow_texts(texts: int) -> dict[str, int]:
    """Epochs and batch size of a classifier for so many training texts; 8 and 16 up to 10,000."""
    times = max(1.0, texts / 10_000)
    return {"epochs": max(2, round(8 / math.sqrt(times))), "batch_size": min(64, 16 << int(math.log(times, 4)))}


def choose_wide_buckets(characters: int, labels: int) -> int:
    """Number of hashed n-grams of the wide path for texts of so many characters, a power of two.

    Texts have a pair of words for each six characters at most; with fewer buckets than these many pairs share one.
    """
    return 1 << max(10, min(characters, MAX_WIDE_WEIGHTS // labels).bit_length() - 1)


def _without_kernel(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe without weight drop, for a cell without a recurrent kernel."""
    return {**recipe, "weight_drop": 0.0}


CLASSIFIER: dict[str, Any] = {
    **PLAIN_TRAINING,
    "tokenizer": "word",
    "cell": "gru",
    "units": 32,
    "num_layers": 1,
    "embedding_dim": 32,
    "ngrams": 2,
    "ngram_buckets": 0,
    "wide_ngrams": 2,
    "dropout": 0.3,
    "token_dropout": 0.1,
    "weight_drop": 0.0,
    "bidirectional": True,
    "ensemble_size": 3,
    "learning_rate": 3e-3,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "validation_split": 0.0,
}
LETTER_CLASSIFIER: dict[str, Any] = {  # for tokens of bytes or characters, which mean little alone
    **CLASSIFIER,
    "ngrams": 6,
    "ngram_buckets": 1 << 16,
    "wide_ngrams": 6,
    "token_dropout": 0.05,  # a dropped letter affects every n-gram that contains it
}
PRETRAINED_CLASSIFIER: dict[str, Any] = {
    "ngram_buckets": 0,
    "dropout": 0.4,
    "token_dropout": 0.1,
    "weight_drop": 0.2,
    "ensemble_size": 1,
    "epochs": 4,
    "batch_size": 32,
    "learning_rate": 2e-3,
    "layerwise_lr_decay": 0.5,
}


def quick(characters: int) -> dict[str, Any]:
    """A minute or two: one layer, 3 million characters read."""
    epochs = _epochs(characters, 3e6, most=20)
    return {
        "units": 512,
        "num_layers": 1,
        "dropout": 0.3,
        "epochs": epochs,
        "batch_size": _batch_size(characters * epochs, most=32),
        "sequence_length": WINDOW,
        "learning_rate": 4e-3,
    }


def standard(characters: int) -> dict[str, Any]:
    """A quarter of an hour: two layers, 12 million characters read, and more dropout the shorter the text."""
    epochs, is_short = _epochs(characters, 12e6, most=40), characters < 500_000
    # 0.46 for 250,000 characters, 0.15 for 900,000, 0 for 1.7 million or more.
    dropout = round(min(0.5, max(0.0, 0.15 - 0.56 * math.log10(characters / 900_000))), 3)
    return {
        "cell": "lstm",
        "units": 512,
        "num_layers": 2,
        "dropout": dropout,
        "weight_drop": min(0.15, dropout),
        "epochs": epochs,
        "batch_size": _batch_size(characters * epochs, most=32 if is_short else 64),
        "sequence_length": WINDOW,
        "learning_rate": 3.5e-3 if is_short else 5e-3,
        "weight_decay": 0.4 * min(1.0, epochs / 10),
        "weight_averaging": 0.995,
    }


def best(characters: int) -> dict[str, Any]:
    """An hour or more: two wider layers, 30 million characters read."""
    epochs = _epochs(characters, 30e6, most=60)
    # 0.15 for one epoch, 0.35 for ten, 0.45 for thirty.
    dropout = round(min(0.6, 0.15 + 0.2 * math.log10(epochs)), 3)
    return {
        **standard(characters),
        "units": 768,
        "dropout": dropout,
        "weight_drop": round(0.4 * dropout, 3),
        "epochs": epochs,
        "learning_rate": 3e-3 if characters < 500_000 else 4e-3,
        "weight_decay": 0.3,
        "weight_averaging": 0.998,
    }


def _batch_size(read: int, *, most: int) -> int:
    """The largest of 8, 16, up to `most` that leaves at least `MIN_STEPS` steps when `read` characters are read."""
    batch_size = 8
    while batch_size < most and read >= 2 * batch_size * WINDOW * MIN_STEPS:
        batch_size *= 2
    return batch_size


def _epochs(characters: int, read: float, *, most: int) -> int:
    return min(most, max(1, round(read / characters)))
