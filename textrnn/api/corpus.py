"""The text of a language model: opened, tokenized and stored as ids."""

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

from textrnn import checks
from textrnn.api.common import (
    find_texts_without_words,
    open_language_model,
    prepare_tokenizer,
    warn_of_texts_without_words,
)
from textrnn.api.labeled_data import warn_of_repeated
from textrnn.api.settings import Settings
from textrnn.api.validation import check_labels, format_beside, format_of, reading_validation_data, resolve_validation
from textrnn.generation import find_copied
from textrnn.labels import sort_labels
from textrnn.models import LanguageModel
from textrnn.options.recipes import NUM_SAMPLED, make_recipe
from textrnn.progress import Progress
from textrnn.text import Corpus, TableFormat, Tokenizer, open_corpus, read_labeled, read_texts, write_ids
from textrnn.training import RunFolder, claim_run

INHERITED = ("cell", "units", "num_layers", "embedding_dim", "layer_norm", "residual", "tie_embeddings", "reverse")
TEXT = TableFormat(format="txt")  # no table
MIN_PASSAGE = 100  # characters: a line or two of verse, longer than a quotation
MAX_REPEATED_SHARE = 0.01  # of a text: both may contain a title or a line of a license
INSPECTED_CHARACTERS = 2_000_000  # enough to see whether there are spaces between words
UNCHECKED = ".new"  # suffix of ids until the run may start with them


@dataclass(frozen=True)
class Texts:
    """A corpus and, for a model conditioned on labels, the label of each document."""

    corpus: Corpus
    labels: Sequence[str]


@dataclass(frozen=True)
class LoadedText:
    """The data of a language model before they are encoded.

    Attributes:
        settings: Settings, all resolved.
        run: Run folder, or None.
        texts: Corpus.
        validation: Separate validation corpus, or None.
        tokenizer: Fitted tokenizer.
        parent: Language model to start from, or None.
    """

    settings: Settings
    run: RunFolder | None
    texts: Texts
    validation: Texts | None
    tokenizer: Tokenizer
    parent: LanguageModel | None


def load_text(settings: Settings) -> LoadedText:
    """Open the corpus, resolve the settings with the recipe, and fit the tokenizer."""
    settings = resolve_validation(settings, default=0.1)
    run = claim_run(settings.run.out, resume=settings.run.resume)
    texts = open_texts(settings.source, settings, format_of(settings.table))
    validation = _open_validation(settings, texts)
    parent = _open_parent(settings.training.init_from, run)
    verbose = settings.run.verbose
    if parent is not None:
        inherited = {name: getattr(parent, name) for name in INHERITED}
        settings = settings.filled(inherited, fixed_by="init_from").filled({"zoneout": parent.zoneout})
    characters = count_characters(texts.corpus, verbose)
    settings = settings.filled(make_recipe(settings.training.recipe, characters, settings.model.cell))
    tokenizer = fit_tokenizer(settings.training.tokenizer, parent, texts.corpus, verbose)
    is_large = tokenizer.vocabulary_size > 4 * NUM_SAMPLED
    settings = settings.filled({"num_sampled": NUM_SAMPLED if is_large else 0, "reverse": False})
    return LoadedText(settings, run, texts, validation, tokenizer, parent)


def _open_validation(settings: Settings, texts: Texts) -> Texts | None:
    source, training = settings.training.validation_data, settings.training
    if source is None:
        return None
    is_text = training.condition_column is None and training.documents != "row"
    table = format_of(settings.table) if is_text else format_beside(settings.table, source)
    with reading_validation_data():
        validation = open_texts(source, settings, table)
    check_labels(validation.labels, sort_labels(set(texts.labels)))
    warn_of_repeated_passages(validation.corpus, texts.corpus)
    return validation


def open_texts(source: Any, settings: Settings, table: TableFormat) -> Texts:
    """Open the corpus in `source`, as the options say."""
    documents, label_column = settings.training.documents, settings.training.condition_column
    text_column, encoding = settings.table.text_column, settings.table.encoding
    if documents == "row" and label_column is None:
        return Texts(_open_rows(source, settings, table), ())
    if label_column is None:
        is_plain = table in (TEXT, TableFormat())
        for name, value in {"text_column": text_column, "table": None if is_plain else table}.items():
            if value is not None:
                raise ValueError(
                    f"`{name}` needs `condition_column`, the column of labels, or `documents='row'`; received "
                    f"{value!r}."
                )
        return Texts(open_corpus(source, documents=documents, encoding=encoding), ())
    if not isinstance(source, (str, os.PathLike)) or documents is not None:
        raise ValueError(
            "`condition_column` needs `source` to be the path of a table and `documents` to be left out: each row is "
            f"one; received {type(source).__name__} and documents={documents!r}."
        )
    try:
        read = read_labeled(
            source, text_column=text_column, label_column=label_column, encoding=encoding, table=table
        )
    except ValueError as error:
        raise ValueError(str(error).replace("`label_column`", "`condition_column`")) from error
    rows = [(text, label) for text, label in zip(read.texts, read.labels, strict=True) if text.removeprefix("\ufeff")]
    corpus = open_corpus([text for text, _ in rows], documents="string")
    return Texts(dataclasses.replace(corpus, name=os.fspath(source)), [label for _, label in rows])


