"""The classifier: answers that do not depend on the batch, saving, training and calibration."""

import json
import warnings

import keras
import numpy as np
import pytest
from killed import CopyAfter
from untrained import make_classifier

import textrnn
from textrnn.models import text_classifier
from textrnn.options.tasks import CLASSIFIER, arguments_for
from textrnn.text import CharacterTokenizer, WordTokenizer

SMALL = {"cell": "rnn", "units": 4, "ensemble_size": 1, "bidirectional": False, "ngram_buckets": 64}  # quickly traced
TEXTS = ["", "  ", "good", "Not bad at all!", "a rope, a lamp and a loaf of bread " * 3, "☃", "bad"]


@pytest.fixture(scope="module", params=["lstm", "gru", "rnn"])
def classifier(request):
    tokenizer = WordTokenizer().fit("Good, bad; not at all! A rope and a lamp of bread.")
    return textrnn.TextClassifier(tokenizer, ["bad", "fair", "good"], units=6, cell=request.param, num_layers=2)


def probabilities(predictions):
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])


@pytest.mark.parametrize("batch_size", [1, 2, None])
def test_an_answer_does_not_depend_on_the_batch(classifier, batch_size):
    alone = np.concatenate([probabilities(classifier.classify([text])) for text in TEXTS])
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(TEXTS))
        shuffled = probabilities(classifier.classify([TEXTS[n] for n in order], batch_size=batch_size))
        np.testing.assert_allclose(shuffled, alone[order], atol=1e-5)


def test_a_prediction_is_the_likeliest_label(classifier):
    for prediction in classifier.classify(TEXTS):
        assert prediction.label == max(prediction.probabilities, key=prediction.probabilities.get)
        assert prediction.probability == max(prediction.probabilities.values())
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert classifier.classify([]) == []


def test_saving_and_loading_changes_nothing(classifier, tmp_path):
    classifier.save(tmp_path / "model.keras")
    loaded = textrnn.load(tmp_path / "model.keras")
    assert loaded.classify(TEXTS) == classifier.classify(TEXTS)
    assert loaded.get_config() == classifier.get_config()


def test_the_temperature_is_saved_and_leaves_logits_alone(classifier, tmp_path):
    hot = type(classifier).from_config({**classifier.get_config(), "temperature": 4.0})
    for variable, value in zip(hot.variables, classifier.variables, strict=True):
        variable.assign(value)
    ids = np.array([[3, 4, 5], [5, 0, 0]])
    np.testing.assert_array_equal(hot(ids), classifier(ids))
    logs = np.log(probabilities(classifier.classify(TEXTS))) / 4
    expected = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities(hot.classify(TEXTS)), expected, rtol=1e-5)
    hot.save(tmp_path / "hot.keras")
    assert textrnn.load(tmp_path / "hot.keras").temperature == 4.0
    assert textrnn.load(tmp_path / "hot.keras").classify(TEXTS) == hot.classify(TEXTS)


