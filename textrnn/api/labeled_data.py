"""The labeled texts of a classifier: opened, checked and split."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.api.common import (
    describe_texts_without_words,
    find_texts_without_words,
    open_language_model,
    prepare_tokenizer,
    warn_of_texts_without_words,
)
from textrnn.api.settings import Settings, as_list
from textrnn.api.validation import (
    check_labels,
    format_beside,
    format_of,
    reading_validation_data,
    resolve_validation,
)
from textrnn.labels import checked_label, sort_labels
from textrnn.models import LanguageModel
from textrnn.options import TableOptions
from textrnn.options.recipes import choose_wide_buckets, follow_texts, make_classifier_recipe
from textrnn.progress import Progress
from textrnn.text import EncodedTexts, LabeledTexts, TableFormat, Tokenizer, encode_texts, read_labeled, read_texts
from textrnn.training import RunFolder, claim_run, say, split_labeled, weigh_classes

INHERITED = ("tokenizer", "cell", "units", "num_layers", "embedding_dim")


@dataclass(frozen=True, eq=False)
class LabeledData:
    """The data of a classifier before they are encoded.

    Attributes:
        settings: Settings, all resolved.
        run: Run folder, or None.
        texts: All labeled texts.
        numbers: Number of each text's label, int `[N]`.
        labels: Sorted labels.
        kept: Indices of the texts to train on, int.
        held_out: Indices of the held-out texts, int.
        validation: Validation texts: held out, or the user's own.
        has_own_validation: Whether the validation texts are the user's own.
        class_weights: Weight of a text of each label, float `[labels]`.
        unlabeled: Texts without labels.
        tokenizer: Fitted tokenizer.
        parents: Language model that each encoder starts from, if any.
    """

    settings: Settings
    run: RunFolder | None
    texts: list[str]
    numbers: np.ndarray
    labels: list[str]
    kept: np.ndarray
    held_out: np.ndarray
    validation: LabeledTexts
    has_own_validation: bool
    class_weights: np.ndarray
    unlabeled: list[str]
    tokenizer: Tokenizer
    parents: list[LanguageModel]

    @property
    def validation_numbers(self) -> np.ndarray:
        """Number of each validation text's label, int `[M]`."""
        return np.array([self.labels.index(label) for label in self.validation.labels], int)

    def without_texts(self) -> LabeledData:
        """The data after encoding, with no texts but those of the validation."""
        return dataclasses.replace(self, texts=[], unlabeled=[])


@dataclass(frozen=True, eq=False)
class EncodedData:
    """The texts of a classifier as ids, in the order of `LabeledData`."""

    texts: EncodedTexts
    unlabeled: EncodedTexts
    validation: EncodedTexts

    def to_learn(self, data: LabeledData) -> EncodedTexts:
        """Texts of the training rows, no longer than `maximum_length`."""
        return self.texts.take(data.kept).cut(data.settings.training.maximum_length)


def encode_labeled(data: LabeledData, folder: Path) -> EncodedData:
    """Write the ids of all texts into a file of the folder."""
    own = data.validation.texts if data.has_own_validation else []
    parts = (data.texts, data.unlabeled, own)
    verbose = data.settings.run.verbose
    bar = Progress(sum(map(len, parts)), "text", is_shown=verbose, description="encoding", leave=False, delay=1)
    encoded = encode_texts(bar.over(chain(*parts)), data.tokenizer, folder / "texts.bin")
    rows = np.split(np.arange(len(encoded)), np.cumsum([len(part) for part in parts])[:-1])
    texts, unlabeled, validation = map(encoded.take, rows)
    return EncodedData(texts, unlabeled, validation if data.has_own_validation else texts.take(data.held_out))


def load_labeled_data(settings: Settings) -> LabeledData:
    """Open the texts, resolve the settings with the recipe, hold texts out, and fit the tokenizer."""
    requested = resolve_validation(settings, default=0.0)
    models = _open_encoders(requested.training.pretrained)
    settings, parents = _resolve(requested, models)
    _check_together(settings, parents)
    run = claim_run(settings.run.out, resume=settings.run.resume)
    labeled = open_labeled(settings.source, settings.table, format_of(settings.table))
    validation = _open_validation(settings)
    unlabeled = open_unlabeled(settings.training.unlabeled, settings.table)
    labels = sort_labels(set(labeled.labels))
    if len(labels) < 2:
        raise ValueError(f"`source` must hold at least two different labels; it holds only {labels[0]!r}.")
    number_of = {label: number for number, label in enumerate(labels)}
    numbers = np.array([number_of[label] for label in labeled.labels])
    kept, held_out = split_labeled(numbers, labels, settings.training.validation_split, settings.run.seed)
    has_own_validation = validation is not None
    if validation is None:
        validation = LabeledTexts([labeled.texts[row] for row in held_out], [labeled.labels[row] for row in held_out])
    check_labels(validation.labels, labels)
    learned_from = [labeled.texts[row] for row in kept]
    warn_of_repeated(validation.texts, set(learned_from))
    settings = _without_word_tokenizer(requested, settings, models, learned_from)
    buckets = choose_wide_buckets(sum(map(len, learned_from)), len(labels))
    settings = settings.filled({**follow_texts(len(learned_from)), "wide_buckets": buckets})
    training = settings.training
    weights = weigh_classes(training.class_weight, labels, numbers[kept])
    if isinstance(training.class_weight, Mapping):
        by_label = dict(zip(labels, weights.tolist(), strict=True))
        training = dataclasses.replace(training, class_weight=by_label)
        settings = dataclasses.replace(settings, training=training)
    tokenizer = prepare_tokenizer(training.tokenizer)
    if not tokenizer.is_fitted:
        tokenizer.fit(learned_from, progress=settings.run.verbose)
    return LabeledData(
        settings=settings,
        run=run,
        texts=labeled.texts,
        numbers=numbers,
        labels=labels,
        kept=kept,
        held_out=held_out,
        validation=validation,
        has_own_validation=has_own_validation,
        class_weights=weights,
        unlabeled=unlabeled,
        tokenizer=tokenizer,
        parents=parents,
    )


