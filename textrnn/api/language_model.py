"""Training of a language model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.api.common import Prepared, fit
from textrnn.api.corpus import Encoded, LoadedText, Texts, encode, folder_of_ids, load_text
from textrnn.api.settings import Settings, resolve, suggests_arguments
from textrnn.api.validation import check_same_labels
from textrnn.labels import sort_labels
from textrnn.models import LanguageModel
from textrnn.models.precision import dtype_policy
from textrnn.models.warm_start import warm_start_language_model
from textrnn.options import LanguageModelOptions, LanguageModelTraining, RunOptions, TableOptions
from textrnn.options.tasks import LANGUAGE_MODEL
from textrnn.text import Tokenizer
from textrnn.training import (
    Batches,
    NextToken,
    RangeTest,
    Trainer,
    begin_run,
    checksum,
    describe_run,
    run_range_test,
    say,
    split_documents,
    split_stream,
    validation_documents,
    validation_stream,
)


@suggests_arguments(LANGUAGE_MODEL)
def train_language_model(
    source: str | os.PathLike[str] | Iterable[str],
    *,
    recipe: str = "quick",
    tokenizer: str | Tokenizer | None = None,
    cell: str | type | None = None,
    units: int | None = None,
    num_layers: int | None = None,
    dropout: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    sequence_length: int | None = None,
    learning_rate: float | None = None,
    validation_split: float | None = None,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    verbose: bool = True,
    model: LanguageModelOptions | None = None,
    training: LanguageModelTraining | None = None,
    table: TableOptions | None = None,
    run: RunOptions | None = None,
) -> LanguageModel:
    """Train a language model on text.

    The recipe decides every option that is None, by the length of the text. Everyday options are arguments; all
    options can be given in objects, such as `training=textrnn.LanguageModelTraining(patience=3)`.

    Args:
        source: Text file, folder of `.txt` files, packed or not, `"-"` for standard input, strings, or a table
            if `training` has a `condition_column` or `documents="row"`.
        recipe: `"quick"`, `"standard"` or `"best"`: each takes longer than the one before and ends with a lower loss.
        tokenizer: `"character"` (the default), `"byte"`, `"byte_pair"`, `"word"`, or a tokenizer of `textrnn.text`.
        cell: `"rnn"`, `"lstm"`, `"gru"`, `"min_gru"`, or a registered class of your own (`docs/adding_a_cell.md`).
        units: Size of each recurrent layer.
        num_layers: Number of recurrent layers.
        dropout: Dropout of each recurrent layer's outputs.
        epochs: Passes over the text.
        batch_size: Sequences in a training step.
        sequence_length: Tokens in a training window, the reach of the gradients.
        learning_rate: Peak learning rate.
        validation_split: Fraction held out to choose the best weights: the end of a continuous text, or random
            documents. 0 holds out nothing and keeps the last weights.
        seed: Seed of the weights, dropout and order.
        out: Folder for the best model, metrics, samples, curves and checkpoints; None saves nothing.
        resume: Whether to resume the run in `out` exactly from its last checkpoint.
        verbose: Whether to show progress.
        model: Options of the model.
        training: Options of the training.
        table: Options of reading a table.
        run: Options of the run, such as its precision.

    Returns:
        The model with the weights that are best on validation, in float32 as `load` returns it.

    Raises:
        ValueError, TypeError: If an option is out of its range or of another type, or the text is too short.
        FileNotFoundError: If `source` is a path that does not exist.
        FileExistsError: If `out` holds a run and `resume` is False.
    """
    given = {
        "recipe": recipe,
        "tokenizer": tokenizer,
        "cell": cell,
        "units": units,
        "num_layers": num_layers,
        "dropout": dropout,
        "epochs": epochs,
        "batch_size": batch_size,
        "sequence_length": sequence_length,
        "learning_rate": learning_rate,
        "validation_split": validation_split,
        "seed": seed,
        "out": out,
        "resume": resume,
        "verbose": verbose,
    }
    objects = {"model": model, "training": training, "table": table, "run": run}
    text = load_text(resolve(LANGUAGE_MODEL, source, {**given, **objects}))
    with prepare_language_model(text, build_language_model(text)) as prepared:
        trained: LanguageModel = fit(prepared)
    return trained


def find_learning_rate(
    source: str | os.PathLike[str] | Iterable[str], *, highest: float = 1.0, steps: int = 200, **options: Any
) -> RangeTest:
    """Run a learning-rate range test on a text (Smith, 2017, arXiv 1506.01186).

    Args:
        source: As for `train_language_model`.
        highest: Last learning rate of the test, which starts at 1e-5 of it and ends early if the loss rises.
        steps: Number of steps of the test.
        **options: Any other argument of `train_language_model`; nothing is saved in `out`.

    Returns:
        Rates, losses and a suggestion for `learning_rate`.

    Raises:
        ValueError, TypeError: As `train_language_model`.
    """
    checks.positive_number("highest", highest)
    checks.integer_of_at_least(20, "steps", steps)
    text = load_text(resolve(LANGUAGE_MODEL, source, {**options, "out": None, "resume": False}))
    with prepare_language_model(text, build_language_model(text)) as prepared:
        return run_range_test(prepared.trainer, highest, steps)


def build_language_model(text: LoadedText) -> LanguageModel:
    """Build the model, with the weights of the language model it starts from, if any."""
    settings = text.settings
    model = LanguageModel(
        text.tokenizer,
        settings.model,
        labels=sort_labels(set(text.texts.labels)),
        end_of_text=text.texts.corpus.documents is not None,
        seed=settings.run.seed,
        dtype=dtype_policy(settings.run.precision),
    )
    if text.parent is not None:
        warm_start_language_model(model, text.parent)
    return model


@contextlib.contextmanager
def prepare_language_model(text: LoadedText, model: LanguageModel) -> Iterator[Prepared]:
    """Encode the text and build a trainer for it; the encoded ids exist within this context."""
    settings, run, verbose = text.settings, text.run, text.settings.run.verbose
    with folder_of_ids(run) as folder:
        encoded = encode(text.texts, text.tokenizer, folder, "ids", verbose)
        held_out = None
        if text.validation is not None:
            held_out = encode(text.validation, text.tokenizer, folder, "validation", verbose)
        batches, validation = _split(encoded, held_out, model, settings)
        facts = describe_run(model, _describe_corpus(encoded, held_out))
        record = settings.record()
        is_resumed = run is not None and begin_run(run, resume=settings.run.resume, settings=record, facts=facts)
        if run is not None and is_resumed and run.model.exists():
            check_same_labels(run, model.labels)
        name, size = text.texts.corpus.name, text.tokenizer.vocabulary_size
        say(verbose, f"{name}: {encoded.characters:,} characters, vocabulary of {size}")
        encoded.keep(folder)
        if held_out is not None:
            held_out.keep(folder)
            say(verbose, f"validated on {held_out.texts.corpus.name}: {held_out.characters:,} characters")
        objective = _objective(settings, encoded)
        trainer = Trainer(
            model,
            objective,
            batches,
            validation,
            settings.training,
            validation_objective=objective if held_out is None else _objective(settings, held_out),
            run=run,
            checkpoint_seconds=settings.run.checkpoint_seconds,
            callbacks=settings.run.callbacks,
            sample=None if model.reverse else lambda: _write_sample(model, settings.run.seed),
            is_shown=verbose,
        )
        yield Prepared(trainer, facts, is_resumed, "bits_per_character")


def _objective(settings: Settings, encoded: Encoded) -> NextToken:
    training = settings.training
    return NextToken(
        tokens_per_character=encoded.tokens_per_character,
        activation_regularization=training.activation_regularization,
        temporal_activation_regularization=training.temporal_activation_regularization,
        has_lags=training.gradient_by_lag,
    )


def _describe_corpus(encoded: Encoded, held_out: Encoded | None) -> dict[str, int]:
    """Facts of the corpus that a resumed run must match."""
    facts = {"tokens": len(encoded.ids), "checksum": checksum([encoded.ids])}
    if held_out is None:
        return facts
    return {**facts, "validation_tokens": len(held_out.ids), "validation_checksum": checksum([held_out.ids])}


def _split(
    encoded: Encoded, held_out: Encoded | None, model: LanguageModel, settings: Settings
) -> tuple[Batches, Batches | None]:
    """Training and validation batches of a continuous text or of documents."""
    training, seed = settings.training, settings.run.seed
    shape = {"batch_size": training.batch_size, "sequence_length": training.sequence_length}
    if encoded.texts.corpus.documents is None:
        offsets = seed if training.random_offsets else None
        batches, validation = split_stream(encoded.ids, training.validation_split, **shape, seed=offsets)
    else:
        labels = _numbers(encoded.texts, model.labels)
        order: dict[str, Any] = {"seed": seed, "reverse": model.reverse}
        batches, validation = split_documents(encoded.ids, training.validation_split, **shape, **order, labels=labels)
    return batches, validation if held_out is None else _validation(held_out, model, settings)


def _validation(encoded: Encoded, model: LanguageModel, settings: Settings) -> Batches:
    batch_size = settings.training.batch_size
    if encoded.texts.corpus.documents is not None:
        return validation_documents(
            encoded.ids,
            labels=_numbers(encoded.texts, model.labels),
            batch_size=batch_size,
            sequence_length=settings.training.sequence_length,
            reverse=model.reverse,
        )
    if len(encoded.ids) < 2:
        raise ValueError("`validation_data` must hold at least 2 tokens; it holds 1.")
    return validation_stream(encoded.ids, batch_size)


def _numbers(texts: Texts, labels: Sequence[str]) -> np.ndarray | None:
    """Number of each document's label, int32 `[documents]`; None without labels."""
    number_of = {label: number for number, label in enumerate(labels)}
    return np.array([number_of[label] for label in texts.labels], np.int32) if labels else None


def _write_sample(model: LanguageModel, seed: int) -> str:
    condition = model.labels[0] if model.labels else None
    return str(model.generate(length=200, temperature=0.8, seed=seed, condition=condition))
