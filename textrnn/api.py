"""The few functions most people need: text in, a trained model out."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from tqdm import tqdm

from textrnn import checks
from textrnn.models import LanguageModel, TextClassifier, load_model
from textrnn.models.precision import dtype_policy, resolve_precision
from textrnn.models.stack import CELLS
from textrnn.text import (
    Corpus,
    LabelledTexts,
    Tokenizer,
    WordTokenizer,
    make_tokenizer,
    open_corpus,
    read_labelled,
    write_ids,
)
from textrnn.training import (
    ExampleBatches,
    LabelOfText,
    NextSymbol,
    RunFolder,
    Trainer,
    TrainingSettings,
    begin_run,
    can_draw,
    checksum,
    claim_run,
    describe_run,
    draw_curves,
    split_documents,
    split_labelled,
    split_stream,
    weigh_classes,
)

TOKENIZERS = ("character", "byte", "word")
HEAD_LETTERS = 5  # of a long word: "disappointed" and "disappointing" then share a symbol
UNCHECKED_IDS = "ids.new"  # until it is known that the run may begin with them


def load(path: str | os.PathLike[str]) -> Any:
    """The model in a `.keras` file, or the best one of a run folder: a `LanguageModel` or a `TextClassifier`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or was not written by this package.
    """
    return load_model(path)


def train_language_model(
    source: str | os.PathLike[str] | Iterable[str],
    *,
    tokenizer: str | Tokenizer = "character",
    cell: str = "lstm",
    units: int = 384,
    num_layers: int = 1,
    embedding_dim: int = 64,
    dropout: float = 0.3,
    tie_embeddings: bool = False,
    epochs: int = 10,
    batch_size: int = 32,
    sequence_length: int = 100,
    learning_rate: float = 6e-3,
    weight_decay: float = 0.0,
    clip_norm: float = 1.0,
    warmup: float = 0.05,
    patience: int | None = None,
    validation_split: float = 0.1,
    documents: Literal["line", "file", "string"] | None = None,
    encoding: str = "utf-8",
    precision: str = "auto",
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 60.0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool = True,
) -> LanguageModel:
    """Train a language model on text.

    Args:
        source: A text file, a folder of `.txt` files, or strings.
        tokenizer: `"character"`, `"byte"`, `"word"`, or a tokenizer of `textrnn.text`, fitted or not.
        cell: `"rnn"`, `"lstm"`, `"gru"` or `"min_gru"`.
        units: Size of each recurrent layer.
        num_layers: How many are stacked.
        embedding_dim: Size of a symbol's embedding.
        dropout: Fraction of each recurrent layer's outputs dropped while training.
        tie_embeddings: Whether the output shares the embedding's weights; needs `embedding_dim` equal to `units`.
        epochs: Passes over the text.
        batch_size: How many places of the text are read at once.
        sequence_length: Steps a gradient reaches back; the state is carried on from window to window.
        learning_rate: The peak of a warm-up and a cosine decay.
        weight_decay: Of AdamW.
        clip_norm: The gradient's largest global norm.
        warmup: Fraction of all steps over which the learning rate rises.
        patience: Epochs without a better validation loss after which training stops.
        validation_split: Fraction held out to tell which weights are best: the end of a continuous text, or a
            random choice of documents. 0 holds out nothing and keeps the last weights.
        documents: None for one continuous text; `"line"`, `"file"` or `"string"` for many that end, one a line, a
            file of a folder, or a string. The model then learns where a text ends.
        encoding: Of the files.
        precision: `"float32"`, `"bfloat16"` (products only; states, sums and weights stay float32), or `"auto"`:
            bfloat16 where the processor has instructions for it.
        seed: For the weights, dropout and the order of documents.
        out: Folder for the best model, metrics, samples, curves and checkpoints; None keeps nothing.
        resume: Whether to go on with the run in `out`, exactly where its last checkpoint was.
        checkpoint_seconds: Time between checkpoints.
        callbacks: Keras callbacks.
        verbose: Whether to show progress.

    Returns:
        The model with the weights that did best on validation.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type, or the text is too short.
        FileNotFoundError: If `source` is a path that does not exist.
        FileExistsError: If `out` holds a run and `resume` is False.
    """
    precision = resolve_precision(precision)
    settings = _recorded(locals())
    training = TrainingSettings(epochs, learning_rate, weight_decay, clip_norm, warmup, patience, checkpoint_seconds)
    _check_shared(settings, callbacks, verbose, resume)
    checks.positive_integer("sequence_length", sequence_length)
    run = claim_run(out, resume=resume)
    corpus = open_corpus(source, documents=documents, encoding=encoding)
    fitted = _fit(tokenizer, corpus, verbose)
    model = LanguageModel(
        fitted,
        cell=cell,
        units=units,
        num_layers=num_layers,
        embedding_dim=embedding_dim,
        dropout=dropout,
        tie_embeddings=tie_embeddings,
        documents=documents is not None,
        seed=seed,
        dtype=dtype_policy(precision),
    )
    with _workplace(run) as folder:
        counted = _Counted(corpus, "encoding", verbose)
        ids = write_ids(counted, fitted, folder / UNCHECKED_IDS, end_of_text=documents is not None)
        shape = {"batch_size": batch_size, "sequence_length": sequence_length}
        if documents is None:
            batches, validation = split_stream(ids, validation_split, **shape)
        else:
            batches, validation = split_documents(ids, validation_split, **shape, seed=seed)
        facts = describe_run(model, {"symbols": len(ids), "checksum": checksum([ids])})
        is_resumed = run is not None and begin_run(run, resume=resume, settings=settings, facts=facts)
        (folder / UNCHECKED_IDS).replace(folder / "ids.bin")
        _say(verbose, f"{corpus.name}: {counted.characters:,} characters, vocabulary of {fitted.vocabulary_size}")
        trainer = Trainer(
            model,
            NextSymbol(len(ids) / max(counted.characters, 1)),
            batches,
            validation,
            training,
            run=run,
            callbacks=callbacks,
            sample=lambda: str(model.generate(length=200, temperature=0.8, seed=seed)),
            is_shown=verbose,
        )
        _train(trainer, facts, is_resumed, "bits_per_character")
    return model


def train_classifier(
    source: str | os.PathLike[str] | tuple[Sequence[str], Sequence[str]],
    *,
    tokenizer: str | Tokenizer = "word",
    cell: str = "gru",
    units: int = 32,
    num_layers: int = 1,
    embedding_dim: int = 32,
    bigram_buckets: int = 1 << 16,
    dropout: float = 0.5,
    symbol_dropout: float = 0.3,
    bidirectional: bool = True,
    members: int = 5,
    epochs: int = 8,
    batch_size: int = 16,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.01,
    clip_norm: float = 1.0,
    warmup: float = 0.1,
    patience: int | None = None,
    class_weight: str | Mapping[str, float] | None = None,
    validation_split: float = 0.0,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str = "utf-8",
    precision: str = "auto",
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 60.0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool = True,
) -> TextClassifier:
    """Train a classifier on labelled texts.

    Args:
        source: A `.csv`, `.tsv` or `.jsonl` file with a text and a label column, or `(texts, labels)`.
        tokenizer: `"word"`, `"character"`, `"byte"`, or a tokenizer of `textrnn.text`, fitted or not.
        cell: `"rnn"`, `"lstm"`, `"gru"` or `"min_gru"`.
        units: Size of each recurrent layer, in each direction.
        num_layers: How many are stacked.
        embedding_dim: Size of a symbol's embedding.
        bigram_buckets: How many hashed vectors of symbol pairs are added to those of single symbols; 0 for none.
        dropout: Fraction dropped after the embedding, between layers and after pooling.
        symbol_dropout: Fraction of the symbols made unknown while training.
        bidirectional: Whether each layer also reads backwards.
        members: How many readers are trained side by side, their probabilities averaged.
        epochs: Passes over the texts.
        batch_size: Texts a step.
        learning_rate: The peak of a warm-up and a cosine decay.
        weight_decay: Of AdamW.
        clip_norm: The gradient's largest global norm.
        warmup: Fraction of all steps over which the learning rate rises.
        patience: Epochs without a better validation loss after which training stops.
        class_weight: What a text of each label counts: None for all the same, `"balanced"` for as much as the label
            is rare, or a weight for every label.
        validation_split: Fraction of each label's texts held out to tell which weights are best, and for `patience`.
            0, the default as in Keras, learns from every text and keeps the last weights: on a few thousand texts
            those held out are missed more than they help.
        text_column: Name of the text column; by default `text`, `sentence` or `review`.
        label_column: Name of the label column; by default `label` or `sentiment`.
        encoding: Of the file.
        precision: `"float32"`, `"bfloat16"` (products only; states, sums and weights stay float32), or `"auto"`:
            bfloat16 where the processor has instructions for it.
        seed: For the weights, dropout, the held-out texts and the order.
        out: Folder for the best model, metrics, curves and checkpoints; None keeps nothing.
        resume: Whether to go on with the run in `out`, exactly where its last checkpoint was.
        checkpoint_seconds: Time between checkpoints.
        callbacks: Keras callbacks.
        verbose: Whether to show progress.

    Returns:
        The model with the weights that did best on validation.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type, or the labels are too few.
        FileNotFoundError: If `source` is a path that does not exist.
        FileExistsError: If `out` holds a run and `resume` is False.
    """
    precision = resolve_precision(precision)
    settings = _recorded(locals())
    training = TrainingSettings(epochs, learning_rate, weight_decay, clip_norm, warmup, patience, checkpoint_seconds)
    _check_shared(settings, callbacks, verbose, resume)
    run = claim_run(out, resume=resume)
    labelled = _labelled(source, text_column, label_column, encoding)
    labels = sorted(set(labelled.labels))
    if len(labels) < 2:
        raise ValueError(f"`source` must hold at least two different labels; it holds only {labels[0]!r}.")
    number_of = {label: number for number, label in enumerate(labels)}
    numbers = np.array([number_of[label] for label in labelled.labels])
    kept, held_out = split_labelled(numbers, labels, validation_split, seed)
    weights = weigh_classes(class_weight, labels, numbers[kept])
    fitted = _ready(tokenizer)
    if not fitted.is_fitted:
        fitted.fit(labelled.texts[row] for row in kept)
    model = TextClassifier(
        fitted,
        labels,
        cell=cell,
        units=units,
        num_layers=num_layers,
        embedding_dim=embedding_dim,
        dropout=dropout,
        bigram_buckets=bigram_buckets,
        symbol_dropout=symbol_dropout,
        bidirectional=bidirectional,
        members=members,
        seed=seed,
        dtype=dtype_policy(precision),
    )
    sequences = [fitted.encode(text) for text in labelled.texts]

    def batches(rows: np.ndarray, order: int | None) -> ExampleBatches:
        chosen = [sequences[row] for row in rows]
        return ExampleBatches(chosen, numbers[rows], batch_size=batch_size, seed=order)

    facts = describe_run(model, {"texts": len(sequences), "checksum": checksum([*sequences, numbers])})
    is_resumed = run is not None and begin_run(run, resume=resume, settings=settings, facts=facts)
    _say(verbose, f"{len(sequences):,} texts, labels {', '.join(labels)}, vocabulary of {fitted.vocabulary_size:,}")
    trainer = Trainer(
        model,
        LabelOfText(weights),
        batches(kept, seed),
        batches(held_out, None) if len(held_out) else None,
        training,
        run=run,
        callbacks=callbacks,
        is_shown=verbose,
    )
    _train(trainer, facts, is_resumed, "loss")
    return model


def _recorded(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call as its run's config records them: all that decides what comes out."""
    left_out = ("out", "resume", "callbacks", "verbose", "checkpoint_seconds")
    recorded = {name: value for name, value in arguments.items() if name not in left_out}
    source, tokenizer = recorded["source"], recorded["tokenizer"]
    recorded["source"] = os.path.abspath(source) if isinstance(source, (str, os.PathLike)) else "in memory"
    recorded["tokenizer"] = tokenizer.kind if isinstance(tokenizer, Tokenizer) else tokenizer
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in recorded.items()}


