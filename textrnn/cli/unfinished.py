"""A file that is written piece by piece and, after a kill, resumed behind the last whole piece."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from textrnn import checks
from textrnn.files import TEMPORARY, flush_to_disk, naming, read_object, refuse_damage, write_text


class Unfinished:
    """The file `out`, under another name until it is whole.

    `out.part` holds the pieces written so far. `out.part.json`, written after each, holds how many there are, their
    size, and the job they belong to. Bytes behind that size are the rest of a killed piece and are cut off.

    Args:
        out: The file to write.
        job: All that decides what is written, by name, as JSON values. None if the input cannot be read again: then
            every run starts again.
        overwrite: Whether to replace an existing `out` and to discard another unfinished job.

    Attributes:
        pieces: Number of pieces written.
        is_finished: Whether the job is finished and only its notes are left to be removed.

    Raises:
        FileExistsError: If `out` exists.
        DamagedFileError: If `out.part.json` is damaged.
        ValueError: If `out.part` belongs to another job.
    """

    def __init__(self, out: Path, job: Mapping[str, Any] | None, *, overwrite: bool = False) -> None:
        self.out, self.job = out, job
        self.part, self.notes = (out.with_name(out.name + suffix) for suffix in (".part", ".part.json"))
        self.pieces = self.size = 0
        self.is_finished = False
        self._file: Any = None
        written = self._read_notes()
        if written is not None and (changed := self._changed(written["job"])):
            if not overwrite:
                raise ValueError(
                    f"{self.part} is the beginning of another result: {' and '.join(changed)} changed since; "
                    f"--overwrite, or removing {self.notes}, starts again"
                )
            written = None
        if written is not None:
            self.pieces, self.size = written["pieces"], written["size"]
            self.is_finished = written["whole"] and not self.part.exists() and _size(out) == self.size
        if out.exists() and not overwrite and not self.is_finished:
            raise FileExistsError(f"{out} exists; --overwrite replaces it")
        if self.pieces and not self.is_finished and _size(self.part) < self.size:
            raise ValueError(f"{self.part} has lost its end; removing {self.notes} starts again")

    def append(self, piece: bytes) -> None:
        """Write the next piece and wait until it is on the disk."""
        with naming(self.part):
            if self._file is None:
                self._open()
            self._file.write(piece)
            self._file.flush()
            os.fsync(self._file.fileno())
        self.pieces += 1
        self.size += len(piece)
        self._write_notes()

    def finish(self) -> None:
        """Give the file its name."""
        if not self.is_finished:
            self.close()
            self._write_notes(whole=True)
            self.part.replace(self.out)
            flush_to_disk(self.out.parent)
        for path in (self.notes, *self.out.parent.glob(f"{TEMPORARY}{self.notes.stem}-*")):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the pieces as they are."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Unfinished:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing tries again to write what a full disk refused; that error is being raised already.
        with contextlib.suppress(OSError) if error else contextlib.nullcontext():
            self.close()

    def _open(self) -> None:
        self.out.parent.mkdir(parents=True, exist_ok=True)
        if not self.pieces:
            self.notes.unlink(missing_ok=True)  # those of a discarded job
        self._file = self.part.open("r+b" if self.pieces else "wb")
        self._file.truncate(self.size)
        self._file.seek(self.size)

    def _changed(self, job: Mapping[str, Any]) -> list[str]:
        own = self.job or {"the input": None}
        return [name for name in {**job, **own} if job.get(name) != own.get(name)]

    def _read_notes(self) -> dict[str, Any] | None:
        if not self.notes.exists():
            return None
        expected = "hold the notes on an unfinished job, which can be removed to start again"
        written = read_object(self.notes, expected)
        with refuse_damage(self.notes, expected):
            if written.keys() != {"job", "pieces", "size", "whole"} or not isinstance(written["job"], dict):
                raise ValueError("it must hold a job, pieces, size, whole and nothing else")
            checks.integer_of_at_least(0, "pieces", written["pieces"])
            checks.integer_of_at_least(0, "size", written["size"])
            checks.boolean("whole", written["whole"])
        return written

    def _write_notes(self, *, whole: bool = False) -> None:
        if self.job is not None:
            notes = {"job": self.job, "pieces": self.pieces, "size": self.size, "whole": whole}
            write_text(self.notes, json.dumps(notes, indent=1) + "\n")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
