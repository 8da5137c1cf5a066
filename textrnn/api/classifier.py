"""Training of a classifier."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

from textrnn import checks
from textrnn.api.common import Prepared, fit
from textrnn.api.corpus import folder_of_ids
from textrnn.api.labeled_data import EncodedData, LabeledData, encode_labeled, load_labeled_data
from textrnn.api.settings import resolve, suggests_arguments
from textrnn.api.validation import check_same_labels
from textrnn.api.wide_path import fit_wide_path
from textrnn.classification import CalibrationError
from textrnn.memory import return_freed_memory
from textrnn.models import LanguageModel, TextClassifier
from textrnn.models.precision import dtype_policy
from textrnn.models.warm_start import warm_start_classifier
from textrnn.options import ClassifierOptions, ClassifierTraining, RunOptions, TableOptions
from textrnn.options.tasks import CLASSIFIER
from textrnn.runtime.archive import read_archive
from textrnn.text import Tokenizer
from textrnn.training import LabeledBatches, LabelOfText, Trainer, begin_run, checksum, describe_run, say

MIN_CALIBRATION_TEXTS = 50  # fewer leave the temperature too uncertain to help


@suggests_arguments(CLASSIFIER)
def train_classifier(
    source: str | os.PathLike[str] | tuple[Sequence[str], Sequence[str]],
    *,
    pretrained: str | os.PathLike[str] | LanguageModel | Sequence[Any] | None = None,
    tokenizer: str | Tokenizer | None = None,
    cell: str | type | None = None,
    units: int | None = None,
    num_layers: int | None = None,
    dropout: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    class_weight: str | Mapping[str, float] | None = None,
    validation_split: float | None = None,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    verbose: bool = True,
    model: ClassifierOptions | None = None,
    training: ClassifierTraining | None = None,
    table: TableOptions | None = None,
    run: RunOptions | None = None,
) -> TextClassifier:
    """Train a classifier on labeled texts.

    The recipe decides every option that is None. Everyday options are arguments; all options can be given in
    objects, such as `model=textrnn.ClassifierOptions(ensemble_size=3)`.

    Args:
        source: `.csv`, `.tsv` or `.jsonl` file with a text and a label column, packed or not, `"-"` for standard
            input, or `(texts, labels)`. Labels are strings, numbers or booleans, as `textrnn.labels` reads them.
        pretrained: Language model, its file or its run folder; the classifier starts with its tokenizer, embedding
            and recurrent layers (Dai and Le, 2015, arXiv 1511.01432; Howard and Ruder, 2018, arXiv 1801.06146). Or
            one for each encoder, alike except for weights and direction.
        tokenizer: `"word"` (the default), `"character"`, `"byte"`, `"byte_pair"`, or a tokenizer of `textrnn.text`.
        cell: `"rnn"`, `"lstm"`, `"gru"`, `"min_gru"`, or a registered class of your own (`docs/adding_a_cell.md`).
        units: Size of each recurrent layer, in each direction.
        num_layers: Number of recurrent layers.
        dropout: Dropout after the embedding, between layers and after pooling.
        epochs: Passes over the texts.
        batch_size: Labeled texts in a training step.
        learning_rate: Peak learning rate.
        class_weight: Weight of a text by its label: None for 1, `"balanced"` to weigh rare labels more, or a
            weight for every label.
        validation_split: Fraction of each label's texts held out to choose the best weights, for `patience`, and,
            if they are 50 or more, to calibrate the model. 0, the default, trains on every text and keeps the last
            weights, which is better with only a few thousand texts.
        seed: Seed of the weights, dropout, held-out texts and order.
        out: Folder for the best model, metrics, curves and checkpoints; None saves nothing.
        resume: Whether to resume the run in `out` exactly from its last checkpoint.
        verbose: Whether to show progress.
        model: Options of the model.
        training: Options of the training.
        table: Options of reading a table.
        run: Options of the run, such as its precision.

    Returns:
        The model with the weights that are best on the held-out texts, or else the last ones.

    Raises:
        ValueError, TypeError: If an option is out of its range or of another type, or the labels are too few.
        FileNotFoundError: If `source` is a path that does not exist.
        FileExistsError: If `out` holds a run and `resume` is False.
    """
    given = {
        "pretrained": pretrained,
        "tokenizer": tokenizer,
        "cell": cell,
        "units": units,
        "num_layers": num_layers,
        "dropout": dropout,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "class_weight": class_weight,
        "validation_split": validation_split,
        "seed": seed,
        "out": out,
        "resume": resume,
        "verbose": verbose,
    }
    objects = {"model": model, "training": training, "table": table, "run": run}
    data = load_labeled_data(resolve(CLASSIFIER, source, {**given, **objects}))
    with folder_of_ids(None) as folder:
        encoded = encode_labeled(data, folder)
        data = data.without_texts()
        return_freed_memory()
        untrained = build_classifier(data)
        wide = fit_wide_path(data, encoded, untrained)
        prepared = [prepare_classifier(data, encoded, untrained, folds=wide.folds if wide is not None else 0)]
        del untrained
        trained: TextClassifier = fit(prepared.pop())  # which frees the optimizer when it has trained
        if wide is not None:
            wide.weigh(trained)
            if data.run is not None:
                trained.save(data.run.model)
    if len(data.validation):
        _calibrate(trained, data)
    return trained


def build_classifier(data: LabeledData) -> TextClassifier:
    """Build the model; its encoders start with the layers of the language models, if any."""
    settings = data.settings
    model = TextClassifier(
        data.tokenizer,
        data.labels,
        settings.model,
        seed=settings.run.seed,
        reverse=[parent.reverse for parent in data.parents] or False,
        dtype=dtype_policy(settings.run.precision),
    )
    if data.parents:
        warm_start_classifier(model, data.parents)
    return model


def prepare_classifier(data: LabeledData, encoded: EncodedData, model: TextClassifier, *, folds: int) -> Prepared:
    """Build a trainer of the encoders for the encoded texts; `folds` as in `LabelOfText`."""
    settings, run, verbose = data.settings, data.run, data.settings.run.verbose
    training, texts, held_out = settings.training, encoded.texts, encoded.validation
    batches = LabeledBatches(
        encoded.to_learn(data),
        data.numbers[data.kept],
        batch_size=training.batch_size,
        seed=settings.run.seed,
        unlabeled=encoded.unlabeled.cut(training.maximum_length),
    )
    held_out_numbers = data.validation_numbers
    validation = LabeledBatches(held_out, held_out_numbers, batch_size=training.batch_size, seed=None)
    corpus = {"texts": len(texts), "checksum": checksum(chain(texts, encoded.unlabeled, [data.numbers]))}
    if data.has_own_validation:
        corpus |= {
            "validation_texts": len(held_out),
            "validation_checksum": checksum(chain(held_out, [held_out_numbers])),
        }
    facts = describe_run(model, corpus)
    record = settings.record()
    is_resumed = run is not None and begin_run(run, resume=settings.run.resume, settings=record, facts=facts)
    named, size = checks.listed(data.labels, show=str), data.tokenizer.vocabulary_size
    say(verbose, f"{len(texts):,} texts, labels {named}, vocabulary of {size:,}")
    objective = LabelOfText(
        data.class_weights,
        training.vat_weight,
        bptt=training.bptt,
        lm_loss_weight=training.lm_loss_weight,
        language_models=data.parents,
        folds=folds,
    )
    trainer = Trainer(
        model,
        objective,
        batches,
        validation if len(held_out) else None,
        training,
        run=run,
        checkpoint_seconds=settings.run.checkpoint_seconds,
        callbacks=settings.run.callbacks,
        is_shown=verbose,
    )
    if run is not None and is_resumed and run.model.exists():
        check_same_labels(run, data.labels)
        model.temperature = read_archive(run.model).config["temperature"]  # it may have been calibrated since
    return Prepared(trainer, facts, is_resumed, "loss")


def _calibrate(model: TextClassifier, data: LabeledData) -> None:
    """Fit the temperature of a trained model, with the same result for a resumed run, even after its end."""
    run, verbose, count = data.run, data.settings.run.verbose, len(data.validation)
    if count < MIN_CALIBRATION_TEXTS:
        say(verbose, f"not calibrated: that takes {MIN_CALIBRATION_TEXTS} held-out texts, there are {count}")
        return
    previous, model.temperature = model.temperature, 1.0  # so that a repeated calibration reports the same errors
    try:
        calibration = model.calibrate(data.validation.texts, data.validation.labels)
    except CalibrationError as error:
        model.temperature = previous
        say(verbose, f"not calibrated: {error}")
        return
    say(verbose, f"calibrated on held-out texts: {calibration}")
    if run is not None:
        model.save(run.model)
        run.write_config({**run.read_config(), "calibration": asdict(calibration)})
