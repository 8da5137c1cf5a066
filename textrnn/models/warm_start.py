"""Warm start: a model that begins with the weights of a language model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from textrnn import checks
from textrnn.models.language_model import LanguageModel
from textrnn.models.text_classifier import TextClassifier


def warm_start_language_model(model: LanguageModel, parent: LanguageModel) -> None:
    """Give `model` the weights of `parent`, which has the same cell and sizes.

    Its vocabulary begins with that of `parent`; each other token starts as the mean of the parent's tokens. A label
    starts as the parent's label of that name, else without effect. A warning lists the labels that only the parent
    has, which are dropped.
    """
    own, inherited = (
        [weight for weight in one.weights if not one.labels or weight is not one.label_embedding.embeddings]
        for one in (model, parent)
    )
    for weight, source in zip(own, inherited, strict=True):
        weight.assign(_grown(source.numpy(), tuple(weight.shape)))
    for label in set(model.labels) & set(parent.labels):
        vector = parent.label_embedding.embeddings[parent.labels.index(label)]
        rows = model.label_embedding.embeddings.numpy()
        rows[model.labels.index(label)] = vector
        model.label_embedding.embeddings.assign(rows)
    lost = [label for label in parent.labels if label not in model.labels]
    if lost:
        message = f"{len(lost):,} labels of the model that is begun with do not occur here and are given up: "
        warnings.warn(message + checks.listed(lost), stacklevel=4)


def warm_start_classifier(classifier: TextClassifier, parents: Sequence[LanguageModel]) -> None:
    """Give each encoder of `classifier` the embedding and the recurrent layers of its own of `parents`, whose cell,
    sizes and tokenizer it has (Dai and Le, 2015, arXiv 1511.01432). Vectors of n-grams start without effect."""
    for encoder, parent in zip(classifier.text_encoders, parents, strict=True):
        encoder.embedding.set_weights(parent.embedding.get_weights())
        for layer, source in zip(encoder.recurrent_layers, parent.recurrent_layers, strict=True):
            layer.cell.set_weights(source.cell.get_weights())
        if encoder.ngram_embedding is not None:
            last = encoder.ngram_embedding.weights[-1]  # the shared matrix, or else the vectors themselves
            last.assign(tf.zeros_like(last))


def _grown(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`values` extended to `shape` with their mean, along one axis at most."""
    for axis, size in enumerate(shape):
        missing = size - values.shape[axis]
        if missing:
            mean = values.mean(axis=axis, keepdims=True)
            values = np.concatenate([values, np.repeat(mean, missing, axis=axis)], axis=axis)
    return values
