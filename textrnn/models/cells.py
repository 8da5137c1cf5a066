"""Cells of models: those of this package by name, those of others by the name they are registered under."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn.layers import Cell, GRUCell, LSTMCell, MinGRUCell, RNNCell
from textrnn.runtime.cells import KINDS, Kind, States, Weights

CELLS: dict[str, type[Cell]] = {
    "rnn": RNNCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
    "min_gru": MinGRUCell,
}


def find_cell(name: str) -> type[Cell]:
    """The class of a cell.

    Args:
        name: A name of this package, or one under which a class is registered with Keras, "Package>Name".

    Raises:
        ValueError: If no class is registered under this name.
        TypeError: If the class is no `Cell`.
    """
    if name in CELLS:
        return CELLS[name]
    found = keras.saving.get_registered_object(name)
    if found is None:
        raise ValueError(
            f"`cell` must be registered with Keras; {name!r} is not: import the module that defines this class, "
            "decorated with keras.saving.register_keras_serializable, before the model is made or loaded."
        )
    if not isinstance(found, type) or not issubclass(found, Cell):
        raise TypeError(f"`cell` must be a subclass of textrnn.layers.Cell; {name!r} is {found!r:.100}.")
    return found


def runs_in_numpy(cell: str) -> bool:
    """Whether NumPy can run a cell: it can run those of this package."""
    return cell in KINDS


def kind_in_tensorflow(name: str, units: int) -> Kind:
    """A cell for the models of `textrnn.runtime` whose steps TensorFlow computes, whatever computes the rest."""
    make = find_cell(name)
    cell = make(units)

    @tf.function(reduce_retracing=True, autograph=False)
    def traced(projected: tf.Tensor, states: Any, weights: Any) -> tuple[tf.Tensor, ...]:
        after, _ = cell.step(tf.transpose(projected), tuple(map(tf.transpose, states)), weights)
        return tuple(map(tf.transpose, after))

    def step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
        return tuple(state.numpy() for state in traced(projected, states, weights))

    def read(variables: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, Any]:
        built = make(units)
        built.build((None, variables[0].shape[0]))
        built.set_weights(variables)
        weights = tuple(map(tf.transpose, built.recurrent_weights()))
        return built.kernel.numpy(), built.input_bias().numpy(), weights

    return Kind(step, cell.number_of_states, read, lambda d, h: [])
