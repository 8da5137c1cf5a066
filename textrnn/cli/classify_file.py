"""`textrnn classify MODEL FILE --out OUT`: labels a file of any size, a chunk of rows at a time."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from textrnn.classification import Prediction
from textrnn.cli import flags
from textrnn.cli.bulk import CLASSIFY_WITH_NUMPY, Speed, load_for_bulk
from textrnn.cli.unfinished import Unfinished
from textrnn.files import advising_when_full
from textrnn.progress import Progress
from textrnn.runtime import find_model
from textrnn.text import (
    WRITABLE,
    Row,
    RowStream,
    RowWriter,
    TableFormat,
    file_ending,
    find_problem,
    find_text_column,
    is_numbered,
    make_row_writer,
    open_rows,
)
from textrnn.version import __version__

CHUNK_ROWS: Final = 4096  # enough to find texts of like length; a kill loses a few seconds of work
CHUNK_CHARACTERS: Final = 1 << 22  # fewer rows in a chunk if they are long
DECIMALS: Final = 6  # of a probability
OPTIONS: Final = (
    "text_column",
    "encoding",
    *flags.TABLE,
    "probabilities",
    "column_prefix",
    "threshold",
    "precision",
)  # that change what is written

Classify = Callable[[Iterator[list[str]]], Generator[list[Prediction]]]
"""From windows of texts to their predictions, in turn; a window may be taken while the one before is computed."""


@dataclass
class Count:
    """Numbers of rows."""

    scored: int = 0
    skipped: int = 0


def classify_file(arguments: argparse.Namespace, source: str) -> None:
    """Label the rows of a file or of standard input; resume if the same command was stopped before."""
    out = Path(arguments.out)
    if file_ending(out) not in WRITABLE or out.suffix.lower() not in WRITABLE:
        raise argparse.ArgumentTypeError(f"--out must end in {', '.join(WRITABLE)}; received {arguments.out!r}")
    if source != "-" and out.exists() and out.samefile(source):
        raise argparse.ArgumentTypeError("--out must be another file than FILE")
    table = flags.table(vars(arguments))
    numbered = is_numbered(arguments.text_column)
    with open_rows(source, table=table, encoding=arguments.encoding, is_numbered=numbered) as rows:
        if rows.columns is not None:
            find_text_column(rows.columns, rows.name, arguments.text_column)  # fails before anything is loaded
        job = None if rows.size is None else _describe_job(arguments, source)
        with Unfinished(out, job, overwrite=arguments.overwrite) as unfinished:
            count = None if unfinished.is_finished else _score(arguments, rows, unfinished)
            unfinished.finish()
    how = (
        f"{count.scored:,} rows scored in {out}, {count.skipped:,} skipped" if count else f"{out} is finished already"
    )
    print(how, file=sys.stderr)


def _score(arguments: argparse.Namespace, rows: RowStream, unfinished: Unfinished) -> Count:
    is_much = rows.size is None or rows.size > CLASSIFY_WITH_NUMPY
    classifier = load_for_bulk(arguments.model, arguments.precision, is_much=is_much)
    labels = classifier.labels if arguments.probabilities else ()

    def classify(windows: Iterator[list[str]]) -> Generator[list[Prediction]]:
        predictions: Generator[list[Prediction]] = classifier.classify_windows(
            windows, batch_size=arguments.batch_size, threshold=arguments.threshold
        )
        return predictions

    quoting = flags.table(vars(arguments)).quoting
    job = ScoringJob(
        rows, unfinished, labels, text_column=arguments.text_column, prefix=arguments.column_prefix, quoting=quoting
    )
    where = "the same command resumes there" if unfinished.job else "input from a pipe starts again"
    try:
        with advising_when_full(f"Free some space: {where}."), Speed(classifier, arguments.batch_size) as speed:
            job.run(classify)
            speed.texts = job.computed
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped behind row {job.done:,}; {where}") from None
    speed.say()
    return job.count


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows.

    Attributes:
        rows: Number of rows.
        begun: Text of each row that can be scored, with the writer's own row.
        header: Header to write before them; empty but for the first chunk.
        bytes_read: Number of bytes of the input up to its end.
    """

    rows: int
    begun: list[tuple[str, Any]]
    header: bytes
    bytes_read: int


