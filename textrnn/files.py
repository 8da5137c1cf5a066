"""Files: written so that a crash leaves the old or the new file whole, and read so that errors name the damage."""

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

TEMPORARY = ".textrnn-"  # prefix of temporary files, to find those of a killed process

MAX_UNPACKING_RATIO = 100  # of an archive's member; texts and numbers stay far below
UNCHECKED_BYTES = 1 << 20  # of a member, allowed at any ratio
MAX_MESSAGE_CHARACTERS = 400

FACTS: dict[str, Any] = {"model": str, "precision": str, "device": str, "corpus": dict}  # of a run's config
SETTINGS: dict[str, Any] = {"epochs": int, "source": str | None}


class DamagedFileError(ValueError):
    """A file is incomplete, or was not written by this package."""


@contextlib.contextmanager
def refuse_damage(path: str | os.PathLike[str], expected: str) -> Iterator[None]:
    """A context that turns errors of parsing into "`path` must `expected`", such as "hold a session".

    Errors of the system (no permission, a failing disk) and of memory pass unchanged.

    Raises:
        DamagedFileError: For any other error within the context.
    """
    try:
        yield
    except (DamagedFileError, MemoryError):
        raise
    except Exception as error:
        # A damaged file may send its reader to an impossible position, which the system calls an invalid argument.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise DamagedFileError(f"{os.fspath(path)} must {expected}; reading it failed: {_describe(error)}") from error


def _describe(error: Exception) -> str:
    text = str(error) if isinstance(error, (ValueError, TypeError)) and str(error) else repr(error)
    return text if len(text) <= MAX_MESSAGE_CHARACTERS else f"{text[:MAX_MESSAGE_CHARACTERS]}..."


def read_object(path: str | os.PathLike[str], expected: str) -> dict[str, Any]:
    """Read the JSON object in the file at `path`; `expected` is as for `refuse_damage`.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedFileError: If the file holds no JSON object.
    """
    with open(path, "rb") as stream, refuse_damage(path, expected):
        read = json.loads(stream.read().decode("utf-8"))
        if not isinstance(read, dict):
            raise ValueError(f"it must be a JSON object; it is {read!r:.60}")
        return read


def read_run_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the `config.json` of a run folder and check its `settings`.

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
        for place, values, kinds in (("value", config, FACTS), ("setting", settings, SETTINGS)):
            for name in kinds.keys() & values.keys():
                if not isinstance(values[name], kinds[name]):
                    raise ValueError(f"its {place} {name!r} cannot be {values[name]!r:.60}")
    return config


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read a member of an archive that `check_member` accepts."""
    return archive.read(check_member(archive, name))


def check_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """A member of an archive, which must exist once and not unpack to far more than its stored size."""
    count = archive.namelist().count(name)
    if count != 1:
        raise ValueError(f"it must hold {name} once; it holds it {count} times")
    member = archive.getinfo(name)
    stored = min(member.compress_size, os.fstat(archive.fp.fileno()).st_size)  # type: ignore[union-attr]
    is_known = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not is_known or member.file_size > UNCHECKED_BYTES + MAX_UNPACKING_RATIO * stored:
        raise ValueError(f"{name} must unpack to what its {stored} bytes can hold; it claims {member.file_size}")
    return member


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no space on the disk, over the owner's quota, or too large


@contextlib.contextmanager
def naming(path: str | os.PathLike[str], temporary: Path | None = None) -> Iterator[None]:
    """A context whose errors name `path`: the error of a full disk names no file, others the temporary file."""
    try:
        yield
    except OSError as error:
        is_full = error.filename is None and error.errno in FULL
        if not is_full and (temporary is None or error.filename != str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


@contextlib.contextmanager
def advising_when_full(advice: str) -> Iterator[None]:
    """A context that adds advice to the error of a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            error.add_note(advice)
        raise


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it replaces `path` on success and is removed on an error.

    The temporary file keeps the suffix of `path`, by which some writers choose a format. Errors of the system name
    `path`.
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
    """Wait until the content of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
