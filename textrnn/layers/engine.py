"""The engine that runs a recurrent layer, as one name."""

from __future__ import annotations

import functools
import logging
from typing import Any, Literal

import tensorflow as tf

from textrnn.layers import cudnn
from textrnn.layers.cell import Cell
from textrnn.layers.min_gru_cell import MinGRUCell

logger = logging.getLogger("textrnn")

Engine = Literal["loop", "scan", "cudnn", "cudnn_or_loop", "keras"]
"""`loop`: step after step, on any device; `scan`: log2(T) passes; `cudnn`: one kernel; `cudnn_or_loop`: that kernel
for a batch padded on the right, else the loop, which the mask's values decide; `keras`: `keras.layers.RNN`."""


def choose_engine(cell: Any, mask: tf.Tensor | None, *, on_gpu: bool, zoneout: float = 0.0) -> Engine:
    """The fastest engine that serves; the log says once why a GPU runs a loop.

    Args:
        cell: Any cell that `keras.layers.RNN` accepts.
        mask: Bool `[B, T]`, or None when all steps are real.
        on_gpu: Whether there is a GPU.
        zoneout: Share of its state that a unit keeps at a step.
    """
    if not isinstance(cell, Cell):
        return "keras"
    if not on_gpu:
        return "loop"
    if type(cell) is MinGRUCell and not zoneout:
        return "scan"
    reason = "cuDNN has no zoneout" if zoneout else cudnn.why_not(cell)
    if reason is not None:
        say_once(f"Recurrent runs {type(cell).__name__} in a loop on this GPU: {reason}.")
        return "loop"
    if mask is None:
        return "cudnn"
    say_once("Recurrent runs a batch whose mask is not right-padded in a loop on this GPU.")
    return "cudnn_or_loop"


@functools.cache
def say_once(message: str) -> None:
    """Log a warning, once in a process."""
    logger.warning(message)
