"""Runner of pages: `python follow_pages.py PAGE...` runs their code in the working directory, with small models."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SIZES = {"units": '8, cell="rnn"', "epochs": "1", "ensemble_size": "1, ngram_buckets=256"}


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a language on a page."""
    return [code for kind, code in BLOCK.findall(page) if kind == language]


def small_python(code: str) -> str:
    """Code that trains a small model."""
    for name, size in SIZES.items():
        code = re.sub(rf"\b{name}=\d+", f"{name}={size}", code)
    one = "model=textrnn.ClassifierOptions(ensemble_size=1, ngram_buckets=256)"
    return code.replace('sentences_train.csv")', f'sentences_train.csv", units=8, cell="rnn", epochs=1, {one})')


def small_command(line: str) -> list[str]:
    """The words of a `textrnn` command that trains a small model."""
    words = shlex.split(line)[1:]
    if words[0] == "train":
        words += ["--epochs", "1", "--units", "8", "--cell", "rnn"]
        words += ["--ensemble-size", "1", "--ngram-buckets", "256"] if words[1].endswith(".csv") else []
    return words


def follow(page: str) -> None:
    """Each block of Python and each `textrnn` command in its turn; blocks of Python share their names."""
    from textrnn.cli.main import main

    names = {"__name__": "page"}
    for kind, code in BLOCK.findall(page):
        if kind == "python":
            exec(small_python(code), names)
            continue
        for line in code.splitlines():
            if line.startswith("textrnn "):
                print(f"$ {line}", flush=True)
                assert main(small_command(line)) == 0, line


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(f"== {path}", flush=True)
        follow(Path(path).read_text(encoding="utf-8"))
