"""Writing files so that a crash at any instant leaves either the old file or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

TEMPORARY = ".textrnn-"  # how the names of temporary files begin, so that those of a killed process can be found

DAMAGED = (  # what reading an archive raises, by where in it a byte is wrong
    AttributeError,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no room for a file: on the disk, for its owner, of its size


@contextlib.contextmanager
def naming(path: str | os.PathLike[str], temporary: Path | None = None) -> Iterator[None]:
    """Name `path` in the error of a full disk, which names nothing, and in one that names its temporary file."""
    try:
        yield
    except OSError as error:
        is_full = error.filename is None and error.errno in FULL
        if not is_full and (temporary is None or error.filename != str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


@contextlib.contextmanager
def advising_when_full(advice: str) -> Iterator[None]:
    """Add to the error of a full disk how to go on once there is room."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            error.add_note(advice)
        raise


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path`, on an error it goes.

    The temporary file keeps the suffix of `path`, since some writers choose a format by it. An error of the system
    names `path`, that of a full disk too.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{TEMPORARY}{target.stem}-{uuid.uuid4().hex[:12]}{target.suffix}")
    try:
        with naming(target, temporary):
            yield temporary
            flush_to_disk(temporary)
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_to_disk(target.parent)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def flush_to_disk(path: Path) -> None:
    """Return when what was written to a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
