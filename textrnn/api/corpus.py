"""The text a language model is trained on: opened, turned into ids, and where those lie."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from textrnn import checks
from textrnn.api.common import make_ready
from textrnn.models import LanguageModel
from textrnn.text import Corpus, Tokenizer, open_corpus, read_labelled, read_texts
from textrnn.training import RunFolder

UNCHECKED_IDS = "ids.new"  # until it is known that the run may begin with them


@dataclass(frozen=True)
class Texts:
    """A corpus, and the label of each of its documents where a model is to be conditioned on them."""

    corpus: Corpus
    labels: Sequence[str]


def open_texts(source: Any, documents: Any, condition: str | None, text_column: str | None, encoding: str) -> Texts:
    """The corpus of `train_language_model`'s arguments of these names."""
    if documents == "row" and condition is None:
        return Texts(_open_rows(source, text_column, encoding), ())
    if condition is None:
        if text_column is not None:
            raise ValueError(
                "`text_column` needs `condition`, the column of labels, or `documents='row'`; received "
                f"{text_column!r}."
            )
        return Texts(open_corpus(source, documents=documents, encoding=encoding), ())
    if not isinstance(source, (str, os.PathLike)) or documents is not None:
        raise ValueError(
            "`condition` needs `source` to be the path of a table and `documents` to be left out: each row is one; "
            f"received {type(source).__name__} and documents={documents!r}."
        )
    try:
        read = read_labelled(source, text_column=text_column, label_column=condition, encoding=encoding)
    except ValueError as error:
        raise ValueError(str(error).replace("`label_column`", "`condition`")) from error
    rows = [(text, label) for text, label in zip(read.texts, read.labels, strict=True) if text.removeprefix("\ufeff")]
    corpus = open_corpus([text for text, _ in rows], documents="string")
    return Texts(dataclasses.replace(corpus, name=os.fspath(source)), [label for _, label in rows])


def _open_rows(source: Any, text_column: str | None, encoding: str) -> Corpus:
    """The texts of a table, each a document; empty ones teach nothing."""
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            f"`documents='row'` needs `source` to be the path of a table; received {type(source).__name__}."
        )
    texts = [text for text in read_texts(source, text_column=text_column, encoding=encoding) if text]
    return dataclasses.replace(open_corpus(texts, documents="string"), name=os.fspath(source))


def fit(tokenizer: str | Tokenizer | None, parent: LanguageModel | None, corpus: Corpus, verbose: bool) -> Tokenizer:
    """The tokenizer asked for, fitted; that of `parent`, with whatever symbols of the corpus it lacks."""
    counted = Counted(corpus, "reading", verbose)
    if parent is None:
        ready = make_ready("character" if tokenizer is None else tokenizer)
        return ready if ready.is_fitted else ready.fit(counted)
    if tokenizer not in (None, parent.tokenizer.kind):
        raise ValueError(
            f"`tokenizer` must be left out where `init_from` brings one, {parent.tokenizer}; received {tokenizer!r}."
        )
    extended = parent.tokenizer.extended(counted)
    new = [extended.decode([n]) for n in range(parent.tokenizer.vocabulary_size, extended.vocabulary_size)]
    if new:
        message = f"{len(new):,} symbols are new to the model and start as the mean of the others: "
        warnings.warn(message + checks.listed(new), stacklevel=5)
    return extended


class Counted:
    """The pieces of a corpus, their characters counted, with a bar for a corpus that takes a while."""

    def __init__(self, corpus: Corpus, description: str, verbose: bool) -> None:
        self.corpus = corpus
        self.description = description
        self.verbose = verbose
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        hidden = None if self.verbose else True
        bar = tqdm(
            total=self.corpus.size,
            desc=self.description,
            unit="B",
            unit_scale=True,
            disable=hidden,
            leave=False,
            delay=1,
        )
        with bar:
            for piece in self.corpus.pieces():
                self.characters += len(piece)
                yield piece
                bar.update(len(piece))


def count_characters(corpus: Corpus, verbose: bool) -> int:
    counted = Counted(corpus, "reading", verbose)
    for _ in counted:
        pass
    return counted.characters


@contextlib.contextmanager
def workplace(run: RunFolder | None) -> Iterator[Path]:
    """Where the ids lie while they are trained on: in the run folder, else in a temporary one.

    If the run cannot begin, what was written for it goes, and so does its folder if there is nothing else in it.
    """
    if run is None:
        with tempfile.TemporaryDirectory(prefix="textrnn-") as folder:
            yield Path(folder)
        return
    try:
        yield run.path
    except BaseException:
        (run.path / UNCHECKED_IDS).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            run.path.rmdir()
        raise
