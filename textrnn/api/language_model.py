"""From text to a trained language model."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import keras
import numpy as np

from textrnn import checks
from textrnn.api.common import (
    check_labels,
    check_same_labels,
    check_shared,
    fill,
    open_language_model,
    reading_validation_data,
    record_settings,
    run_trainer,
    settle_validation,
    table_beside,
)
from textrnn.api.corpus import (
    Encoded,
    Texts,
    count_characters,
    encode,
    fit,
    open_texts,
    warn_of_repeated_passages,
    workplace,
)
from textrnn.labels import in_order
from textrnn.models import LanguageModel
from textrnn.models.inheritance import inherit_weights
from textrnn.models.precision import dtype_policy, resolve_precision
from textrnn.models.saving import in_float32
from textrnn.text import TableFormat, Tokenizer
from textrnn.training import (
    RECIPES,
    Batches,
    NextSymbol,
    RangeTest,
    RunFolder,
    Trainer,
    TrainingSettings,
    begin_run,
    checksum,
    claim_run,
    describe_run,
    make_recipe,
    run_range_test,
    say,
    split_documents,
    split_stream,
    validation_documents,
    validation_stream,
)

INHERITED = ("cell", "units", "num_layers", "embedding_dim", "layer_norm", "residual", "tie_embeddings", "reverse")
OF_THE_MODEL = (
    *INHERITED,
    "input_dropout",
    "dropout",
    "output_dropout",
    "embedding_dropout",
    "weight_drop",
    "zoneout",
    "negatives",
)
NEGATIVES = 2048
OF_TRAINING = ("epochs", "learning_rate", "weight_decay", "clip_norm", "warmup", "schedule", "weight_averaging")


def train_language_model(
    source: str | os.PathLike[str] | Iterable[str],
    *,
    recipe: str = "quick",
    tokenizer: str | Tokenizer | None = None,
    cell: str | None = None,
    units: int | None = None,
    num_layers: int | None = None,
    embedding_dim: int | None = None,
    input_dropout: float | None = None,
    dropout: float | None = None,
    output_dropout: float | None = None,
    embedding_dropout: float | None = None,
    weight_drop: float | None = None,
    zoneout: float | None = None,
    layer_norm: bool | None = None,
    residual: bool | None = None,
    tie_embeddings: bool | None = None,
    negatives: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    sequence_length: int | None = None,
    random_offsets: bool | None = None,
    learning_rate: float | None = None,
    schedule: str | None = None,
    warmup: float | None = None,
    weight_decay: float | None = None,
    clip_norm: float | None = None,
    activation_penalty: float | None = None,
    change_penalty: float | None = None,
    weight_averaging: float | None = None,
    patience: int | None = None,
    validation_split: float | None = None,
    validation_data: str | os.PathLike[str] | Iterable[str] | None = None,
    documents: Literal["line", "file", "string", "row"] | None = None,
    reverse: bool | None = None,
    condition: str | int | None = None,
    text_column: str | int | None = None,
    init_from: str | os.PathLike[str] | LanguageModel | None = None,
    gradient_by_lag: bool = False,
    encoding: str = "utf-8",
    table: TableFormat | None = None,
    precision: str = "auto",
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 60.0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool = True,
) -> LanguageModel:
    """Train a language model on text.

    Where an argument's default is None the recipe decides, by the length of the text; `textrnn.training.recipes` has
    the numbers.

    Args:
        source: A text file, a folder of `.txt` files, or strings; with `condition` a `.csv`, `.tsv` or `.jsonl` file.
            Files may be packed (.gz, .bz2, .xz, .zst); `"-"` is standard input.
        recipe: `"quick"`, `"standard"` or `"best"`: each takes longer than the one before and ends with a lower loss.
        tokenizer: `"character"`, `"byte"`, `"byte_pair"`, `"word"`, or a tokenizer of `textrnn.text`, fitted or not;
            by default that of `init_from`, else `"character"`.
        cell: `"rnn"`, `"lstm"`, `"gru"` or `"min_gru"`.
        units: Size of each recurrent layer.
        num_layers: How many are stacked.
        embedding_dim: Size of a symbol's embedding.
        input_dropout: Fraction of the embeddings' features dropped while training, as `LanguageModel` says.
        dropout: Fraction of each recurrent layer's outputs dropped while training.
        output_dropout: The same for the last layer.
        embedding_dropout: Fraction of the symbols whose embedding is dropped.
        weight_drop: Fraction of each recurrent kernel dropped.
        zoneout: How likely a unit keeps its state at a step.
        layer_norm: Whether the outputs of each layer are normalised.
        residual: Whether each layer but the first adds its outputs to its inputs.
        tie_embeddings: Whether the output shares the embedding's weights.
        negatives: How many symbols the right one is told from while training; 0 for all, by default 2,048 of a
            vocabulary of more than four times as many.
        epochs: Passes over the text.
        batch_size: How many places of the text are read at once.
        sequence_length: Steps a gradient reaches back; the state is carried on from window to window.
        random_offsets: Whether the windows of each epoch of a continuous text are cut at other places.
        learning_rate: The peak.
        schedule: What follows the warm-up: `"cosine"`, `"one_cycle"` or `"constant"`, as `Schedule` says.
        warmup: Fraction of all steps over which the learning rate rises.
        weight_decay: Of AdamW.
        clip_norm: The gradient's largest global norm.
        activation_penalty: What the mean square of the outputs costs, as `NextSymbol` says.
        change_penalty: What the mean square of their changes costs.
        weight_averaging: How much of the weights' exponential average stays at a step; 0 averages nothing.
        patience: Epochs without a better validation loss after which training stops; None never stops early.
        validation_split: Fraction held out to tell which weights are best: the end of a continuous text, or a
            random choice of documents; 0.1 unless there is `validation_data`. 0 holds out nothing and keeps the last
            weights.
        validation_data: Text of your own for the same, given and read as `source` is, instead of a part of it.
        documents: None for one continuous text; `"line"`, `"file"`, `"string"` or `"row"` for many that end, one a
            line, a file of a folder, a string, or a row of a table. The model then learns where a text ends.
        reverse: Whether documents are read from their end, for a classifier that reads both ways: as `LanguageModel`
            says. Not by default.
        condition: The column of a table whose labels the texts are conditioned on: each row is then a document, and
            `generate(condition=...)` writes one of that label.
        text_column: The table's text column, by name, or by number from 1 in a table without a header; by default
            `text`, `sentence` or `review`.
        init_from: A language model, its file or its run folder, whose cell, sizes and weights this one starts with.
            Symbols it does not know are added to its vocabulary; their weights start as the mean of the others'.
        gradient_by_lag: Whether the metrics say, epoch by epoch, how far back gradients reach.
        encoding: Of the files; a byte-order mark counts for more.
        table: How the table is written, where its name does not say so: delimiter, quotes, columns without a header.
        precision: `"float32"`, `"bfloat16"` (products only; states, sums and weights stay float32), or `"auto"`:
            bfloat16 where the processor has instructions for it.
        seed: For the weights, dropout, offsets and the order of documents.
        out: Folder for the best model, metrics, samples, curves and checkpoints; None keeps nothing.
        resume: Whether to go on with the run in `out`, exactly where its last checkpoint was.
        checkpoint_seconds: Time between checkpoints.
        callbacks: Keras callbacks, but for those that set the learning rate.
        verbose: Whether to show progress.

    Returns:
        The model with the weights that did best on validation, in float32 as `load` reads it.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type, or the text is too short.
        FileNotFoundError: If `source` is a path that does not exist.
        FileExistsError: If `out` holds a run and `resume` is False.
    """
    with prepared_trainer(**locals()) as (trainer, facts, is_resumed):
        run_trainer(trainer, facts, is_resumed, "bits_per_character")
    return in_float32(trainer.model)


def find_learning_rate(
    source: str | os.PathLike[str] | Iterable[str], *, highest: float = 1.0, steps: int = 200, **options: Any
) -> RangeTest:
    """See at which learning rates a model learns a text: a range test (Smith, 2017, arXiv 1506.01186).

    Args:
        source: As for `train_language_model`.
        highest: The rate the test ends with, unless the loss has risen before; it begins at 1e-5 of it.
        steps: How many steps the rate takes to get there.
        **options: Any other argument of `train_language_model`; nothing is kept in `out`.

    Returns:
        Rates, losses and a suggestion for `learning_rate`.

    Raises:
        What `train_language_model` raises.
    """
    checks.positive_number("highest", highest)
    checks.integer_of_at_least(20, "steps", steps)
    bound = inspect.signature(train_language_model).bind(source, **{**options, "out": None, "resume": False})
    bound.apply_defaults()
    with prepared_trainer(**bound.arguments) as (trainer, _, _):
        return run_range_test(trainer, highest, steps)


@contextlib.contextmanager
def prepared_trainer(
    *,
    source: Any,
    tokenizer: str | Tokenizer | None,
    init_from: Any,
    out: Any,
    resume: bool,
    checkpoint_seconds: float,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: bool,
    **settings: Any,
) -> Iterator[tuple[Trainer, dict[str, Any], bool]]:
    """From the arguments of `train_language_model` to a trainer, what it runs on and with, and whether it goes on
    with a run. Within it the text lies where the trainer reads it."""
    settings["precision"] = resolve_precision(settings["precision"])
    checks.one_of("recipe", settings["recipe"], RECIPES)
    checks.boolean("gradient_by_lag", settings["gradient_by_lag"])
    settle_validation(settings, default=0.1)
    of_text = ("documents", "condition", "text_column", "encoding", "table")
    run = claim_run(out, resume=resume)
    texts = open_texts(source, **{name: settings[name] for name in of_text})
    aside = _open_validation(settings, texts, of_text)
    parent = _open_parent(init_from, run)
    inherited = {} if parent is None else {name: getattr(parent, name) for name in INHERITED}
    fill(settings, inherited, fixed_by="init_from")
    if parent is not None:
        fill(settings, {"zoneout": parent.zoneout})  # part of what the model computes, but free to be changed
    fill(settings, make_recipe(settings["recipe"], count_characters(texts.corpus, verbose), settings["cell"]))
    training = TrainingSettings(
        patience=settings["patience"],
        checkpoint_seconds=checkpoint_seconds,
        **{name: settings[name] for name in OF_TRAINING},
    )
    check_shared(settings, callbacks, verbose, resume)
    checks.positive_integer("sequence_length", settings["sequence_length"])
    checks.boolean("random_offsets", settings["random_offsets"])
    objective = NextSymbol(
        activation_penalty=settings["activation_penalty"],
        change_penalty=settings["change_penalty"],
        has_lags=settings["gradient_by_lag"],
    )
    seed, fitted = settings["seed"], fit(tokenizer, parent, texts.corpus, verbose)
    fill(settings, {"negatives": NEGATIVES if fitted.vocabulary_size > 4 * NEGATIVES else 0, "reverse": False})
    model = LanguageModel(
        fitted,
        labels=in_order(set(texts.labels)),
        documents=texts.corpus.documents is not None,
        seed=seed,
        dtype=dtype_policy(settings["precision"]),
        **{name: settings[name] for name in OF_THE_MODEL},
    )
    if parent is not None:
        inherit_weights(model, parent)
    with workplace(run) as folder:
        encoded = encode(texts, fitted, folder, "ids", verbose)
        held_out = None if aside is None else encode(aside, fitted, folder, "validation", verbose)
        batches, validation = _split(encoded, settings)
        facts = {"symbols": len(encoded.ids), "checksum": checksum([encoded.ids])}
        if held_out is not None:
            validation = _validation(held_out, model.labels, settings)
            facts |= {"validation_symbols": len(held_out.ids), "validation_checksum": checksum([held_out.ids])}
        facts = describe_run(model, facts)
        recorded = record_settings({"source": source, "tokenizer": fitted, "init_from": init_from, **settings})
        is_resumed = run is not None and begin_run(run, resume=resume, settings=recorded, facts=facts)
        if run is not None and is_resumed and run.model.exists():
            check_same_labels(run, model.labels)
        say(
            verbose, f"{texts.corpus.name}: {encoded.characters:,} characters, vocabulary of {fitted.vocabulary_size}"
        )
        encoded.keep(folder)
        if held_out is not None:
            held_out.keep(folder)
            say(verbose, f"validated on {held_out.texts.corpus.name}: {held_out.characters:,} characters")
        trainer = Trainer(
            model,
            dataclasses.replace(objective, symbols_per_character=encoded.symbols_per_character),
            batches,
            validation,
            training,
            validation_objective=dataclasses.replace(
                objective, symbols_per_character=(held_out or encoded).symbols_per_character
            ),
            run=run,
            callbacks=callbacks,
            sample=None if model.reverse else lambda: _write_sample(model, seed),
            is_shown=verbose,
        )
        yield trainer, facts, is_resumed


def _open_validation(settings: dict[str, Any], texts: Texts, of_text: Sequence[str]) -> Texts | None:
    if settings["validation_data"] is None:
        return None
    with reading_validation_data():
        given = {name: settings[name] for name in of_text}
        is_text = given["condition"] is None and given["documents"] != "row"
        given["table"] = given["table"] if is_text else table_beside(given["table"], settings["validation_data"])
        aside = open_texts(settings["validation_data"], **given)
    check_labels(aside.labels, in_order(set(texts.labels)))
    warn_of_repeated_passages(aside.corpus, texts.corpus)
    return aside


def _split(encoded: Encoded, settings: dict[str, Any]) -> tuple[Batches, Batches | None]:
    ids, texts, split = encoded.ids, encoded.texts, settings["validation_split"]
    shape = {name: settings[name] for name in ("batch_size", "sequence_length")}
    if texts.corpus.documents is None:
        order = settings["seed"] if settings["random_offsets"] else None
        return split_stream(ids, split, **shape, seed=order)
    order = {"seed": settings["seed"], "reverse": settings["reverse"]}
    return split_documents(ids, split, **shape, **order, labels=_numbers(texts, in_order(set(texts.labels))))


def _validation(encoded: Encoded, labels: Sequence[str], settings: dict[str, Any]) -> Batches:
    if encoded.texts.corpus.documents is not None:
        options = {name: settings[name] for name in ("batch_size", "sequence_length", "reverse")}
        return validation_documents(encoded.ids, labels=_numbers(encoded.texts, labels), **options)
    if len(encoded.ids) < 2:
        raise ValueError("`validation_data` must hold at least 2 symbols; it holds 1.")
    return validation_stream(encoded.ids, settings["batch_size"])


def _numbers(texts: Texts, labels: Sequence[str]) -> np.ndarray | None:
    """The number of each document's label, int32 `[documents]`; None without labels."""
    number_of = {label: number for number, label in enumerate(labels)}
    return np.array([number_of[label] for label in texts.labels], np.int32) if labels else None


def _open_parent(init_from: Any, run: RunFolder | None) -> LanguageModel | None:
    """The model to begin with. A run that goes on has its symbols and sizes, and its checkpoint the weights."""
    if init_from is None:
        return None
    if run is not None and run.checkpoint.exists() and run.model.exists():
        init_from = run.path
    return open_language_model("init_from", init_from)


def _write_sample(model: LanguageModel, seed: int) -> str:
    condition = model.labels[0] if model.labels else None
    return str(model.generate(length=200, temperature=0.8, seed=seed, condition=condition))
