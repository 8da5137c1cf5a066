"""A model's memory of what it has read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class State:
    """Everything a recurrent model keeps of a text, whatever the text's length.

    Attributes:
        tensors: The states of all layers, each float `[1, H]`, and the label, int32 `[1, 1]`, where there is one.
        logits: The model's logits for the next symbol, float32 `[V]`.
        last_id: The last symbol read, which a tokenizer may need to space the next one; None before the first.
    """

    tensors: tuple[np.ndarray, ...]
    logits: np.ndarray
    last_id: int | None = None

    @property
    def size_in_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors) + self.logits.nbytes