def _open_rows(source: Any, settings: Settings, table: TableFormat) -> Corpus:
    """Open the texts of a table as documents, without the empty ones."""
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            f"`documents='row'` needs `source` to be the path of a table; received {type(source).__name__}."
        )
    reading = settings.table
    texts = read_texts(source, text_column=reading.text_column, encoding=reading.encoding, table=table)
    texts = [text for text in texts if text]
    return dataclasses.replace(open_corpus(texts, documents="string"), name=os.fspath(source))


def _open_parent(init_from: Any, run: RunFolder | None) -> LanguageModel | None:
    """The model to start from. A resumed run takes vocabulary and sizes from its own model file."""
    if init_from is None:
        return None
    if run is not None and run.checkpoint.exists() and run.model.exists():
        init_from = run.path
    return open_language_model("init_from", init_from)


def warn_of_repeated_passages(validation: Corpus, source: Corpus) -> None:
    """Warn of documents, or passages of a continuous text, in both the validation and the training data."""
    held_out = list(validation.pieces())
    if validation.documents is not None:
        distinct = set(held_out)
        warn_of_repeated(held_out, {piece for piece in source.pieces() if piece in distinct})
        return
    copied = find_copied("".join(held_out), source.pieces(), least=MIN_PASSAGE, count=1)
    if copied.share >= MAX_REPEATED_SHARE:
        warnings.warn(
            f"{copied.share:.0%} of `validation_data` also stands in `source`, in passages of {MIN_PASSAGE} "
            "characters or more: its measures are too good. Remove the passages from either.",
            stacklevel=4,
        )


def fit_tokenizer(
    tokenizer: str | Tokenizer | None, parent: LanguageModel | None, corpus: Corpus, verbose: bool
) -> Tokenizer:
    """Fit the tokenizer on the corpus, or extend that of `parent` by new tokens of the corpus."""
    piece_counter = PieceCounter(corpus, "reading", verbose)
    unspaced = find_texts_without_words(parent.tokenizer if parent else tokenizer or "character", _lines(corpus))
    if unspaced is not None:
        warn_of_texts_without_words(unspaced, stacklevel=5)
    if parent is None:
        ready = prepare_tokenizer("character" if tokenizer is None else tokenizer)
        return ready if ready.is_fitted else ready.fit(piece_counter, progress=verbose)
    if tokenizer not in (None, parent.tokenizer.kind):
        raise ValueError(
            f"`tokenizer` must be left out where `init_from` brings one, {parent.tokenizer}; received {tokenizer!r}."
        )
    extended = parent.tokenizer.extended(piece_counter)
    new = [extended.decode([n]) for n in range(parent.tokenizer.vocabulary_size, extended.vocabulary_size)]
    if new:
        message = f"{len(new):,} tokens are new to the model and start as the mean of the others: "
        warnings.warn(message + checks.listed(new), stacklevel=5)
    return extended


def _lines(corpus: Corpus) -> Iterator[str]:
    """The first lines of the corpus, up to `INSPECTED_CHARACTERS`."""
    characters = 0
    for piece in corpus.pieces():
        yield from piece.splitlines()
        characters += len(piece)
        if characters >= INSPECTED_CHARACTERS:
            return


@dataclass(frozen=True, eq=False)
class Encoded:
    """A corpus as ids, unsigned integers `[N]`, in a file that becomes `name`.bin."""

    texts: Texts
    ids: np.ndarray
    characters: int
    name: str

    @property
    def tokens_per_character(self) -> float:
        return len(self.ids) / max(self.characters, 1)

    def keep(self, folder: Path) -> None:
        """Give the file its final name once the run may start with it."""
        (folder / f"{self.name}{UNCHECKED}").replace(folder / f"{self.name}.bin")


def encode(texts: Texts, tokenizer: Tokenizer, folder: Path, name: str, verbose: bool) -> Encoded:
    """Write the ids of a corpus, with the end of each document, into a file of the folder."""
    piece_counter = PieceCounter(texts.corpus, "encoding", verbose)
    end_of_text = texts.corpus.documents is not None
    ids = write_ids(piece_counter, tokenizer, folder / f"{name}{UNCHECKED}", end_of_text=end_of_text)
    return Encoded(texts, ids, piece_counter.characters, name)


class PieceCounter:
    """Iterates over the pieces of a corpus, counts their characters and shows progress."""

    def __init__(self, corpus: Corpus, description: str, verbose: bool) -> None:
        self.corpus = corpus
        self.description = description
        self.verbose = verbose
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        bar = Progress(
            self.corpus.size,
            "B",
            is_shown=self.verbose,
            description=self.description,
            unit_scale=True,
            leave=False,
            delay=1,
        )
        with bar:
            for piece in self.corpus.pieces():
                self.characters += len(piece)
                yield piece
                bar.update(len(piece))


def count_characters(corpus: Corpus, verbose: bool) -> int:
    piece_counter = PieceCounter(corpus, "reading", verbose)
    for _ in piece_counter:
        pass
    return piece_counter.characters


@contextlib.contextmanager
def folder_of_ids(run: RunFolder | None) -> Iterator[Path]:
    """The folder of the ids during training: the run folder, or else a temporary one.

    If the run cannot start, the files written for it are removed, and so is an otherwise empty run folder.
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
