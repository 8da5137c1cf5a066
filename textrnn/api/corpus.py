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

import numpy as np
from tqdm import tqdm

from textrnn import checks
from textrnn.api.common import find_without_words, make_ready, warn_of_no_words
from textrnn.api.examples import warn_of_repeated
from textrnn.generation import find_copied
from textrnn.models import LanguageModel
from textrnn.text import Column, Corpus, TableFormat, Tokenizer, open_corpus, read_labelled, read_texts, write_ids
from textrnn.training import RunFolder

TEXT = TableFormat(format="txt")  # no table at all
PASSAGE = 100  # characters: a line or two of verse, longer than what people quote by chance
REPEATED = 0.01  # of a text: a line of a licence or a title that both have says nothing
LOOKED_AT = 2_000_000  # characters: enough to tell whether there are spaces between words
UNCHECKED = ".new"  # ending of ids until it is known that the run may begin with them


@dataclass(frozen=True)
class Texts:
    """A corpus, and the label of each of its documents where a model is to be conditioned on them."""

    corpus: Corpus
    labels: Sequence[str]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A corpus as ids, unsigned integers `[N]`, which lie in a file that is to be called `name` .bin."""

    texts: Texts
    ids: np.ndarray
    characters: int
    name: str

    @property
    def symbols_per_character(self) -> float:
        return len(self.ids) / max(self.characters, 1)

    def keep(self, folder: Path) -> None:
        """Give the file its name: the run may begin with it."""
        (folder / f"{self.name}{UNCHECKED}").replace(folder / f"{self.name}.bin")


def encode(texts: Texts, tokenizer: Tokenizer, folder: Path, name: str, verbose: bool) -> Encoded:
    """Write the ids of a corpus into a file of the folder, each document's end among them."""
    counted = Counted(texts.corpus, "encoding", verbose)
    end_of_text = texts.corpus.documents is not None
    ids = write_ids(counted, tokenizer, folder / f"{name}{UNCHECKED}", end_of_text=end_of_text)
    return Encoded(texts, ids, counted.characters, name)


def open_texts(
    source: Any, documents: Any, condition: Column, text_column: Column, encoding: str, table: TableFormat | None
) -> Texts:
    """The corpus of `train_language_model`'s arguments of these names."""
    if documents == "row" and condition is None:
        return Texts(_open_rows(source, text_column, encoding, table), ())
    if condition is None:
        for name, value in {"text_column": text_column, "table": None if table == TEXT else table}.items():
            if value is not None:
                raise ValueError(
                    f"`{name}` needs `condition`, the column of labels, or `documents='row'`; received {value!r}."
                )
        return Texts(open_corpus(source, documents=documents, encoding=encoding), ())
    if not isinstance(source, (str, os.PathLike)) or documents is not None:
        raise ValueError(
            "`condition` needs `source` to be the path of a table and `documents` to be left out: each row is one; "
            f"received {type(source).__name__} and documents={documents!r}."
        )
    try:
        read = read_labelled(source, text_column=text_column, label_column=condition, encoding=encoding, table=table)
    except ValueError as error:
        raise ValueError(str(error).replace("`label_column`", "`condition`")) from error
    rows = [(text, label) for text, label in zip(read.texts, read.labels, strict=True) if text.removeprefix("\ufeff")]
    corpus = open_corpus([text for text, _ in rows], documents="string")
    return Texts(dataclasses.replace(corpus, name=os.fspath(source)), [label for _, label in rows])


def _open_rows(source: Any, text_column: Column, encoding: str, table: TableFormat | None) -> Corpus:
    """The texts of a table, each a document; empty ones teach nothing."""
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            f"`documents='row'` needs `source` to be the path of a table; received {type(source).__name__}."
        )
    texts = [text for text in read_texts(source, text_column=text_column, encoding=encoding, table=table) if text]
    return dataclasses.replace(open_corpus(texts, documents="string"), name=os.fspath(source))


def warn_of_repeated_passages(validation: Corpus, source: Corpus) -> None:
    """Say how much of what is validated on is trained on too: documents, or passages of a continuous text."""
    held_out = list(validation.pieces())
    if validation.documents is not None:
        wanted = set(held_out)
        warn_of_repeated(held_out, {piece for piece in source.pieces() if piece in wanted})
        return
    copied = find_copied("".join(held_out), source.pieces(), least=PASSAGE, count=1)
    if copied.share >= REPEATED:
        warnings.warn(
            f"{copied.share:.0%} of `validation_data` also stands in `source`, in passages of {PASSAGE} characters "
            "or more: what is measured on it is too good to be true. Remove them from either.",
            stacklevel=4,
        )


def fit(tokenizer: str | Tokenizer | None, parent: LanguageModel | None, corpus: Corpus, verbose: bool) -> Tokenizer:
    """The tokenizer asked for, fitted; that of `parent`, with whatever symbols of the corpus it lacks."""
    counted = Counted(corpus, "reading", verbose)
    unspaced = find_without_words(parent.tokenizer if parent else tokenizer or "character", _lines(corpus))
    if unspaced is not None:
        warn_of_no_words(unspaced, stacklevel=5)
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


def _lines(corpus: Corpus) -> Iterator[str]:
    """The corpus's first lines, enough to tell what is written there."""
    characters = 0
    for piece in corpus.pieces():
        yield from piece.splitlines()
        characters += len(piece)
        if characters >= LOOKED_AT:
            return


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
        for path in run.path.glob(f"*{UNCHECKED}"):
            path.unlink()
        with contextlib.suppress(OSError):
            run.path.rmdir()
        raise
