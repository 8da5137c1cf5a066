"""Compression of texts by the probabilities of a model.

A file holds, in this order: a magic number, the model's fingerprint, the numbers of tokens and lanes, the characters
that the model does not know, the lanes, and a checksum of all bytes before it. A lane is a part of the text that is
coded by itself; lanes are read side by side, in the time of one.
"""

from __future__ import annotations

import itertools
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from textrnn.files import refuse_damage
from textrnn.generation.arithmetic import Decoder, Encoder, cumulative_counts
from textrnn.generation.scoring import log_softmax
from textrnn.generation.snapshot import Snapshot
from textrnn.generation.state import State
from textrnn.progress import Progress

MAGIC = b"textrnn\1"
HEADER = struct.Struct("<8s8sIIII")  # magic, fingerprint, checksum of the text, tokens, lanes, bytes of the unknown
LANE_TOKENS = 1 << 15  # each lane starts from an empty state, which costs some hundred bits
MAX_LANES = 64
VERBATIM = 0  # lanes of a text that the tokenizer cannot restore: zlib compresses it
REPLACEMENT = "\ufffd"


class Header(NamedTuple):
    """Header before the lanes: fingerprint of the model, checksum of the text, and its tokens, lanes and bytes."""

    fingerprint: bytes
    checksum: int
    tokens: int
    lanes: int
    beside: int


