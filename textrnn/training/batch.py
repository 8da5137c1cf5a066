"""One step's worth of training data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

NO_LABEL = -1


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs, targets, and whether they continue the previous batch.

    Attributes:
        inputs: Ids, int32 `[B, T]`; 0 is padding.
        targets: Int32 `[B, T]` for a prediction at each step, `[B]` for one per row, which may be `NO_LABEL`.
        has_padding: Whether `inputs` contains padding; without padding no mask is needed.
        is_fresh: Whether the rows start new sequences; otherwise they continue those of the previous batch.
        labels: Number of each row's label, int32 `[B]`, for a model conditioned on labels.
    """

    inputs: np.ndarray
    targets: np.ndarray
    has_padding: bool
    is_fresh: bool
    labels: np.ndarray | None = None


class Batches(Protocol):
    """Training data as batches that depend on the number of the epoch alone."""

    @property
    def batch_size(self) -> int:
        """Most rows in a batch."""

    def steps(self, epoch: int) -> int:
        """Number of batches in the epoch."""

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The epoch's batches from number `first` on; equal calls give equal batches."""
