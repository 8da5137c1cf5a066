"""Settings that work on a text nobody has tuned them for; they adapt to its length."""

from __future__ import annotations

from typing import Any

RECIPES = ("quick", "standard", "best")

COMMON: dict[str, Any] = {
    "cell": "lstm",
    "input_dropout": 0.0,
    "output_dropout": None,
    "embedding_dropout": 0.0,
    "zoneout": 0.0,
    "weight_drop": 0.0,
    "layer_norm": False,
    "residual": False,
    "tie_embeddings": False,
    "random_offsets": True,
    "schedule": "cosine",
    "warmup": 0.05,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "activation_penalty": 0.0,
    "change_penalty": 0.0,
    "weight_averaging": 0.0,
}


def make_recipe(name: str, characters: int, cell: str | None = None) -> dict[str, Any]:
    """The settings of the recipe of that name for a text of so many characters, and for `cell` if one is wanted."""
    recipe = {**COMMON, **{"quick": quick, "standard": standard, "best": best}[name](characters)}
    return {**recipe, "weight_drop": 0.0} if cell == "min_gru" else recipe  # it has no recurrent kernel


def quick(characters: int) -> dict[str, Any]:
    return {
        "units": 384,
        "num_layers": 1,
        "embedding_dim": 64,
        "dropout": 0.3,
        "epochs": 10,
        "batch_size": 32,
        "sequence_length": 100,
        "learning_rate": 6e-3,
    }


def standard(characters: int) -> dict[str, Any]:
    return {**quick(characters), "units": 512, "num_layers": 2, "dropout": 0.5, "epochs": 20}


def best(characters: int) -> dict[str, Any]:
    return {**standard(characters), "units": 640, "epochs": 40}
