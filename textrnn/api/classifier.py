"""From labelled texts to a trained classifier."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from textrnn import checks
from textrnn.api.common import check_shared, make_ready, record_settings, run_trainer, say
from textrnn.models import TextClassifier
from textrnn.models.precision import dtype_policy, resolve_precision
from textrnn.text import LabelledTexts, Tokenizer, read_labelled
from textrnn.training import (
    ExampleBatches,
    LabelOfText,
    Trainer,
    TrainingSettings,
    begin_run,
    checksum,
    claim_run,
    describe_run,
    split_labelled,
    weigh_classes,
)


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
        tokenizer: `"word"`, `"character"`, `"byte"`, `"byte_pair"`, or a tokenizer of `textrnn.text`, fitted or not.
        cell: `"rnn"`, `"lstm"`, `"mlstm"`, `"gru"` or `"min_gru"`.
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
    settings = record_settings(locals())
    training = TrainingSettings(
        epochs,
        learning_rate,
        weight_decay,
        clip_norm,
        warmup,
        patience=patience,
        checkpoint_seconds=checkpoint_seconds,
    )
    check_shared(settings, callbacks, verbose, resume)
    run = claim_run(out, resume=resume)
    labelled = _labelled(source, text_column, label_column, encoding)
    labels = sorted(set(labelled.labels))
    if len(labels) < 2:
        raise ValueError(f"`source` must hold at least two different labels; it holds only {labels[0]!r}.")
    number_of = {label: number for number, label in enumerate(labels)}
    numbers = np.array([number_of[label] for label in labelled.labels])
    kept, held_out = split_labelled(numbers, labels, validation_split, seed)
    weights = weigh_classes(class_weight, labels, numbers[kept])
    fitted = make_ready(tokenizer)
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
    say(verbose, f"{len(sequences):,} texts, labels {', '.join(labels)}, vocabulary of {fitted.vocabulary_size:,}")
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
    run_trainer(trainer, facts, is_resumed, "loss")
    return model


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
