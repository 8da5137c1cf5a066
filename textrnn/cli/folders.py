"""Run folders of a corpus: a new one, the latest one, and its recorded config."""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textrnn.files import read_run_config


@contextlib.contextmanager
def new_folder(source: str) -> Iterator[str]:
    """Create the next free run folder of a corpus; trainings started at the same time get one each."""
    for path in _numbered(source):
        with contextlib.suppress(FileExistsError):
            path.mkdir(parents=True)
            break
    try:
        yield str(path)
    except BaseException:
        with contextlib.suppress(OSError):  # a folder with a run in it stays
            path.rmdir()
        raise


def latest_folder(source: str | None) -> str:
    """The latest run folder of a corpus."""
    if source is None:
        raise argparse.ArgumentTypeError("--resume needs CORPUS or --out, to know which run to resume")
    there = list(itertools.takewhile(Path.exists, _numbered(source)))
    return str(there[-1] if there else next(_numbered(source)))


def read_config(out: Path) -> dict[str, Any]:
    """The recorded config of a run; the library refuses given settings that may not differ from it."""
    with contextlib.suppress(FileNotFoundError):
        return read_run_config(out / "config.json")
    return {}


def _numbered(source: str) -> Iterator[Path]:
    """Names of run folders for a corpus: runs/plays, runs/plays-2 and so on."""
    from textrnn.text import FILES_OF_TEXTS, file_ending, is_input

    name, ending = Path(source).name, file_ending(Path(source))
    if is_input(source):
        name = "stdin"
    elif ending in FILES_OF_TEXTS:
        name = name[: name.lower().rindex(ending)]
    base = Path("runs") / (name or "run")
    return (base if n == 1 else base.with_name(f"{base.name}-{n}") for n in itertools.count(1))
