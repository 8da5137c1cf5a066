"""A recurrent layer: a cell run over a sequence, as in `textrnn.layers.Recurrent`."""

from __future__ import annotations

from typing import Any

import numpy as np

from textrnn.runtime.cells import Kind, States, find_kind


class Recurrent:
    """One recurrent layer at inference.

    Args:
        cell: `"rnn"`, `"lstm"`, `"gru"`, `"min_gru"`, or another kind.
        units: H.
        variables: Weights of the cell, in the order of the file.
        zoneout: Fraction of itself that every state keeps at a step.
        reverse: Whether to read from the last step to the first; outputs stay at the position of their input.
    """

    def __init__(
        self,
        cell: str | Kind,
        units: int,
        variables: list[np.ndarray],
        *,
        zoneout: float = 0.0,
        reverse: bool = False,
    ) -> None:
        kind = find_kind(cell)
        self.cell_step = kind.step
        self.number_of_states = kind.number_of_states
        self.units = units
        self.kernel, self.bias, self.weights = kind.read(variables)
        self.zoneout = zoneout
        self.reverse = reverse

    def initial_states(self, batch_size: int) -> States:
        return tuple(np.zeros([batch_size, self.units], np.float32) for _ in range(self.number_of_states))

    def project(self, inputs: np.ndarray) -> np.ndarray:
        """W_x x + b of any number of inputs `[..., D]`."""
        return inputs @ self.kernel + self.bias

    def step(self, projected: np.ndarray, states: States, xp: Any = np) -> States:
        """The states after one step of the projected input `[B, blocks * H]`; the first of them is the output."""
        after = self.cell_step(projected, states, self.weights, xp)
        if not self.zoneout:
            return after
        return tuple(self.zoneout * old + (1 - self.zoneout) * new for new, old in zip(after, states, strict=True))

    def run(self, projected: np.ndarray, states: States, mask: np.ndarray | None = None) -> tuple[np.ndarray, States]:
        """Outputs `[B, T, H]`, zero at masked steps, and the last states.

        Args:
            projected: The projected inputs, float32 `[B, T, blocks * H]`.
            states: The states before them, each `[B, H]`.
            mask: Bool `[B, T]`, True at real steps; None when all are.
        """
        steps = projected.shape[1]
        outputs = np.empty([projected.shape[0], steps, self.units], np.float32)
        for t in reversed(range(steps)) if self.reverse else range(steps):
            after = self.step(projected[:, t], states)
            if mask is None:
                outputs[:, t] = after[0]
            else:
                is_real = mask[:, t, None]
                outputs[:, t] = np.where(is_real, after[0], 0)
                after = tuple(np.where(is_real, new, old) for new, old in zip(after, states, strict=True))
            states = after
        return outputs, states
