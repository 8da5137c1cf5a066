"""State of a model after the text it has read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textrnn.files import refuse_damage
from textrnn.generation.arrays import read_arrays, write_arrays
from textrnn.options.generation import REMEMBERED

FORMAT = 1
SAMPLED = 1024  # numbers of each weight that are hashed one by one


@dataclass(frozen=True, eq=False)
class State:
    """Memory of a recurrent model after a text of any length: a few kilobytes.

    A state never changes: reading more text returns another one. So a kept state is the way back to an earlier place
    of a text. It serves its own model only, which its fingerprint names.

    Attributes:
        tensors: States of all layers, each float `[1, H]`, and the label, int32 `[1, 1]`, where there is one.
        logits: Logits of the next token, float32 `[V]`.
        recent: Last tokens read, int32 `[N]`, 256 at most: a tokenizer may need the last one to space the next, and a
            repetition penalty needs more.
        fingerprint: Fingerprint of the model.
    """

    tensors: tuple[np.ndarray, ...]
    logits: np.ndarray
    recent: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    fingerprint: str = ""

    @property
    def last_id(self) -> int | None:
        """The last token read; None before the first."""
        return int(self.recent[-1]) if len(self.recent) else None

    @property
    def size_in_bytes(self) -> int:
        return sum(array.nbytes for array in self._arrays())

    def fork(self) -> State:
        """A copy that shares no memory with this one."""
        tensors = tuple(map(np.array, self.tensors))
        return State(tensors, np.array(self.logits), np.array(self.recent), self.fingerprint)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same numbers, to the bit, of the same model, as copies and saved states do. The same
        text read in other chunks, in a batch or by another engine gives close numbers."""
        if not isinstance(other, State):
            return NotImplemented
        facts = (self.fingerprint, len(self.tensors))
        return facts == (other.fingerprint, len(other.tensors)) and all(
            np.array_equal(own, others) for own, others in zip(self._arrays(), other._arrays(), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def _arrays(self) -> list[np.ndarray]:
        return [self.logits, self.recent, *self.tensors]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the state in one file, whole or not at all."""
        facts = {"format": FORMAT, "fingerprint": self.fingerprint}
        write_arrays(path, "facts", facts, ((str(n), array) for n, array in enumerate(self._arrays())))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> State:
        """Load a state that `save` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            DamagedFileError: If it is damaged or holds something else.
        """
        file = Path(path)
        if not file.is_file():
            raise FileNotFoundError(f"`path` must be a file that `State.save` wrote; {file} does not exist.")
        with refuse_damage(file, "hold a whole state"), open(file, "rb") as stream:
            facts, arrays = read_arrays(stream, "facts")
            if facts.get("format") != FORMAT:
                raise ValueError(f"it is of format {facts.get('format')!r:.60}, this textrnn reads format {FORMAT}")
            if facts.keys() != {"format", "fingerprint"} or not isinstance(facts["fingerprint"], str):
                raise ValueError("its facts must be a format and the fingerprint of a model")
            if arrays.keys() != {str(n) for n in range(len(arrays))} or len(arrays) < 3:
                raise ValueError(f"it must hold numbered arrays; it holds {', '.join(arrays) or 'none'}")
            logits, recent, *tensors = (arrays[str(n)] for n in range(len(arrays)))
            _check_arrays(logits, recent, tensors)
            return cls(tuple(tensors), logits, recent, facts["fingerprint"])


def _check_arrays(logits: np.ndarray, recent: np.ndarray, tensors: Sequence[np.ndarray]) -> None:
    """Raise a ValueError for arrays that no model could have made."""
    if logits.ndim != 1 or logits.dtype.kind != "f" or not np.isfinite(logits).all():
        raise ValueError(f"its logits must be finite numbers [V]; they are {logits.dtype} of shape {logits.shape}")
    is_recent = recent.ndim == 1 and recent.dtype.kind in "iu" and len(recent) <= REMEMBERED
    if not is_recent or recent.min(initial=0) < 0 or recent.max(initial=0) >= len(logits):
        raise ValueError(
            f"its last tokens must be {REMEMBERED} ids of the vocabulary at most; they are {recent.dtype} of shape "
            f"{recent.shape}"
        )
    for tensor in tensors:
        if tensor.ndim != 2 or len(tensor) != 1 or tensor.dtype.kind not in "fiu" or not np.isfinite(tensor).all():
            raise ValueError(
                f"its states must be finite numbers [1, H]; one is {tensor.dtype} of shape {tensor.shape}"
            )


def fingerprint(architecture: Mapping[str, Any], weights: Mapping[str, Sequence[np.ndarray]]) -> str:
    """Fingerprint of a model: 16 hexadecimal digits that change with any number of its weights.

    Args:
        architecture: Everything else that the model computes with, as JSON can hold it.
        weights: Float32 arrays by the name of their layer.
    """
    digest = hashlib.blake2b(json.dumps(architecture, sort_keys=True).encode(), digest_size=8)
    for name in sorted(weights):
        digest.update(name.encode())
        for weight in weights[name]:
            digest.update(_mark(weight))
    return digest.hexdigest()


def _mark(weight: np.ndarray) -> bytes:
    """Shape, sum and samples of a weight: every number counts in the sum, the place of some in the samples."""
    bits = np.ascontiguousarray(weight, np.float32).reshape(-1).view(np.uint32)
    sampled = bits[:: max(1, len(bits) // SAMPLED)]
    return b"".join([repr(weight.shape).encode(), int(bits.sum(dtype=np.uint64)).to_bytes(8), sampled.tobytes()])