def test_model_is_an_ordinary_keras_model():
    tokenizer = CharacterTokenizer().fit("ab")
    model = textrnn.TextClassifier(tokenizer, ["a", "b"], cell="rnn", units=4, dropout=0.0, bidirectional=False)
    ids = np.array([[3, 3, 3, 0], [4, 4, 0, 0], [3, 0, 0, 0], [4, 4, 4, 4]])
    labels = np.array([0, 1, 0, 1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    model.fit(ids, labels, epochs=40, verbose=0)
    assert model.evaluate(ids, labels, verbose=0)[1] == 1.0
    wide = np.pad(ids, [(0, 0), (0, 5)])
    np.testing.assert_allclose(model.predict(wide, verbose=0), model.predict(ids, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("tokenizer", "ensemble_size"), [("word", 2), ("byte_pair", 1), ("character", 1), ("byte", 1)]
)
def test_training_distinguishes_labels(tokenizer, ensemble_size):
    texts = [
        f"the {noun} was {word}" for noun in ("sea", "play", "lamp", "bread", "rope") for word in ("good", "bad")
    ]
    labels = [text.split()[-1] for text in texts]
    model = textrnn.train_classifier(
        (texts * 4, labels * 4),
        tokenizer=tokenizer,
        cell="rnn",
        units=8,
        epochs=12,
        learning_rate=0.02,
        dropout=0.1,
        verbose=False,
        model=textrnn.ClassifierOptions(
            ensemble_size=ensemble_size, bidirectional=ensemble_size > 1, ngram_buckets=1 << 10
        ),
    )
    assert [prediction.label for prediction in model.classify(["the clock was bad", "the clock was good"])] == [
        "bad",
        "good",
    ]


@pytest.mark.parametrize(
    ("options", "ngrams", "token_dropout"),
    [
        ({}, 2, 0.1),
        ({"tokenizer": "byte"}, 6, 0.05),
        ({"tokenizer": CharacterTokenizer()}, 6, 0.05),
        ({"tokenizer": "byte", "ngrams": 3}, 3, 0.05),
        ({"tokenizer": "byte", "ngram_buckets": 0}, 2, 0.05),
    ],
)
def test_letters_come_with_longer_ngrams_than_words(options, ngrams, token_dropout):
    model = make_classifier((["good", "bad"] * 2, ["a", "b"] * 2), **{**SMALL, **options})
    assert (model.ngrams, model.token_dropout) == (ngrams, token_dropout)


@pytest.mark.parametrize(("buckets", "ngrams"), [(None, 2), (16, 6)])
def test_letters_of_a_language_model_come_with_longer_ngrams_where_there_are_any(buckets, ngrams):
    parent = textrnn.LanguageModel(CharacterTokenizer().fit("good bad"), units=4, embedding_dim=4, num_layers=1)
    model = make_classifier((["good", "bad"] * 2, ["a", "b"] * 2), pretrained=parent, ngram_buckets=buckets)
    assert (model.ngrams, model.ngram_buckets) == (ngrams, buckets or 0)


def test_labels_that_are_numbers_stand_by_their_size():
    assert make_classifier((["a"] * 4, [1, 10, 2, 9]), **SMALL).labels == ("1", "2", "9", "10")
    assert make_classifier((["a"] * 4, ["b", "10", "9", "a"]), **SMALL).labels == ("10", "9", "a", "b")


def test_an_empty_text_may_be_trained_on():
    model = textrnn.train_classifier(
        (["", "good", " "], ["none", "some", "none"]), **arguments_for(CLASSIFIER, **SMALL, epochs=1, verbose=False)
    )
    assert model.labels == ("none", "some")


def test_rare_labels_can_count_more():
    texts, labels = ["yes"] * 40 + ["no"] * 4, ["common"] * 40 + ["rare"] * 4
    options = {**SMALL, "epochs": 2, "validation_split": 0.25, "verbose": False}
    answers = []
    for weight in (None, "balanced", {"common": 1.0, "rare": 30.0}):
        with pytest.warns(UserWarning, match="11 of the 11 held-out texts are also trained on"):
            model = textrnn.train_classifier(
                (texts, labels), **arguments_for(CLASSIFIER, class_weight=weight, **options)
            )
        answers.append(model.classify(["no"])[0].probabilities["rare"])
    assert answers[0] < answers[1] < answers[2]


@pytest.mark.parametrize("stopped", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_a_stopped_run_resumes_to_the_same_weights(tmp_path, stopped):
    source = (["good bread", "bad rope", "good lamp", "bad sea"] * 6, ["good", "bad"] * 12)
    options = {**SMALL, "ensemble_size": 2, "epochs": 2, "batch_size": 8, "checkpoint_seconds": 0, "verbose": False}
    run, killed = tmp_path / "run", tmp_path / "killed"
    copy = CopyAfter(stopped, run, killed)
    whole = textrnn.train_classifier(source, **arguments_for(CLASSIFIER, out=run, callbacks=[copy], **options))
    resumed = textrnn.train_classifier(source, **arguments_for(CLASSIFIER, out=killed, resume=True, **options))
    for a, b in zip(resumed.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def noisy_texts(rows=240):
    """Texts that say their label, every sixth of them the wrong one, so that nothing is answered right throughout."""
    words = ("bad", "fair", "good")
    labels = [words[n % 3] for n in range(rows)]
    said = [words[(n + (n % 6 == 0)) % 3] for n in range(rows)]
    return [f"number {n} was {word}" for n, word in enumerate(said)], labels


def test_training_ends_with_a_calibration_on_the_held_out_texts_the_same_when_resumed(tmp_path):
    options = {**SMALL, "epochs": 2, "learning_rate": 0.03, "validation_split": 0.25}
    options |= {"verbose": False, "checkpoint_seconds": 0}
    copy = CopyAfter(5, tmp_path / "whole", tmp_path / "cut")
    whole = textrnn.train_classifier(
        noisy_texts(), **arguments_for(CLASSIFIER, out=tmp_path / "whole", callbacks=[copy], **options)
    )
    recorded = json.loads((tmp_path / "whole/config.json").read_text())["calibration"]
    assert recorded["texts"] == 60
    assert recorded["temperature"] == whole.temperature != 1
    assert recorded["loss_after"] < recorded["loss_before"]
    assert textrnn.load(tmp_path / "whole").temperature == whole.temperature
    for _ in range(2):  # a run that is at its end is calibrated again
        resumed = textrnn.train_classifier(
            noisy_texts(), **arguments_for(CLASSIFIER, out=tmp_path / "cut", resume=True, **options)
        )
        assert resumed.temperature == whole.temperature
        assert json.loads((tmp_path / "cut/config.json").read_text())["calibration"] == recorded
        assert textrnn.load(tmp_path / "cut").temperature == whole.temperature


def test_few_held_out_texts_calibrate_nothing(capsys):
    options = {**SMALL, "epochs": 1, "validation_split": 0.25}
    assert textrnn.train_classifier(noisy_texts(60), **arguments_for(CLASSIFIER, **options)).temperature == 1
    assert "not calibrated: that takes 50 held-out texts, there are 15" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:.* held-out texts are also trained on")
@pytest.mark.parametrize("validation_split", [0.0, 0.25])  # too few to calibrate on
def test_a_run_that_was_calibrated_later_keeps_that_when_resumed(tmp_path, validation_split):
    options = {**SMALL, "epochs": 1, "verbose": False, "out": tmp_path, "class_weight": {0: 1.0, 1: np.float32(2.0)}}
    options["validation_split"] = validation_split
    source = (["good", "bad"] * 8, [0, 1] * 8)
    textrnn.train_classifier(source, **arguments_for(CLASSIFIER, **options))
    calibrated = textrnn.load(tmp_path)
    calibrated.temperature = 2.5
    calibrated.save(tmp_path / "model.keras")
    for epochs in (1, 2):
        resumed = textrnn.train_classifier(
            source, **arguments_for(CLASSIFIER, **{**options, "epochs": epochs}, resume=True)
        )
        assert resumed.temperature == textrnn.load(tmp_path).temperature == 2.5


def test_best_weights_at_equal_accuracy_are_those_of_lower_loss(tmp_path):
    generator = np.random.default_rng(0)
    texts = [f"w{generator.integers(40)} w{generator.integers(40)}" for _ in range(120)]
    labels = [str(generator.integers(2)) for _ in texts]  # nothing to learn: the validation loss rises
    options = {**SMALL, "epochs": 12, "learning_rate": 0.05, "validation_split": 0.1, "patience": 2, "verbose": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # held-out texts that are also trained on
        textrnn.train_classifier((texts, labels), **arguments_for(CLASSIFIER, out=tmp_path, **options))
    best, waited = (-1.0, np.inf), 0
    for line in map(json.loads, (tmp_path / "metrics.jsonl").read_text().splitlines()):
        found = (-line["val_accuracy"], line["val_loss"])
        assert line["is_best"] == (found < best or line["epoch"] == 1)
        best, waited = (found, 0) if line["is_best"] else (best, waited + 1)
    assert waited == 2
    assert line["epoch"] < 12


def test_max_length_trains_on_the_end_of_a_long_text():
    ends, labels = ["good", "bad"] * 8, ["yes", "no"] * 8
    options = {**SMALL, "tokenizer": WordTokenizer().fit(ends), "epochs": 1, "verbose": False}
    short, cut, whole = (
        textrnn.train_classifier((texts, labels), **arguments_for(CLASSIFIER, **options, **more))
        for texts, more in (
            (ends, {}),
            (["bad bad " + end for end in ends], {"maximum_length": 1}),
            (["bad bad " + end for end in ends], {}),
        )
    )
    kernels = [model.text_encoders[0].head.kernel.numpy() for model in (short, cut, whole)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert np.abs(kernels[0] - kernels[2]).max() > 1e-4
    assert cut.classify(["bad bad good"]) != cut.classify(["good"])  # answers are of whole texts


@pytest.mark.parametrize("length", [0, -1, 2.5, True])
def test_a_maximum_length_is_a_positive_integer(length):
    with pytest.raises((TypeError, ValueError), match="`maximum_length` must be a positive integer"):
        textrnn.train_classifier(
            (["a", "b"], ["x", "y"]), verbose=False, training=textrnn.ClassifierTraining(maximum_length=length)
        )


def test_sharding_texts_over_cores_changes_no_answers(monkeypatch):
    monkeypatch.setattr(text_classifier, "count_shards", lambda rows: 3)
    options = {"cell": "rnn", "units": 6, "bidirectional": False}
    model = textrnn.TextClassifier(WordTokenizer().fit("good bad"), ["a", "b"], **options)
    ids = np.random.default_rng(0).integers(0, 6, [70, 9]).astype(np.int32)
    alone, shared = (model._traced_log_probabilities[is_shared](ids) for is_shared in (False, True))
    np.testing.assert_allclose(shared, alone, atol=1e-6)
