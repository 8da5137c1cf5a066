"""Bytes of a file or of standard input, unpacked if they are packed."""

import bz2
import contextlib
import gzip
import importlib
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

STANDARD_INPUT: Final = "-"
HEAD_BYTES: Final = 8  # enough to recognize a packing or a byte-order mark
_FEW_BYTES: Final = 64  # of a header inside packed bytes, which is read in one go
_ZSTANDARD_BYTES: Final = 1 << 13  # unpacked at once: a block of 128 kB may be packed in four bytes


class CountedBytes:
    """A binary stream that counts the bytes read, and returns available bytes at once, as a pipe does."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._head, self.count = stream, b"", 0

    def head(self) -> bytes:
        """The first bytes, without consuming them."""
        while len(self._head) < HEAD_BYTES and (block := self._stream.read1(1 << 16)):
            self._head += block
        return self._head

    def read(self, size: int = -1) -> bytes:
        block = self._next(size)
        while 0 <= len(block) < size <= _FEW_BYTES and (more := self._next(size - len(block))):
            block += more
        self.count += len(block)
        return block

    def _next(self, size: int) -> bytes:
        if self._head:
            size = len(self._head) if size < 0 else size
            block, self._head = self._head[:size], self._head[size:]
            return block
        return bytes(self._stream.read1(size))


class _ZstandardStream:
    """Unpacks zstandard frame by frame: the package's own reader takes a truncated file for a whole one.

    Args:
        source: Packed bytes.

    Raises:
        ValueError: If neither Python (3.14) nor a package can unpack it.
    """

    def __init__(self, source: CountedBytes) -> None:
        self._start_frame, self._error = _import_zstandard()
        self._source, self._rest = source, b""
        self._frame: Any = None

    def read(self, size: int = -1) -> bytes:
        while packed := self._rest or self._source.read(_ZSTANDARD_BYTES):
            self._frame = self._frame or self._start_frame()
            try:
                block: bytes = self._frame.decompress(packed)
            except self._error as error:
                raise OSError(str(error)) from error
            self._rest = b""
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
            if block:
                return block
        if self._frame is not None:
            raise EOFError("it ends in the middle of a zstandard frame")
        return b""


class _UnpackingError(ValueError):
    """A packing that no installed package can unpack, or that the name alone claims."""


def _import_zstandard() -> tuple[Callable[[], Any], type[Exception]]:
    """The function that starts a frame, and the error it raises."""
    with contextlib.suppress(ImportError):
        module = importlib.import_module("compression.zstd")
        return module.ZstdDecompressor, module.ZstdError
    try:
        package = importlib.import_module("zstandard")
    except ImportError as error:
        raise _UnpackingError(
            "it is packed with zstandard, which Python itself unpacks from 3.14 on: pip install zstandard, or unpack "
            "it first"
        ) from error
    return lambda: package.ZstdDecompressor().decompressobj(), package.ZstdError


_OPENERS: Final[dict[str, Callable[[Any], Any]]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _ZstandardStream,
}
_FIRST_BYTES: Final = {
    b"\x1f\x8b": ".gz",
    b"BZh": ".bz2",
    b"\xfd7zXZ\0": ".xz",
    b"\x28\xb5\x2f\xfd": ".zst",
}
COMPRESSIONS: Final = tuple(_OPENERS)


def compression_of(head: bytes, name: str = "") -> str | None:
    """The packing, such as ".gz", by the first bytes or else by the ending of a name; None if not packed."""
    for magic, ending in _FIRST_BYTES.items():
        if head.startswith(magic) and (ending != ".bz2" or head[4:8] in (b"1AY&", b"\x17rE8")):  # "BZh" may be text
            return ending
    suffix = Path(name).suffix.lower()
    return suffix if suffix in COMPRESSIONS and head else None


def unpack(source: CountedBytes, name: str) -> BinaryIO:
    """The bytes of `source`, unpacked if they are packed.

    Raises:
        ValueError: If a file is .gz by its name alone.
    """
    packed = compression_of(source.head(), name)
    if packed == ".gz" and not compression_of(source.head()):
        raise _UnpackingError(f"it is not packed with gzip; leave {Path(name).suffix} out of its name")
    return cast(BinaryIO, _OPENERS[packed](source) if packed else source)


@contextlib.contextmanager
def open_packed(path: str | os.PathLike[str]) -> Iterator[CountedBytes]:
    """Open a file, or standard input for `"-"`, without unpacking."""
    if is_input(path):
        yield CountedBytes(sys.stdin.buffer)
        return
    with Path(path).open("rb") as file:
        yield CountedBytes(file)


@contextlib.contextmanager
def open_bytes(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file, or standard input for `"-"`, unpacked.

    Raises:
        ValueError: If reading or unpacking fails, with the name of the file.
    """
    with open_packed(path) as source, named_errors(name_of_source(path)):
        yield unpack(source, os.fspath(path))


def is_input(path: Any) -> bool:
    """Whether a path means standard input; a file of that name is `./-`."""
    return isinstance(path, (str, os.PathLike)) and os.fspath(path) == STANDARD_INPUT


def name_of_source(path: str | os.PathLike[str]) -> str:
    """The name of a file, or of standard input, in messages."""
    return "standard input" if is_input(path) else os.fspath(path)


@contextlib.contextmanager
def named_errors(name: str) -> Iterator[None]:
    """A context whose errors of reading or unpacking name the file."""
    try:
        yield
    except (OSError, EOFError, lzma.LZMAError, zlib.error, _UnpackingError) as error:
        raise ValueError(f"{name} cannot be read: {_describe(error)}") from error


def _describe(error: Exception) -> str:
    if isinstance(error, gzip.BadGzipFile) and str(error).startswith("Not a gzipped file"):
        return (
            f"its packed bytes are followed by others{str(error).removeprefix('Not a gzipped file')}; "
            "`gzip -dc FILE > OUT` unpacks those before them"
        )
    return str(error)
