"""One step's worth of training data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

NO_LABEL = -1


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs, what they should lead to, and how they follow on from the batch before.

    Attributes:
        inputs: Ids int32 `[B, T]`, 0 where there is padding.
        targets: Int32 `[B, T]` for a prediction at each step, `[B]` for one a row, which may be `NO_LABEL`.
        has_padding: Whether some of `inputs` is padding; without any, no mask is needed.
        is_fresh: Whether the rows begin anew; otherwise they go on where the batch before ended.
        labels: The number of each row's label, int32 `[B]`, where a model is conditioned on labels.
    """

    inputs: np.ndarray
    targets: np.ndarray
    has_padding: bool
    is_fresh: bool
    labels: np.ndarray | None = None


class Batches(Protocol):
    """Training data as batches that can be made again from the number of the epoch alone."""

    @property
    def batch_size(self) -> int:
        """The most rows a batch has."""

    def steps(self, epoch: int) -> int:
        """How many batches the epoch has."""

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The epoch's batches from number `first` on; the same call gives the same batches."""
