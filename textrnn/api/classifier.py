"""From labelled texts to a trained classifier."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np

from textrnn import checks
from textrnn.api.common import (
    check_labels,
    check_same_labels,
    check_shared,
    describe_without_words,
    fill,
    find_without_words,
    make_ready,
    name_of,
    open_language_model,
    reading_validation_data,
    record_settings,
    run_trainer,
    settle_validation,
    table_beside,
    warn_of_no_words,
)
from textrnn.api.examples import open_labelled, open_unlabelled, warn_of_repeated
from textrnn.classification import CalibrationError
from textrnn.labels import in_order
from textrnn.models import LanguageModel, TextClassifier
from textrnn.models.inheritance import inherit_encoder
from textrnn.models.precision import dtype_policy, resolve_precision
from textrnn.models.saving import in_float32
from textrnn.runtime.archive import read_archive
from textrnn.text import LabelledTexts, TableFormat, Tokenizer
from textrnn.training import (
    ExampleBatches,
    LabelOfText,
    RunFolder,
    Trainer,
    TrainingSettings,
    begin_run,
    checksum,
    claim_run,
    describe_run,
    make_classifier_recipe,
    say,
    split_labelled,
    weigh_classes,
)

CALIBRATED_FROM = 50  # held-out texts: fewer leave the temperature too uncertain to help
INHERITED = ("tokenizer", "cell", "units", "num_layers", "embedding_dim")
OF_THE_MODEL = (
    *INHERITED[1:],
    "ngrams",
    "ngram_buckets",
    "ngram_dim",
    "dropout",
    "symbol_dropout",
    "weight_drop",
    "bidirectional",
    "pooling",
    "members",
)
OF_TRAINING = (
    "epochs",
    "learning_rate",
    "weight_decay",
    "clip_norm",
    "warmup",
    "layer_discount",
    "unfreezing",
)


def train_classifier(
    source: str | os.PathLike[str] | tuple[Sequence[str], Sequence[str]],
    *,
    pretrained: str | os.PathLike[str] | LanguageModel | Sequence[Any] | None = None,
    tokenizer: str | Tokenizer | None = None,
    cell: str | None = None,
    units: int | None = None,
    num_layers: int | None = None,
    embedding_dim: int | None = None,
    ngrams: int | None = None,
    ngram_buckets: int | None = None,
    ngram_dim: int | None = None,
    dropout: float | None = None,
    symbol_dropout: float | None = None,
    weight_drop: float | None = None,
    bidirectional: bool | None = None,
    pooling: str = "concat",
    members: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    layer_discount: float | None = None,
    unfreezing: float | None = None,
    weight_decay: float = 0.01,
    clip_norm: float = 1.0,
    warmup: float = 0.1,
    patience: int | None = None,
    smoothness: float = 0.0,
    unlabelled: str | os.PathLike[str] | Iterable[str] | None = None,
    bptt: int | None = None,
    maximum_length: int | None = None,
    language_model_loss: float = 0.0,
    class_weight: str | Mapping[str, float] | None = None,
    validation_split: float = 0.0,
    validation_data: str | os.PathLike[str] | tuple[Sequence[str], Sequence[str]] | None = None,
    text_column: str | int | None = None,
    label_column: str | int | None = None,
    encoding: str = "utf-8",
    table: TableFormat | None = None,
    precision: str = "auto",
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 60.0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool = True,
) -> TextClassifier:
    """Train a classifier on labelled texts.

    Where an argument's default is None it depends on the tokenizer and on whether there is a pretrained model;
    `textrnn.training.recipes` has the numbers.

    Args:
        source: A `.csv`, `.tsv` or `.jsonl` file with a text and a label column, packed or not, `"-"` for standard
            input, or `(texts, labels)`. Labels are strings, numbers or truth values, as `textrnn.labels` reads them.
        pretrained: A language model, its file or its run folder, that has read many texts of the kind: its tokenizer,
            embedding and recurrent layers are where the classifier begins (Dai and Le, 2015, arXiv 1511.01432; Howard
            and Ruder, 2018, arXiv 1801.06146). Of several, alike but for their weights and for `reverse`, each gives
            one reader its layers.
        tokenizer: `"word"`, `"character"`, `"byte"`, `"byte_pair"`, or a tokenizer of `textrnn.text`, fitted or not.
            By default `"word"`, or `"character"` where too many texts put no spaces between words, as those in
            Chinese, Japanese or Thai do (`textrnn.text.find_unspaced`).
        cell: `"rnn"`, `"lstm"`, `"gru"` or `"min_gru"`.
        units: Size of each recurrent layer, in each direction.
        num_layers: How many are stacked.
        embedding_dim: Size of a symbol's embedding.
        ngrams: How many symbols the longest n-gram has: 2 for pairs, 3 for pairs and threes; more than 2 need
            `ngram_buckets`.
        ngram_buckets: How many hashed vectors of n-grams are added to those of single symbols; 0 for none.
        ngram_dim: Size of what is kept of an n-gram, from which a matrix that all share makes its vector, so that
            many take little memory; None keeps whole vectors.
        dropout: Fraction dropped after the embedding, between layers and after pooling.
        symbol_dropout: Fraction of the symbols made unknown while training.
        weight_drop: Fraction of each recurrent kernel dropped.
        bidirectional: Whether each layer also reads backwards.
        pooling: `"concat"` (last output, mean and maximum) or `"attention"` (last output and a weighted mean).
        members: How many readers are trained side by side, their probabilities averaged.
        epochs: Passes over the texts.
        batch_size: Labelled texts a step.
        learning_rate: The peak of a warm-up and a cosine decay.
        layer_discount: What the learning rate is multiplied by from each layer to the one below it, so that what was
            learnt before changes less than what is new.
        unfreezing: How many epochs each layer waits for the one above it, before it begins to learn.
        weight_decay: Of AdamW.
        clip_norm: The gradient's largest global norm.
        warmup: Fraction of all steps over which the learning rate rises.
        patience: Epochs without more right answers on the held-out texts, or as many and a lower loss, after which
            training stops.
        smoothness: How much it counts, beside the labels, that an answer stays the same where a text's embeddings are
            moved a little in the worst direction: virtual adversarial training (Miyato et al., 2017, arXiv
            1605.07725), for three times the work; 0 for nothing.
        unlabelled: More texts of the kind, without labels, or a file of them, which `smoothness` counts for as well:
            each epoch reads as many of them as there are labelled ones, the next epoch others, and each step so many
            more texts.
        bptt: How many of a text's symbols, those read last, gradients reach: truncated back-propagation through time.
            What was read before is remembered and pooled all the same. None for all.
        maximum_length: How many symbols of a text are trained on, the last ones; answers are of whole texts all the
            same. None for all.
        language_model_loss: How much predicting each next symbol counts beside the labels, which keeps alive what a
            pretrained model has learnt; 0 for nothing.
        class_weight: What a text of each label counts: None for all the same, `"balanced"` for as much as the label
            is rare, or a weight for every label.
        validation_split: Fraction of each label's texts held out to tell which weights are best, for `patience`, and,
            where they are 50 or more, to calibrate the model on at the end (`TextClassifier.calibrate`; what that
            did is under `calibration` in the run's config). 0, the default as in Keras, learns from every text and
            keeps the last weights: on a few thousand texts those held out are missed more than they help.
        validation_data: Labelled texts of your own for the same, given as `source` is, instead of a part of it; a
            table is read with the same columns and encoding.
        text_column: Name of the text column, or its number from 1 in a table without a header; by default `text`,
            `sentence` or `review`.
        label_column: The same of the labels; by default `label` or `sentiment`.
        encoding: Of the file; a byte-order mark counts for more.
        table: How it is written, where its name does not say so: delimiter, quotes, columns without a header.
        precision: `"float32"`, `"bfloat16"` (products only; states, sums and weights stay float32), or `"auto"`:
            bfloat16 where the processor has instructions for it.
        seed: For the weights, dropout, the held-out texts and the order.
        out: Folder for the best model, metrics, curves and checkpoints; None keeps nothing.
        resume: Whether to go on with the run in `out`, exactly where its last checkpoint was.
        checkpoint_seconds: Time between checkpoints.
        callbacks: Keras callbacks, but for those that set the learning rate.
        verbose: Whether to show progress.

    Returns:
        The model with the weights that did best on what was held out, or else the last ones.

    Raises:
        ValueError, TypeError: If an argument is out of its range or of another type, or the labels are too few.
        FileNotFoundError: If `source` is a path that does not exist.
        FileExistsError: If `out` holds a run and `resume` is False.
    """
    settings = {**locals(), "precision": resolve_precision(precision)}
    if maximum_length is not None:
        checks.positive_integer("maximum_length", maximum_length)
    settle_validation(settings, default=0.0)
    given = dict(settings)
    parents = _settle(settings, _open_encoders(pretrained))
    if bptt is not None and settings["bidirectional"]:
        raise ValueError(f"`bptt` needs readers that read one way, bidirectional=False; received {bptt!r}.")
    if language_model_loss and not parents:
        raise ValueError(
            f"`language_model_loss` needs a `pretrained` language model; received {language_model_loss!r} without."
        )
    if unlabelled is not None and not smoothness:
        raise ValueError("`unlabelled` texts teach nothing but `smoothness`; received smoothness=0.")
    training = TrainingSettings(
        patience=patience, checkpoint_seconds=checkpoint_seconds, **{name: settings[name] for name in OF_TRAINING}
    )
    check_shared(settings, callbacks, verbose, resume)
    run = claim_run(out, resume=resume)
    labelled = open_labelled(source, text_column, label_column, encoding, table)
    aside = None
    if validation_data is not None:
        with reading_validation_data():
            beside = table_beside(table, validation_data)
            aside = open_labelled(validation_data, text_column, label_column, encoding, beside)
    unlabelled_texts = open_unlabelled(unlabelled, text_column, encoding, table)
    labels = in_order(set(labelled.labels))
    if len(labels) < 2:
        raise ValueError(f"`source` must hold at least two different labels; it holds only {labels[0]!r}.")
    number_of = {label: number for number, label in enumerate(labels)}
    numbers = np.array([number_of[label] for label in labelled.labels])
    kept, held_out = split_labelled(numbers, labels, settings["validation_split"], seed)
    if aside is None:
        aside = LabelledTexts([labelled.texts[row] for row in held_out], [labelled.labels[row] for row in held_out])
    else:
        check_labels(aside.labels, labels)
    learned_from = [labelled.texts[row] for row in kept]
    warn_of_repeated(aside.texts, set(learned_from))
    unspaced = find_without_words(settings["tokenizer"], learned_from)
    if unspaced is not None and given["tokenizer"] is None and not parents:
        say(verbose, f"{describe_without_words(unspaced)}. Reading characters, not words")
        settings = {**given, "tokenizer": "character"}
        _settle(settings, parents)
    elif unspaced is not None:
        warn_of_no_words(unspaced, stacklevel=3)
    weights = weigh_classes(class_weight, labels, numbers[kept])
    if isinstance(class_weight, Mapping):
        settings["class_weight"] = dict(zip(labels, weights.tolist(), strict=True))
    fitted = make_ready(settings["tokenizer"])
    if not fitted.is_fitted:
        fitted.fit(learned_from)
    model = TextClassifier(
        fitted,
        labels,
        seed=seed,
        reverse=[parent.reverse for parent in parents] or False,
        dtype=dtype_policy(settings["precision"]),
        **{name: settings[name] for name in OF_THE_MODEL},
    )
    if parents:
        inherit_encoder(model, parents)
    sequences = [fitted.encode(text) for text in labelled.texts]
    more = [fitted.encode(text) for text in unlabelled_texts]

    def cut(sequence: np.ndarray) -> np.ndarray:
        return sequence if maximum_length is None else sequence[-maximum_length:]

    read = ExampleBatches(
        [cut(sequences[row]) for row in kept],
        numbers[kept],
        batch_size=settings["batch_size"],
        seed=seed,
        unlabelled=[cut(sequence) for sequence in more],
    )
    aside_sequences = [fitted.encode(text) for text in aside.texts]
    aside_numbers = np.array([number_of[label] for label in aside.labels], int)
    validation = ExampleBatches(aside_sequences, aside_numbers, batch_size=settings["batch_size"], seed=None)
    corpus = {"texts": len(sequences), "checksum": checksum([*sequences, *more, numbers])}
    if validation_data is not None:
        corpus |= {"validation_texts": len(aside), "validation_checksum": checksum([*aside_sequences, aside_numbers])}
    facts = describe_run(model, corpus)
    recorded = record_settings({**settings, "pretrained": [name_of(one) for one in _listed(pretrained)] or None})
    is_resumed = run is not None and begin_run(run, resume=resume, settings=recorded, facts=facts)
    named = checks.listed(labels, show=str)
    say(verbose, f"{len(sequences):,} texts, labels {named}, vocabulary of {fitted.vocabulary_size:,}")
    trainer = Trainer(
        model,
        LabelOfText(weights, smoothness, bptt=bptt, language_model_loss=language_model_loss, language_models=parents),
        read,
        validation if len(aside) else None,
        training,
        run=run,
        callbacks=callbacks,
        is_shown=verbose,
    )
    if run is not None and is_resumed and run.model.exists():
        check_same_labels(run, labels)
        model.temperature = read_archive(run.model).config["temperature"]  # it may have been calibrated meanwhile
    run_trainer(trainer, facts, is_resumed, "loss")
    model = in_float32(model)
    if len(aside):
        _calibrate(model, aside, run, verbose)
    return model


def _settle(settings: dict[str, Any], parents: list[LanguageModel]) -> list[LanguageModel]:
    """Give settings that were left to None their values, and each reader a language model to begin with, if any."""
    for name in INHERITED:
        found = [getattr(parent, name) for parent in parents]
        if any(one != found[0] for one in found):
            raise ValueError(f"`pretrained` must be language models of the same `{name}`; received {found}.")
    for parent in parents:
        if settings["tokenizer"] == parent.tokenizer.kind:
            settings["tokenizer"] = None  # as the settings of a run that is resumed have it
        inherited = {name: getattr(parent, name) for name in INHERITED}
        fill(settings, {**inherited, "bidirectional": False}, fixed_by="pretrained")
    if len(parents) > 1:
        fill(settings, {"members": len(parents)}, fixed_by="pretrained")
    tokenizer = settings["tokenizer"]
    kind = tokenizer.kind if isinstance(tokenizer, Tokenizer) else tokenizer
    recipe = make_classifier_recipe(kind, parents[0].cell if parents else None)
    fill(settings, {"ngram_buckets": recipe["ngram_buckets"]})
    fill(settings, recipe if settings["ngram_buckets"] else {**recipe, "ngrams": 2})
    checks.positive_integer("members", settings["members"])
    return parents * settings["members"] if len(parents) == 1 else parents


def _open_encoders(pretrained: Any) -> list[LanguageModel]:
    """The language models whose layers a classifier can begin with."""
    models = [open_language_model("pretrained", one) for one in _listed(pretrained)]
    for model in models:
        for name in ("layer_norm", "residual", "zoneout", "labels"):
            if getattr(model, name):
                raise ValueError(
                    f"`pretrained` must be a language model without `{name}`, which a classifier does not have; "
                    f"received one with {name}={getattr(model, name)!r}."
                )
    return models


def _listed(pretrained: Any) -> list[Any]:
    """None, one or several, as a list."""
    if pretrained is None:
        return []
    return list(pretrained) if isinstance(pretrained, (list, tuple)) else [pretrained]


def _calibrate(model: TextClassifier, aside: LabelledTexts, run: RunFolder | None, verbose: bool) -> None:
    """Fit the temperature of a trained model, the same for a run that was resumed, even after its end."""
    if len(aside) < CALIBRATED_FROM:
        say(verbose, f"not calibrated: that takes {CALIBRATED_FROM} held-out texts, there are {len(aside)}")
        return
    found_later, model.temperature = model.temperature, 1.0  # so that what stands before is the same as at first
    try:
        calibration = model.calibrate(aside.texts, aside.labels)
    except CalibrationError as error:
        model.temperature = found_later
        say(verbose, f"not calibrated: {error}")
        return
    say(verbose, f"calibrated on held-out texts: {calibration}")
    if run is not None:
        model.save(run.model)
        run.write_config({**run.read_config(), "calibration": asdict(calibration)})