def count_lanes(tokens: int) -> int:
    return max(1, min(MAX_LANES, tokens // LANE_TOKENS))


def compress(snapshot: Snapshot, start: State, tokenizer: Any, text: str, *, progress: bool = False) -> bytes:
    """`text` as bytes; `decompress` with the same model restores it.

    Args:
        snapshot: Snapshot of the model.
        start: State before a text.
        tokenizer: Tokenizer of the model.
        text: Any string.
        progress: Whether to show a bar on a terminal.
    """
    ids, unknown = tokenizer.encode(text), tokenizer.unknown_pieces(text)
    if _restored(tokenizer, ids, unknown) == text:
        lanes = _encode(snapshot, start, np.array_split(ids, count_lanes(len(ids))), progress)
        escaped = zlib.compress(json.dumps(unknown).encode(), 9) if unknown else b""
    else:
        lanes, escaped = [], zlib.compress(_bytes(text), 9)
    header = HEADER.pack(MAGIC, _mark(snapshot), zlib.crc32(_bytes(text)), len(ids), len(lanes), len(escaped))
    sizes = struct.pack(f"<{len(lanes)}I", *map(len, lanes))
    whole = b"".join([header, sizes, escaped, *lanes])
    return whole + struct.pack("<I", zlib.crc32(whole))


def decompress(snapshot: Snapshot, start: State, tokenizer: Any, data: bytes, *, progress: bool = False) -> str:
    """The text that `compress` turned into `data`.

    Raises:
        DamagedFileError: If `data` is damaged.
        ValueError: If `data` was made with another model, or comes out as another text.
    """
    with refuse_damage("`data`", "be what `compress` returned"):
        header, lanes, beside = _take_apart(data)
    if header.fingerprint != _mark(snapshot):
        raise ValueError(
            f"`data` must have been compressed with this model, {snapshot.fingerprint}; it was with "
            f"{header.fingerprint.hex()}."
        )
    text: str | None = beside
    if lanes:
        shortest, longer = divmod(header.tokens, len(lanes))  # as `numpy.array_split` cut them
        lengths = [shortest + (lane < longer) for lane in range(len(lanes))]
        text = _restored(tokenizer, _decode(snapshot, start, lanes, lengths, progress), beside)
    if text is None or zlib.crc32(_bytes(text)) != header.checksum:
        raise ValueError(
            "`data` came out as another text: it was compressed with another label, or where the model's numbers are "
            "computed otherwise."
        )
    return text


def _take_apart(data: bytes) -> tuple[Header, list[bytes], Any]:
    """The header, the lanes, and the rest: the unknown pieces, or without lanes the text."""
    if len(data) < HEADER.size + 4 or not data.startswith(MAGIC):
        raise ValueError(f"it is {len(data)} bytes of something else, not written by textrnn")
    if zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise ValueError(f"its checksum is wrong, so some of its {len(data)} bytes are")
    header = Header(*HEADER.unpack_from(data)[1:])
    if header.lanes not in (VERBATIM, count_lanes(header.tokens)):
        raise ValueError(f"{header.tokens} tokens are not in {header.lanes} lanes")
    sizes = struct.unpack_from(f"<{header.lanes}I", data, HEADER.size)
    ends = list(itertools.accumulate([header.beside, *sizes], initial=HEADER.size + 4 * header.lanes))
    if ends[-1] != len(data) - 4:
        raise ValueError(f"its parts are {ends[-1] + 4} bytes, not {len(data)}")
    packed, *lanes = (data[first:last] for first, last in itertools.pairwise(ends))
    beside = zlib.decompress(packed) if packed else b"[]"
    if not lanes:
        return header, lanes, beside.decode("utf-8", "surrogatepass")
    unknown = json.loads(beside)
    if not isinstance(unknown, list) or not all(isinstance(piece, str) for piece in unknown):
        raise ValueError("its unknown pieces must be a list of strings")
    return header, lanes, unknown


def _encode(snapshot: Snapshot, start: State, lanes: list[np.ndarray], progress: bool) -> list[bytes]:
    encoders = [Encoder() for _ in lanes]
    padded = np.zeros([len(lanes), max(map(len, lanes))], np.int32)
    for row, lane in zip(padded, lanes, strict=True):
        row[: len(lane)] = lane
    distributions = _distributions(snapshot, start, padded, progress)
    for number, cumulative in enumerate(distributions):
        for encoder, lane, counts in zip(encoders, lanes, cumulative, strict=True):
            if number < len(lane):
                token = lane[number]
                encoder.write(int(counts[token]), int(counts[token + 1]), int(counts[-1]))
    return [encoder.finish() for encoder in encoders]


def _decode(snapshot: Snapshot, start: State, lanes: list[bytes], lengths: list[int], progress: bool) -> np.ndarray:
    decoders = [Decoder(lane) for lane in lanes]
    padded = np.zeros([len(lanes), max(lengths)], np.int32)
    distributions = _distributions(snapshot, start, padded, progress)
    for number, cumulative in enumerate(distributions):
        for row, decoder, length, counts in zip(padded, decoders, lengths, cumulative, strict=True):
            if number < length:
                row[number] = decoder.read(counts)  # which the next distribution depends on
    return np.concatenate([row[:length] for row, length in zip(padded, lengths, strict=True)])


def _distributions(snapshot: Snapshot, start: State, ids: np.ndarray, progress: bool) -> Iterator[np.ndarray]:
    """Counts of the tokens at each step, given the tokens of `ids` `[B, T]` before it, which are read on demand.

    Steps take one token at a time, as the decoder must, so that the numbers agree to the last bit.
    """
    rows, steps = ids.shape
    logits = np.repeat(start.logits[None], rows, axis=0)
    states: Any = tuple(np.repeat(tensor, rows, axis=0) for tensor in start.tensors)
    with Progress(steps * rows, "token", is_shown=progress, unit_scale=True) as bar:
        for number in range(steps):
            yield cumulative_counts(log_softmax(logits))
            bar.update(rows)
            if number + 1 < steps:
                after, states = snapshot.step(ids[:, number : number + 1], states)
                logits = after[:, -1]


def _restored(tokenizer: Any, ids: np.ndarray, unknown: list[str]) -> str | None:
    """The text of `ids` with the unknown pieces in place; None if the two do not match."""
    text: str = tokenizer.decode(ids)
    if not unknown:
        return text
    literals = text.split(REPLACEMENT)
    if len(literals) != len(unknown) + 1:
        return None
    return "".join(part for pair in zip(literals, [*unknown, ""], strict=True) for part in pair)


def _mark(snapshot: Snapshot) -> bytes:
    return bytes.fromhex(snapshot.fingerprint).ljust(8, b"\0")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