class ScoringJob:
    """Labels rows and writes them to another file, chunk by chunk.

    Chunks begin at the same rows in every run. So a resumed run finds its text column and writes its rows as the
    first run did, and only reads the chunks that are written already.

    Args:
        rows: Rows to label.
        unfinished: Output.
        labels: Labels with a column for their probability.
        text_column: Text column; by default found by its usual names.
        prefix: Prefix of the added columns.
        quoting: Quoting of the output, if it has delimiters; by default the output's name decides.
    """

    def __init__(
        self,
        rows: RowStream,
        unfinished: Unfinished,
        labels: Sequence[str] = (),
        *,
        text_column: str | int | None = None,
        prefix: str = "predicted_",
        quoting: str | None = None,
    ) -> None:
        self.rows, self.unfinished, self.labels = rows, unfinished, tuple(labels)
        self.added = [f"{prefix}{name}" for name in ("label", "probability")]
        self.added += [f"{prefix}probability_{label}" for label in labels]
        self.text_column = text_column
        self.table = TableFormat(quoting=quoting).beside(unfinished.out).of(unfinished.out, WRITABLE)
        self.writer: Any = None
        """The writer of the output, known from the first chunk on, as the text column is."""
        self.column = ""
        self.count = Count()
        self.computed = 0
        """Number of rows scored by this run."""
        self.done = 0
        """Number of rows written or skipped."""

    def run(self, classify: Classify) -> None:
        """Label every row that can be read and report the others.

        Raises:
            ValueError: If no row of the first chunk can be scored, or an added column exists already.
        """
        waiting = deque[Chunk]()

        def texts() -> Iterator[list[str]]:
            for chunk in self._new_chunks(bar):
                waiting.append(chunk)
                yield [text for text, _ in chunk.begun]

        with (
            Progress(self.rows.size, "B", unit_scale=True) as bar,
            contextlib.closing(classify(texts())) as answers,  # at a Ctrl-C, batches that wait are not computed
        ):
            for predictions in answers:
                chunk = waiting.popleft()
                self.unfinished.append(chunk.header + self._finish(chunk.begun, predictions))
                self.computed += len(chunk.begun)
                self._count(chunk, bar)
        if self.writer is None:
            raise ValueError(f"{self.rows.name} holds no rows")

    def _new_chunks(self, bar: Progress) -> Iterator[Chunk]:
        """The chunks that are not written yet, their texts found and their problems reported."""
        for number, rows in enumerate(_chunks(self.rows)):
            is_new = number >= self.unfinished.pieces
            self.writer = self.writer or self._make_writer(rows)
            begun = self._begin(rows, self.writer, report=bar.write if is_new else None)
            if not (number or begun):
                raise ValueError(
                    f"{self.rows.name}: none of the first {len(rows)} rows can be scored; look at its format, "
                    "encoding and text column"
                )
            chunk = Chunk(len(rows), begun, b"" if number else self.writer.header(), self.rows.bytes_read)
            if is_new:
                yield chunk
            else:
                self._count(chunk, bar)

    def _count(self, chunk: Chunk, bar: Progress) -> None:
        self.done += chunk.rows
        bar.update(chunk.bytes_read - bar.done, f"{self.done:,} rows")

    def _make_writer(self, chunk: Sequence[Row]) -> RowWriter:
        """A writer for the columns of the header, or for the keys of the first chunk's objects."""
        columns = self.rows.columns or list(dict.fromkeys(column for row in chunk for column in row.values))
        if columns:
            self.column = find_text_column(columns, self.rows.name, self.text_column)
        try:
            return make_row_writer(self.table, columns, self.added, header=self.rows.header)
        except ValueError as error:
            raise ValueError(f"{self.rows.name}: {error}") from error

    def _begin(
        self, chunk: Sequence[Row], writer: RowWriter, report: Callable[..., None] | None
    ) -> list[tuple[str, Any]]:
        """The readable texts of a chunk with `writer`'s own rows; problems of other rows are reported."""
        begun = []
        for row in chunk:
            problem = find_problem(row, self.column)
            if not problem and any(isinstance(value, str) and "\0" in value for value in row.values.values()):
                problem = "holds a NUL character"
            if not problem:
                try:
                    begun.append((row.values[self.column], writer.begin(row.values)))
                except ValueError as error:
                    problem = str(error)
            if problem and report:
                report(f"{self.rows.name}, line {row.line}: {problem}; skipped", file=sys.stderr)
        self.count.scored += len(begun)
        self.count.skipped += len(chunk) - len(begun)
        return begun

    def _finish(self, begun: Sequence[tuple[str, Any]], predictions: Sequence[Prediction]) -> bytes:
        return b"".join(
            self.writer.finish(own, self._added_values(prediction))
            for (_, own), prediction in zip(begun, predictions, strict=True)
        )

    def _added_values(self, prediction: Prediction) -> list[Any]:
        probabilities = [prediction.probabilities[label] for label in self.labels]
        return [prediction.label, *(round(value, DECIMALS) for value in (prediction.probability, *probabilities))]


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Group rows into chunks of limited number and characters."""
    chunk: list[Row] = []
    characters = 0
    for row in rows:
        chunk.append(row)
        characters += sum(len(value) for value in row.values.values() if isinstance(value, str))
        if len(chunk) == CHUNK_ROWS or characters > CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _describe_job(arguments: argparse.Namespace, source: str) -> dict[str, Any]:
    """All that decides what is written, by the name that a message uses when it has changed."""
    options = {name: getattr(arguments, name) for name in OPTIONS}
    return {
        "the input": _digest(Path(source)),
        "the model": _digest(find_model(arguments.model)),
        "the options": options,
        "the version of textrnn": __version__,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
