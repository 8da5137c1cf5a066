"""One step of every cell; the equations are those of `textrnn/layers`.

The array library is `xp`: NumPy, or inside a graph `tensorflow.experimental.numpy`, which has the same names. A step
takes the projection W_x x_t + b of its input `[B, blocks * H]`, the states before it, each `[B, H]`, and the
recurrent weights, and returns the states after it. Rows are examples, so a product reads h @ W.

Since sigmoid(z) = (1 + tanh(z / 2)) / 2, one tanh serves the gates and the candidates between them. The columns that
belong to a gate are halved once, when the weights are read (`halved`), and the 1/2 in front is left for the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from textrnn import checks

States = tuple[np.ndarray, ...]
Weights = tuple[np.ndarray, ...]
Variables = list[np.ndarray]


class Kind(NamedTuple):
    """Properties of a kind of cell.

    Attributes:
        step: Projection, states, recurrent weights and `xp` to states.
        number_of_states: Number of states it carries.
        read: From the variables of a file, in the order in which the cell made them, to the kernel W_x
            `[D, blocks * H]`, its bias `[blocks * H]` and the recurrent weights, gates halved.
        shapes: From D and H to the shapes of those variables.
    """

    step: Callable[[np.ndarray, States, Weights, Any], States]
    number_of_states: int
    read: Callable[[Variables], tuple[np.ndarray, np.ndarray, Weights]]
    shapes: Callable[[int, int], list[tuple[int, ...]]]


def halved(weights: np.ndarray, gates: str) -> np.ndarray:
    """Weights `[..., blocks * H]` with the columns of every gate halved, which rounds nothing.

    Args:
        gates: A letter for each block: s for a sigmoid, - for anything else.
    """
    columns = np.repeat([np.float32(0.5 if gate == "s" else 1) for gate in gates], weights.shape[-1] // len(gates))
    return weights * columns


def rnn_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h,), (w_h,) = states, weights
    return (xp.tanh(projected + h @ w_h),)


def lstm_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h, c), (w_h,) = states, weights
    units = h.shape[1]
    z = xp.tanh(projected + h @ w_h)
    gates, g = 1 + z, z[:, 2 * units : 3 * units]
    c = 0.5 * (gates[:, units : 2 * units] * c + gates[:, :units] * g)
    return 0.5 * gates[:, 3 * units :] * xp.tanh(c), c


def gru_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h,), (w_h, b_h) = states, weights
    gates = 2 * h.shape[1]
    recurrent = h @ w_h + b_h
    z_r = 0.5 * (1 + xp.tanh(projected[:, :gates] + recurrent[:, :gates]))
    z, r = z_r[:, : gates // 2], z_r[:, gates // 2 :]
    g = xp.tanh(projected[:, gates:] + r * recurrent[:, gates:])
    return (g + z * (h - g),)


def min_gru_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h,) = states
    units = h.shape[1]
    z, g = 0.5 * (1 + xp.tanh(projected[:, :units])), projected[:, units:]
    return (h + z * (g - h),)


def read_rnn(variables: Variables) -> tuple[np.ndarray, np.ndarray, Weights]:
    kernel, w_h, bias = variables
    return kernel, bias, (w_h,)


def read_lstm(variables: Variables) -> tuple[np.ndarray, np.ndarray, Weights]:
    kernel, w_h, bias = (halved(weights, "ss-s") for weights in variables)
    return kernel, bias, (w_h,)


def read_gru(variables: Variables) -> tuple[np.ndarray, np.ndarray, Weights]:
    kernel, w_h, (b_x, b_h) = (halved(weights, "ss-") for weights in variables)
    return kernel, b_x, (w_h, b_h)


def read_min_gru(variables: Variables) -> tuple[np.ndarray, np.ndarray, Weights]:
    kernel, bias = (halved(weights, "s-") for weights in variables)
    return kernel, bias, ()


KINDS: dict[str, Kind] = {
    "rnn": Kind(rnn_step, 1, read_rnn, lambda d, h: [(d, h), (h, h), (h,)]),
    "lstm": Kind(lstm_step, 2, read_lstm, lambda d, h: [(d, 4 * h), (h, 4 * h), (4 * h,)]),
    "gru": Kind(gru_step, 1, read_gru, lambda d, h: [(d, 3 * h), (h, 3 * h), (2, 3 * h)]),
    "min_gru": Kind(min_gru_step, 1, read_min_gru, lambda d, h: [(d, 2 * h), (2 * h,)]),
}


def find_kind(cell: str | Kind) -> Kind:
    """The kind of a cell, by its name.

    Raises:
        ValueError: If it is not a cell of this package.
    """
    if isinstance(cell, Kind):
        return cell
    if cell not in KINDS:
        raise ValueError(
            f"`cell` must be one of {checks.listed(KINDS)} where NumPy runs the model; received {cell!r}: import the "
            "module that defines this cell, and load the model with textrnn.load, which runs it with TensorFlow."
        )
    return KINDS[cell]


def shapes_of_cell(cell: str, inputs: int, units: int) -> list[tuple[int, ...]] | None:
    """The shapes of a cell's variables; None of a cell that is not one of this package."""
    return KINDS[cell].shapes(inputs, units) if cell in KINDS else None
