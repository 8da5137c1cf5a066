"""The stack of recurrent layers both models are built on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from textrnn.layers import Bidirectional, Recurrent
from textrnn.models.cells import CELLS, find_cell
from textrnn.options import check_names

KERAS_ARGUMENTS = ("name", "trainable", "dtype")


def settle_options(options: Any, given: dict[str, Any], plain: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Options of a model, all with a value, and the other arguments, which are those of Keras.

    Args:
        options: An options object.
        given: Keyword arguments of a model.
        plain: Values for options that are None.

    Raises:
        TypeError: If a name is neither an option nor an argument of Keras.
    """
    own = {name: value for name, value in given.items() if name in options.names()}
    others = {name: value for name, value in given.items() if name not in own}
    check_names(type(options).__name__, others, [*options.names(), *KERAS_ARGUMENTS])
    return options.updated("options", own).filled(plain), others


def derive_seeds(seed: int) -> Iterator[int]:
    """An endless stream of seeds for the parts of a model, so that none needs a global generator."""
    generator = np.random.default_rng(seed)
    while True:
        yield int(generator.integers(2**31))


def make_recurrent(
    cell: str,
    units: int,
    seeds: Iterator[int],
    *,
    bidirectional: bool = False,
    reverse: bool = False,
    weight_drop: float = 0.0,
    zoneout: float = 0.0,
    dtype: Any = None,
    name: str | None = None,
) -> Recurrent | Bidirectional:
    """One recurrent layer that returns its sequence and its states, its weights drawn from `seeds`."""
    shared = {"weight_drop": weight_drop, "zoneout": zoneout, "dtype": dtype, "name": None if bidirectional else name}

    def one_way(reverse: bool) -> Recurrent:
        seed = next(seeds) if weight_drop or zoneout else None
        made = find_cell(cell)(
            units,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            dtype=dtype,
            name=cell if cell in CELLS else None,
        )
        return Recurrent(made, return_sequences=True, return_state=True, reverse=reverse, seed=seed, **shared)

    return Bidirectional(one_way(False), one_way(True), dtype=dtype, name=name) if bidirectional else one_way(reverse)