def _check_shared(settings: dict[str, Any], callbacks: Any, verbose: bool, resume: bool) -> None:
    checks.one_of("cell", settings["cell"], CELLS)
    checks.positive_integer("batch_size", settings["batch_size"])
    checks.fraction("validation_split", settings["validation_split"])
    checks.integer_of_at_least(0, "seed", settings["seed"])
    checks.boolean("verbose", verbose)
    checks.boolean("resume", resume)
    if settings["patience"] is not None and settings["validation_split"] == 0:
        raise ValueError("`patience` needs validation data to wait on; received validation_split=0.")
    is_list = isinstance(callbacks, Sequence)
    if not is_list or not all(isinstance(callback, keras.callbacks.Callback) for callback in callbacks):
        raise TypeError(f"`callbacks` must be a list of Keras callbacks; received {callbacks!r}.")


def _ready(tokenizer: str | Tokenizer) -> Tokenizer:
    if isinstance(tokenizer, Tokenizer):
        return tokenizer
    name = checks.one_of("tokenizer", tokenizer, TOKENIZERS)
    return WordTokenizer(head_letters=HEAD_LETTERS) if name == "word" else make_tokenizer(name)


def _fit(tokenizer: str | Tokenizer, corpus: Corpus, verbose: bool) -> Tokenizer:
    ready = _ready(tokenizer)
    return ready if ready.is_fitted else ready.fit(_Counted(corpus, "reading", verbose))


