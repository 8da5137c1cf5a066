"""L-BFGS (Liu and Nocedal, 1989): minimization of a smooth convex function of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

MEMORY = 8  # of past steps
SUFFICIENT = 1e-4  # of the decrease that the gradient promises
SMALLEST_STEP = 1e-8
TOLERANCE = 1e-6  # of the value, between two steps


Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""From a point to its value and gradient."""


def minimize(loss: Loss, start: np.ndarray, iterations: Iterable[int]) -> np.ndarray:
    """The point with the least loss found.

    Args:
        loss: Function to minimize.
        start: Starting point, float64 of any shape.
        iterations: An item for each step, at most: a range, or one that shows the progress.
    """
    point, (value, gradient) = start, loss(start)
    moves: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in iterations:
        direction = _direction(gradient, moves)
        slope = float(np.vdot(gradient, direction))
        step = 1.0 if moves else min(1.0, 1.0 / max(float(np.abs(gradient).sum()), 1e-12))
        while True:
            following = point + step * direction
            new_value, new_gradient = loss(following)
            if new_value <= value + SUFFICIENT * step * slope or step < SMALLEST_STEP:
                break
            step /= 2
        if not new_value < value:
            return point
        move, change = following - point, new_gradient - gradient
        if np.vdot(move, change) > 0:
            moves = [*moves[1 - MEMORY :], (move, change)]
        is_done = value - new_value <= TOLERANCE * abs(value)
        point, value, gradient = following, new_value, new_gradient
        if is_done:
            break
    return point


def _direction(gradient: np.ndarray, moves: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Minus the inverse Hessian, estimated from past moves, times the gradient: the two-loop recursion."""
    direction, factors = -gradient, []
    for move, change in reversed(moves):
        factors.append(float(np.vdot(move, direction) / np.vdot(move, change)))
        direction = direction - factors[-1] * change
    if moves:
        move, change = moves[-1]
        direction = direction * float(np.vdot(move, change) / np.vdot(change, change))
    for (move, change), factor in zip(moves, reversed(factors), strict=True):
        direction = direction + (factor - float(np.vdot(change, direction) / np.vdot(move, change))) * move
    return direction