def _open_validation(settings: Settings) -> LabeledTexts | None:
    source = settings.training.validation_data
    if source is None:
        return None
    with reading_validation_data():
        return open_labeled(source, settings.table, format_beside(settings.table, source))


def _without_word_tokenizer(
    requested: Settings, settings: Settings, models: list[LanguageModel], texts: list[str]
) -> Settings:
    """Settings with characters as tokens if texts have no spaces between words and no tokenizer was requested."""
    unspaced = find_texts_without_words(settings.training.tokenizer, texts)
    if unspaced is None:
        return settings
    if requested.training.tokenizer is not None or models:
        warn_of_texts_without_words(unspaced, stacklevel=4)
        return settings
    say(settings.run.verbose, f"{describe_texts_without_words(unspaced)}. Reading characters, not words")
    training = dataclasses.replace(requested.training, tokenizer="character")
    return _resolve(dataclasses.replace(requested, training=training), models)[0]


def _resolve(settings: Settings, parents: list[LanguageModel]) -> tuple[Settings, list[LanguageModel]]:
    """Resolved settings, and the language model that each encoder starts from."""
    for name in INHERITED:
        found = [getattr(parent, name) for parent in parents]
        if any(one != found[0] for one in found):
            raise ValueError(f"`pretrained` must be language models of the same `{name}`; received {found}.")
    for parent in parents:
        if settings.training.tokenizer == parent.tokenizer.kind:  # as the settings of a resumed run have it
            training = dataclasses.replace(settings.training, tokenizer=None)
            settings = dataclasses.replace(settings, training=training)
        inherited = {name: getattr(parent, name) for name in INHERITED}
        settings = settings.filled({**inherited, "bidirectional": False}, fixed_by="pretrained")
    if len(parents) > 1:
        settings = settings.filled({"ensemble_size": len(parents)}, fixed_by="pretrained")
    tokenizer = settings.training.tokenizer
    kind = tokenizer.kind if isinstance(tokenizer, Tokenizer) else tokenizer
    recipe = make_classifier_recipe(kind, parents[0].cell if parents else None)
    settings = settings.filled({"ngram_buckets": recipe["ngram_buckets"]})
    settings = settings.filled(recipe if settings.model.ngram_buckets else {**recipe, "ngrams": 2})
    return settings, parents * settings.model.ensemble_size if len(parents) == 1 else parents


def _check_together(settings: Settings, parents: list[LanguageModel]) -> None:
    """Refuse options that contradict each other."""
    model, training = settings.model, settings.training
    if training.bptt is not None and model.bidirectional:
        raise ValueError(f"`bptt` needs encoders that read one way, bidirectional=False; received {training.bptt!r}.")
    if training.lm_loss_weight and not parents:
        raise ValueError(
            f"`lm_loss_weight` needs a `pretrained` language model; received {training.lm_loss_weight!r} without."
        )
    if training.unlabeled is not None and not training.vat_weight:
        raise ValueError("`unlabeled` texts serve the virtual adversarial loss alone; received vat_weight=0.")


def _open_encoders(pretrained: Any) -> list[LanguageModel]:
    """Open the language models that the classifier starts from."""
    models = [open_language_model("pretrained", one) for one in as_list(pretrained)]
    for model in models:
        for name in ("layer_norm", "residual", "zoneout", "labels"):
            if getattr(model, name):
                raise ValueError(
                    f"`pretrained` must be a language model without `{name}`, which a classifier does not have; "
                    f"received one with {name}={getattr(model, name)!r}."
                )
    return models


def open_labeled(source: Any, options: TableOptions, table: TableFormat) -> LabeledTexts:
    """Open the labeled texts of a table, or of a pair (texts, labels)."""
    if isinstance(source, (str, os.PathLike)):
        return read_labeled(
            source,
            text_column=options.text_column,
            label_column=options.label_column,
            encoding=options.encoding,
            table=table,
        )
    if not isinstance(source, (tuple, list)) or len(source) != 2 or isinstance(source[0], str):
        raise TypeError(
            "`source` must be a path or a pair (texts, labels), such as (table['text'], table['label']); received "
            f"{type(source).__name__}."
        )
    texts = list(checks.texts("texts", source[0]))
    labels = list(checks.several("labels", source[1], "a list with a label for each text"))
    if len(texts) != len(labels) or not texts:
        raise ValueError(
            f"`source` must hold as many labels as texts, and at least one; received {len(texts)} texts and "
            f"{len(labels)} labels."
        )
    return LabeledTexts(texts, [checked_label(f"labels[{n}]", label) for n, label in enumerate(labels)])


def open_unlabeled(source: Any, options: TableOptions) -> list[str]:
    """Open the texts of the option `unlabeled`."""
    if source is None:
        return []
    if isinstance(source, (str, os.PathLike)):
        table = format_beside(options, source)
        return read_texts(source, text_column=options.text_column, encoding=options.encoding, table=table)
    return list(checks.texts("unlabeled", source, "a path or a list of strings"))


def warn_of_repeated(held_out: Sequence[str], trained_on: Collection[str]) -> None:
    """Warn of held-out texts that are also trained on."""
    repeated = sum(text in trained_on for text in held_out)
    if repeated:
        warnings.warn(
            f"{repeated:,} of the {len(held_out):,} held-out texts are also trained on: their measures are too good. "
            "Remove the texts from either.",
            stacklevel=3,
        )
