"""The folder of a run and its files."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

from textrnn.files import TEMPORARY, naming, read_run_config, refuse_damage, write_text

GROWING = ("metrics.jsonl", "samples.txt")


class RunFolder:
    """The files of a run.

    `model.keras` is the best model on validation, `config.json` has all settings and the environment,
    `metrics.jsonl` a line for each epoch, `samples.txt` texts of the model during training, `curves.png` the losses,
    `checkpoint/` the data for a resume and the best weights, `ids.bin` the ids of the corpus and `validation.bin`
    those of the user's validation data, if any.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def samples(self) -> Path:
        return self.path / "samples.txt"

    @property
    def curves(self) -> Path:
        return self.path / "curves.png"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint" / "state.npz"

    @property
    def best(self) -> Path:
        return self.path / "checkpoint" / "best.npz"

    def write_config(self, config: dict[str, Any]) -> None:
        write_text(self.config, json.dumps(config, indent=2, ensure_ascii=False) + "\n")

    def read_config(self) -> dict[str, Any]:
        """The settings the run was started with.

        Raises:
            FileNotFoundError: If there is no such file.
            DamagedFileError: If it is damaged.
        """
        return read_run_config(self.config)

    def foreign_files(self) -> list[str]:
        """Existing files that a run would overwrite but that belong to no run.

        Raises:
            DamagedFileError: If the config of a run, which has a checkpoint, is damaged.
        """
        names = [path.name for path in (self.model, self.config, self.metrics, self.samples, self.curves)]
        found = [name for name in names if (self.path / name).exists()]
        try:
            is_ours = "textrnn" in self.read_config()
        except (OSError, ValueError):
            if self.config.exists() and self.checkpoint.exists():
                raise
            is_ours = False
        return [] if is_ours else found

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a killed process."""
        for folder in (self.path, self.checkpoint.parent):
            for path in folder.glob(f"{TEMPORARY}*"):
                path.unlink()

    def append(self, path: Path, text: str) -> None:
        with naming(path), open(path, "a", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())

    def file_sizes(self) -> dict[str, int]:
        """Sizes of the growing files in bytes, for a checkpoint."""
        paths = {name: self.path / name for name in GROWING}
        return {name: path.stat().st_size if path.exists() else 0 for name, path in paths.items()}

    def cut_back(self, sizes: dict[str, int]) -> None:
        """Cut the growing files back to their sizes at a checkpoint, with a warning of one that has lost lines."""
        for name, size in self.file_sizes().items():
            path, before = self.path / name, sizes.get(name, 0)
            if size < before:
                warnings.warn(
                    f"{path} holds {size:,} of the {before:,} bytes that it had at the checkpoint; the run resumes "
                    "without the lines that are lost",
                    stacklevel=2,
                )
            if path.exists():
                os.truncate(path, before if size >= before else path.read_bytes().rfind(b"\n") + 1)

    def history(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`.

        Raises:
            DamagedFileError: If one is damaged.
        """
        if not self.metrics.exists():
            return []
        with refuse_damage(self.metrics, "hold a JSON object on each line"):
            lines = [json.loads(line) for line in self.metrics.read_text(encoding="utf-8").splitlines()]
            if not all(isinstance(line, dict) for line in lines):
                raise ValueError("a line is no object")
            return lines
