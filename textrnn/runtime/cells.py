"""One step of every cell; the equations are those of `textrnn/layers`.

What computes is `xp`: NumPy, or inside a graph `tensorflow.experimental.numpy`, which has the same names. A step
takes the projection W_x x_t + b of its input `[B, blocks * H]`, the states before it, each `[B, H]`, and the
recurrent weights, and returns the states after it. Rows are examples, so a product reads h @ W.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

States = tuple[np.ndarray, ...]
Weights = tuple[np.ndarray, ...]


class Kind(NamedTuple):
    """What tells one kind of cell from another.

    Attributes:
        step: Projection, states, recurrent weights and `xp` to states.
        number_of_states: How many states it carries.
        recurrent: From the variables of a file, in the order in which the cell made them, to the input's bias
            `[blocks * H]` and the recurrent weights; the first variable is always the kernel W_x.
    """

    step: Callable[[np.ndarray, States, Weights, Any], States]
    number_of_states: int
    recurrent: Callable[[list[np.ndarray]], tuple[np.ndarray, Weights]]


def sigmoid(z: np.ndarray, xp: Any) -> np.ndarray:
    return 0.5 + 0.5 * xp.tanh(0.5 * z)  # never overflows


def rnn_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h,), (w_h,) = states, weights
    return (xp.tanh(projected + h @ w_h),)


def lstm_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h, c), (w_h,) = states, weights
    units = h.shape[1]
    z = projected + h @ w_h
    i_f, o = sigmoid(z[:, : 2 * units], xp), sigmoid(z[:, 3 * units :], xp)
    g = xp.tanh(z[:, 2 * units : 3 * units])
    c = i_f[:, units:] * c + i_f[:, :units] * g
    return o * xp.tanh(c), c


def mlstm_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h, c), (w_m, w_mh) = states, weights
    gates = 4 * h.shape[1]
    m = projected[:, gates:] * (h @ w_mh)
    return lstm_step(projected[:, :gates], (m, c), (w_m,), xp)


def gru_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h,), (w_h, b_h) = states, weights
    gates = 2 * h.shape[1]
    recurrent = h @ w_h + b_h
    z_r = sigmoid(projected[:, :gates] + recurrent[:, :gates], xp)
    z, r = z_r[:, : gates // 2], z_r[:, gates // 2 :]
    g = xp.tanh(projected[:, gates:] + r * recurrent[:, gates:])
    return (g + z * (h - g),)


def min_gru_step(projected: np.ndarray, states: States, weights: Weights, xp: Any) -> States:
    (h,) = states
    units = h.shape[1]
    z, g = sigmoid(projected[:, :units], xp), projected[:, units:]
    return (h + z * (g - h),)


KINDS: dict[str, Kind] = {
    "rnn": Kind(rnn_step, 1, lambda variables: (variables[2], (variables[1],))),
    "lstm": Kind(lstm_step, 2, lambda variables: (variables[2], (variables[1],))),
    "mlstm": Kind(mlstm_step, 2, lambda variables: (variables[2], (variables[1], variables[3]))),
    "gru": Kind(gru_step, 1, lambda variables: (variables[2][0], (variables[1], variables[2][1]))),
    "min_gru": Kind(min_gru_step, 1, lambda variables: (variables[1], ())),
}
