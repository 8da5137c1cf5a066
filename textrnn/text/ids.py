"""Memory-mapped files of token ids."""

import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from textrnn import checks
from textrnn.files import DamagedFileError, atomic_path
from textrnn.text.special_tokens import END_ID
from textrnn.text.tokenizer import Tokenizer

# Ids searched at once: 4 M limit a search for END_ID to some 4 MB.
_BLOCK_IDS: Final = 1 << 22


def write_ids(
    pieces: Iterable[str], tokenizer: Tokenizer, path: str | os.PathLike[str], *, end_of_text: bool
) -> np.memmap:
    """Encode text piece by piece into a file; only one piece is in memory at a time.

    Args:
        pieces: the text, such as `Corpus.pieces()`.
        tokenizer: fitted tokenizer.
        path: file to write, complete or not at all.
        end_of_text: whether `END_ID` follows each piece; True for documents.

    Returns:
        The ids, unsigned integers of the smallest fitting size [N], mapped read-only.

    Raises:
        ValueError: if there is no token to write.
        TypeError: if a piece is not a str.
    """
    dtype = _smallest_dtype(tokenizer.vocabulary_size)
    end = np.full(int(end_of_text), END_ID, dtype).tobytes()
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        for piece in checks.texts("pieces", pieces):
            stream.write(tokenizer.encode(piece).astype(dtype).tobytes())
            stream.write(end)
        if stream.tell() == 0:
            raise ValueError("`pieces` must hold at least one token; received none")
    return open_ids(path, tokenizer.vocabulary_size)


def open_ids(path: str | os.PathLike[str], vocabulary_size: int) -> np.memmap:
    """Map a file of `write_ids`, unsigned integers [N], read-only.

    Args:
        path: file to map.
        vocabulary_size: vocabulary size of the tokenizer, which determines the integers' size.
    """
    dtype, size = _smallest_dtype(vocabulary_size), os.path.getsize(path)
    if size == 0 or size % dtype.itemsize:
        raise DamagedFileError(
            f"{os.fspath(path)} must hold ids of {dtype.itemsize} bytes (`vocabulary_size` is "
            f"{vocabulary_size}); it has {size} bytes"
        )
    return np.memmap(path, dtype, mode="r")


def release(ids: np.ndarray) -> None:
    """Release the memory of a mapped file's pages; they are read again when needed.

    Otherwise the process seems to grow up to the size of the file.
    """
    mapped = getattr(ids, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


class EncodedTexts:
    """Ids of many texts in one array, mapped from a file or not, so that a text costs its ids alone.

    Args:
        ids: ids of all texts one after the other, unsigned integers [N].
        spans: start and stop of each text, int64 [texts, 2].
    """

    def __init__(self, ids: np.ndarray, spans: np.ndarray) -> None:
        self.ids = ids
        self.spans = spans

    @classmethod
    def of(cls, texts: Sequence[np.ndarray]) -> "EncodedTexts":
        """Join texts, each integers [N] with its own N."""
        stops = np.cumsum([len(text) for text in texts], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), stops])[: len(texts)]
        return cls(np.concatenate([np.empty(0, np.int32), *texts]), np.stack([starts, stops], axis=1))

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Each text, int32 [N]."""
        for start, stop in self.spans.tolist():
            yield np.asarray(self.ids[start:stop], np.int32)

    @property
    def lengths(self) -> np.ndarray:
        """Length of each text, int64 [texts]."""
        return self.spans[:, 1] - self.spans[:, 0]

    def take(self, rows: np.ndarray | Sequence[int]) -> "EncodedTexts":
        """Some of the texts, by their numbers, int [rows]; the ids are shared."""
        return type(self)(self.ids, self.spans[rows])

    def followed_by(self, others: "EncodedTexts") -> "EncodedTexts":
        """These texts, then others; ids that both share are not copied."""
        if not len(others) or self.ids is others.ids:
            return type(self)(self.ids, np.concatenate([self.spans, others.spans]))
        ids = np.concatenate([self.ids, others.ids])
        return type(self)(ids, np.concatenate([self.spans, others.spans + len(self.ids)]))

    def cut(self, length: int | None) -> "EncodedTexts":
        """The last `length` tokens of each text, or all of them."""
        if length is None:
            return self
        starts, stops = self.spans.T
        return type(self)(self.ids, np.stack([np.maximum(starts, stops - length), stops], axis=1))

    def release(self) -> None:
        """Release the memory of a mapped file's pages."""
        release(self.ids)


def encode_texts(texts: Iterable[str], tokenizer: Tokenizer, path: str | os.PathLike[str]) -> EncodedTexts:
    """Encode texts into a file of `write_ids`; empty ones are kept."""
    ids = write_ids(texts, tokenizer, path, end_of_text=True)
    return EncodedTexts(ids, document_spans(ids))


def document_spans(ids: np.ndarray) -> np.ndarray:
    """Find the documents in ids [N], which `END_ID` separates.

    Returns:
        int64 [documents, 2], start and stop of each. The stop is the position of `END_ID`; tokens after the last
        `END_ID` are one more document.
    """
    blocks = range(0, len(ids), _BLOCK_IDS)
    found = []
    for start in blocks:
        found.append(np.flatnonzero(ids[start : start + _BLOCK_IDS] == END_ID) + start)
        release(ids)
    stops = np.concatenate([np.empty(0, np.int64), *found]).astype(np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), stops + 1])
    if starts[-1] < len(ids):
        stops = np.append(stops, np.int64(len(ids)))
    return np.stack([starts[: len(stops)], stops], axis=1)


def _smallest_dtype(vocabulary_size: int) -> np.dtype:
    if vocabulary_size < 1:
        raise ValueError(f"`vocabulary_size` must be at least 1; received {vocabulary_size}")
    return np.min_scalar_type(vocabulary_size - 1)
