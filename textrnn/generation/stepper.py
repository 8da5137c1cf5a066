"""A model as everything that reads and writes sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Step = Callable[[np.ndarray, Any], tuple[np.ndarray, Any]]
"""`(ids int32 [B, T], states) -> (logits float [B, T, V] for the symbol after each, states)`"""


@dataclass(frozen=True)
class Stepper:
    """A model whose weights stay as they are, for as long as one task takes.

    Attributes:
        step: Reads symbols.
        fingerprint: What tells this model from another.
    """

    step: Step
    fingerprint: str = ""