class _Counted:
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


@contextlib.contextmanager
def _workplace(run: RunFolder | None) -> Iterator[Path]:
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


def _labelled(source: Any, text_column: str | None, label_column: str | None, encoding: str) -> LabelledTexts:
    if isinstance(source, (str, os.PathLike)):
        return read_labelled(source, text_column=text_column, label_column=label_column, encoding=encoding)
    if not isinstance(source, (tuple, list)) or len(source) != 2 or isinstance(source[0], str):
        raise TypeError(f"`source` must be a path or a pair (texts, labels); received {type(source).__name__}.")
    texts, labels = (list(part) for part in source)
    if len(texts) != len(labels) or not texts:
        raise ValueError(
            f"`source` must hold as many labels as texts, and at least one; received {len(texts)} texts and "
            f"{len(labels)} labels."
        )
    texts = [checks.string(f"texts[{n}]", text) for n, text in enumerate(texts)]
    return LabelledTexts(texts, [_label(n, label) for n, label in enumerate(labels)])


def _label(n: int, label: Any) -> str:
    """A label as a string: whole numbers may be given too."""
    if not isinstance(label, (str, int, np.integer, np.bool_)):
        raise TypeError(f"`labels[{n}]` must be a string or a whole number; received {label!r}.")
    return str(label)


def _train(trainer: Trainer, facts: dict[str, Any], is_resumed: bool, measure: str) -> None:
    model, verbose = trainer.model, trainer.is_shown
    layers = f"{model.cell} of {model.num_layers} x {model.units}"
    if isinstance(model, TextClassifier):
        layers = f"{model.members} readers, {layers}"
    _say(
        verbose,
        f"{facts['model']}, {layers}, {facts['parameters']:,} parameters ({facts['megabytes']:.1f} MB)",
    )
    _say(verbose, f"device {facts['device']}, precision {facts['precision']}")
    if is_resumed:
        trainer.restore()
        _say(verbose, f"going on from epoch {trainer.position.epoch + 1}, step {trainer.position.step}")
    trainer.train()
    run = trainer.run
    if run is not None:
        if can_draw():
            draw_curves(run.history(), measure, run.curves)
        else:
            _say(verbose, f"no {run.curves}: that takes matplotlib, pip install 'textrnn[plots]'")
        _say(verbose, f"the best model is {run.model}")


def _say(verbose: bool, text: str) -> None:
    if verbose:
        print(text, flush=True)
