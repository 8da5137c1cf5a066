"""Files: written so that a crash at any instant leaves either the old one or the new one, and read so that damage is
named."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEMPORARY = ".textrnn-"  # how the names of temporary files begin, so that those of a killed process can be found

UNPACKED_AT_MOST = 100  # times the size a member of an archive is stored in; texts and numbers stay far below
UNPACKED_FREELY = 1 << 20  # bytes, whatever they are stored in
MESSAGE_AT_MOST = 400  # characters


class DamagedFileError(ValueError):
    """A file is not whole, or not what this package wrote."""


@contextlib.contextmanager
def refuse_damage(path: str | os.PathLike[str], expected: str) -> Iterator[None]:
    """Say what the file at `path` must do, such as "hold a session", whatever goes wrong while it is understood.

    What the system says of a file (no permission, a failing disk) and a lack of memory stay as they are.

    Raises:
        DamagedFileError: For any error of the block.
    """
    try:
        yield
    except (DamagedFileError, MemoryError):
        raise
    except Exception as error:
        # Readers seek to wherever a damaged file sends them, which the system calls an invalid argument.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise DamagedFileError(f"{os.fspath(path)} must {expected}; reading it failed: {_say(error)}") from error


def _say(error: Exception) -> str:
    said = str(error) if isinstance(error, (ValueError, TypeError)) and str(error) else repr(error)
    return said if len(said) <= MESSAGE_AT_MOST else f"{said[:MESSAGE_AT_MOST]}..."


def read_object(path: str | os.PathLike[str], expected: str) -> dict[str, Any]:
    """The JSON object in the file at `path`; `expected` is as for `refuse_damage`.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedFileError: If it holds no JSON object.
    """
    with open(path, "rb") as stream, refuse_damage(path, expected):
        read = json.loads(stream.read().decode("utf-8"))
        if not isinstance(read, dict):
            raise ValueError(f"it must be a JSON object; it is {read!r:.60}")
        return read


def read_run_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What the `config.json` of a run folder says; its `settings`, where there are any, are an object.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedFileError: If it is damaged.
    """
    expected = "hold the settings of a run"
    config = read_object(path, expected)
    with refuse_damage(path, expected):
        settings = config.get("settings", {})
        if not isinstance(settings, dict):
            raise ValueError(f"its settings must be an object; they are {settings!r:.60}")
        for name, kind in {"epochs": int, "source": str | None}.items():
            if name in settings and not isinstance(settings[name], kind):
                raise ValueError(f"its setting {name!r} cannot be {settings[name]!r:.60}")
    return config


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member of an archive, which must be there once and not unfold into far more than it is stored in."""
    count = archive.namelist().count(name)
    if count != 1:
        raise ValueError(f"it must hold {name} once; it holds it {count} times")
    member = archive.getinfo(name)
    stored = min(member.compress_size, os.fstat(archive.fp.fileno()).st_size)  # type: ignore[union-attr]
    is_known = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not is_known or member.file_size > UNPACKED_FREELY + UNPACKED_AT_MOST * stored:
        raise ValueError(f"{name} must unfold into what its {stored} bytes can hold; it claims {member.file_size}")
    return archive.read(member)


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
