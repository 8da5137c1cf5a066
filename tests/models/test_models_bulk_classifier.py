"""Answers in bulk: those of the model, whatever the precision and the table."""

import numpy as np
import pytest

import textrnn
from textrnn.models import bulk_classifier
from textrnn.text import WordTokenizer

TEXT = "The sea is a slow clock. Not bad at all, the light turns!"
TEXTS = ["", "the sea", TEXT, "not bad", TEXT * 2, "light, light and light", "a slow clock turns"]
MODELS = {
    "lstm": {"cell": "lstm", "num_layers": 2},
    "gru": {"cell": "gru", "pooling": "attention", "num_layers": 2, "reverse": [False, True], "ensemble_size": 2},
    "min_gru_ngrams": {"cell": "min_gru", "ngrams": 3, "ngram_buckets": 17},
    "wide": {"cell": "lstm", "wide_ngrams": 2, "wide_buckets": 17},
    "both_ways": {"cell": "rnn", "bidirectional": True},
}


def make(name):
    given = {"units": 5, "embedding_dim": 6, "bidirectional": False, "ensemble_size": 1, "temperature": 0.5}
    model = textrnn.TextClassifier(WordTokenizer().fit(TEXT), ["no", "so so", "yes"], **{**given, **MODELS[name]})
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight.numpy() + generator.normal(scale=0.3, size=weight.shape))
    return model


def probabilities(classifier):
    return np.array([list(prediction.probabilities.values()) for prediction in classifier.classify(TEXTS)])


@pytest.mark.parametrize("name", MODELS)
def test_the_answers_are_those_of_the_model(name):
    model = make(name)
    exact = probabilities(model)
    np.testing.assert_allclose(probabilities(model.in_bulk("float32")), exact, atol=1e-5)
    np.testing.assert_allclose(probabilities(model.in_bulk("bfloat16")), exact, atol=0.03)


def test_a_table_that_is_too_large_is_not_made(monkeypatch):
    model = make("lstm")
    exact = probabilities(model)
    assert model.in_bulk("float32").tables[0].shape == (model.tokenizer.vocabulary_size, 20)
    model.temperature = 1.0
    monkeypatch.setattr(bulk_classifier, "LARGEST_TABLE", 10)
    bulk = model.in_bulk("float32")
    assert bulk.tables == [None]
    np.testing.assert_allclose(probabilities(bulk), probabilities(model), atol=1e-5)
    assert np.abs(probabilities(bulk) - exact).max() > 1e-3  # another temperature


def test_weights_are_those_of_the_call():
    model = make("lstm")
    bulk = model.in_bulk("float32")
    before = probabilities(bulk)
    assert model.in_bulk("float32") is bulk
    assert model.in_bulk("bfloat16").precision == "bfloat16"
    (encoder,) = model.text_encoders
    encoder.head.bias.assign([0.0, 0.0, 5.0])
    np.testing.assert_array_equal(probabilities(bulk), before)
    np.testing.assert_allclose(probabilities(model.in_bulk("float32")), probabilities(model), atol=1e-5)
