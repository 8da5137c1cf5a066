"""Models whose cell is a registered class of the user."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn import runtime
from textrnn.layers import Cell, LSTMCell, product
from textrnn.options import ClassifierOptions, LanguageModelOptions
from textrnn.text import CharacterTokenizer

TEXTS = ["the sea is slow", "a lamp, a rope", "bread and salt", ""]
NAME = "test_models>LeakyCell"


@keras.saving.register_keras_serializable("test_models")
class LeakyCell(Cell):
    """Two states, the second of which counts what it has seen."""

    blocks = 1
    number_of_states = 2

    def step(self, projected, states, weights):
        (h, count), (w_h,) = states, weights
        h = 0.5 * h + 0.5 * tf.tanh(projected + product(w_h, h) + 0.01 * count)
        return (h, count + 1), ()


def fitted():
    tokenizer = CharacterTokenizer()
    tokenizer.fit(TEXTS)
    return tokenizer


@pytest.fixture(scope="module")
def lm():
    return textrnn.LanguageModel(fitted(), cell=LeakyCell, units=8, num_layers=2, seed=3)


@pytest.fixture(scope="module", params=[False, True], ids=["one_way", "both_ways"])
def classifier(request):
    return textrnn.TextClassifier(fitted(), ["good", "bad"], cell=NAME, units=6, bidirectional=request.param, seed=2)


@pytest.fixture
def is_unregistered(monkeypatch):
    monkeypatch.delitem(keras.saving.get_custom_objects(), NAME)


def test_language_model_is_saved_under_the_registered_name(lm, tmp_path):
    assert lm.get_config()["cell"] == lm.cell == NAME
    lm.save(tmp_path / "model.keras")
    again = textrnn.load(tmp_path / "model.keras")
    assert isinstance(again.recurrent_layers[0].cell, LeakyCell)
    ids = np.array([[3, 5, 4], [6, 0, 0]], "int32")
    np.testing.assert_array_equal(again(ids), lm(ids))
    assert again.snapshot().fingerprint == lm.snapshot().fingerprint


def test_language_model_reads_and_writes(lm):
    text = lm.generate("the ", length=12, seed=4)
    assert "".join(lm.stream("the ", length=12, seed=4)) == text
    assert lm.generate("the ", length=12, seed=4, samples=3)[0] == text
    state = lm.read("the sea ")
    whole, begun, ended = lm.score("the sea is slow"), lm.score("the sea "), lm.score("is slow", state)
    of_parts = begun.nats_per_character * 8 + ended.nats_per_character * 7
    assert whole.nats_per_character * 15 == pytest.approx(of_parts, rel=1e-4)
    assert lm.decompress(lm.compress("a rope")) == "a rope"
    assert len(lm.rank(TEXTS)) == len(TEXTS)


def test_classifier_answers_explains_and_streams(classifier, tmp_path):
    assert classifier.get_config()["cell"] == NAME
    classifier.save(tmp_path / "model.keras")
    again = textrnn.load(tmp_path / "model.keras")
    answers = classifier.classify(TEXTS)
    assert again.classify(TEXTS) == answers
    why = classifier.explain(TEXTS[0], label="good")
    odds = answers[0].probabilities
    assert why.difference == pytest.approx(np.log(odds["good"] / odds["bad"]), abs=1e-4)
    assert why.base + why.contributions.sum() == pytest.approx(why.difference)
    if classifier.bidirectional:
        return
    stream = classifier.stream()
    for piece in ("the se", "a is s", "low"):
        answer = stream.feed(piece)
    assert answer.probability == pytest.approx(answers[0].probability, abs=1e-5)


def test_run_is_recorded_and_resumed_with_the_cell(tmp_path):
    given = {"cell": LeakyCell, "units": 8, "num_layers": 1, "sequence_length": 8, "batch_size": 2, "seed": 1}
    for epochs in (1, 2):
        model = textrnn.train_language_model(
            TEXTS * 8, epochs=epochs, out=tmp_path / "run", resume=epochs == 2, verbose=False, **given
        )
    assert json.loads((tmp_path / "run/config.json").read_text())["settings"]["cell"] == NAME
    best = textrnn.load(tmp_path / "run")
    assert best.cell == model.cell == NAME
    classifier = textrnn.train_classifier(
        (["a lamp", "a rope"] * 8, ["x", "y"] * 8),
        model=ClassifierOptions(ensemble_size=1, bidirectional=False, ngram_buckets=16),
        epochs=1,
        pretrained=best,
        seed=1,
        verbose=False,
    )
    assert classifier.cell == NAME


def test_numpy_runtime_says_that_it_cannot_run_the_cell(lm, tmp_path):
    lm.save(tmp_path / "model.keras")
    message = f"`cell` must be one of .*'min_gru' where NumPy runs the model; received '{NAME}': import .*load"
    with pytest.raises(ValueError, match=message):
        runtime.load(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="where NumPy runs the model"):
        lm.to_numpy()


def test_file_of_an_unknown_cell_says_what_to_import(lm, tmp_path, is_unregistered):
    lm.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=f"`cell` must be registered with Keras; '{NAME}' is not: import the module"):
        textrnn.load(tmp_path / "model.keras")


def test_cell_of_this_package_may_be_given_as_its_class():
    assert LanguageModelOptions(cell=LSTMCell).cell == "lstm"
    assert LanguageModelOptions(cell="textrnn>MinGRUCell").cell == "min_gru"


@keras.saving.register_keras_serializable("test_models")
class NoCell:
    def get_config(self):
        return {}


class Unregistered(LeakyCell):
    pass


@pytest.mark.parametrize(
    ("cell", "error", "message"),
    [
        (Unregistered, ValueError, "`cell` must be a class registered with keras.saving.register_keras_serializable"),
        (NoCell, TypeError, "`cell` must be a subclass of textrnn.layers.Cell; 'test_models>NoCell' is"),
        ("transformer", ValueError, "`cell` must be one of 'rnn', 'lstm', 'gru', 'min_gru'; received 'transformer'"),
        (3, ValueError, "`cell` must be one of 'rnn', 'lstm', 'gru', 'min_gru'; received 3"),
        ("a>b>c", ValueError, "`cell` must be one of 'rnn'"),
    ],
)
def test_wrong_cell_is_explained(cell, error, message):
    with pytest.raises(error, match=message):
        textrnn.LanguageModel(fitted(), cell=cell, units=4)
