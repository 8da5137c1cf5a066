"""The stack of recurrent layers both models are built on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from textrnn.layers import Bidirectional, GRUCell, LSTMCell, MinGRUCell, Recurrent, RNNCell
from textrnn.layers.cell import Cell

CELLS: dict[str, type[Cell]] = {
    "rnn": RNNCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
    "min_gru": MinGRUCell,
}


def derive_seeds(seed: int) -> Iterator[int]:
    """An endless stream of seeds for the parts of a model, so that none needs a global generator."""
    generator = np.random.default_rng(seed)
    while True:
        yield int(generator.integers(2**31))


def make_recurrent(
    cell: str, units: int, seeds: Iterator[int], *, bidirectional: bool = False, dtype: Any = None
) -> Recurrent | Bidirectional:
    """One recurrent layer that returns its sequence and its states, its weights drawn from `seeds`."""

    def one_way(reverse: bool) -> Recurrent:
        made = CELLS[cell](
            units,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            dtype=dtype,
        )
        return Recurrent(made, return_sequences=True, return_state=True, reverse=reverse, dtype=dtype)

    return Bidirectional(one_way(False), one_way(True), dtype=dtype) if bidirectional else one_way(False)
