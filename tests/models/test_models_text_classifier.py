"""The classifier: one answer a text, whatever company the text is in."""

import keras
import numpy as np
import pytest

import textrnn
from textrnn.text import CharacterTokenizer, WordTokenizer

TEXTS = ["", "  ", "good", "Not bad at all!", "a rope, a lamp and a loaf of bread " * 3, "☃", "bad"]


@pytest.fixture(scope="module", params=["lstm", "gru", "rnn"])
def classifier(request):
    tokenizer = WordTokenizer().fit("Good, bad; not at all! A rope and a lamp of bread.")
    return textrnn.TextClassifier(tokenizer, ["bad", "fair", "good"], units=6, cell=request.param, num_layers=2)


def probabilities(predictions):
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])


@pytest.mark.parametrize("batch_size", [1, 2, 64])
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


def test_it_is_an_ordinary_keras_model():
    tokenizer = CharacterTokenizer().fit("ab")
    model = textrnn.TextClassifier(tokenizer, ["a", "b"], units=4, dropout=0.0, bidirectional=False)
    ids = np.array([[3, 3, 3, 0], [4, 4, 0, 0], [3, 0, 0, 0], [4, 4, 4, 4]])
    labels = np.array([0, 1, 0, 1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    model.fit(ids, labels, epochs=40, verbose=0)
    assert model.evaluate(ids, labels, verbose=0)[1] == 1.0
    wide = np.pad(ids, [(0, 0), (0, 5)])
    np.testing.assert_allclose(model.predict(wide, verbose=0), model.predict(ids, verbose=0), atol=1e-6)


@pytest.mark.parametrize("tokenizer", ["word", "byte_pair"])
def test_training_tells_labels_apart(tokenizer):
    texts = [
        f"the {noun} was {word}" for noun in ("sea", "play", "lamp", "bread", "rope") for word in ("good", "bad")
    ]
    labels = [text.split()[-1] for text in texts]
    model = textrnn.train_classifier(
        (texts * 4, labels * 4),
        tokenizer=tokenizer,
        units=8,
        members=2,
        epochs=12,
        learning_rate=0.02,
        dropout=0.1,
        verbose=False,
    )
    assert [prediction.label for prediction in model.classify(["the clock was bad", "the clock was good"])] == [
        "bad",
        "good",
    ]


def test_rare_labels_can_count_more():
    texts, labels = ["yes"] * 40 + ["no"] * 4, ["common"] * 40 + ["rare"] * 4
    options = {"units": 4, "epochs": 2, "members": 1, "validation_split": 0.25, "verbose": False}
    answers = []
    for weight in (None, "balanced", {"common": 1.0, "rare": 30.0}):
        model = textrnn.train_classifier((texts, labels), class_weight=weight, **options)
        answers.append(model.classify(["no"])[0].probabilities["rare"])
    assert answers[0] < answers[1] < answers[2]


@pytest.mark.parametrize("stopped", [1, 5])
def test_a_stopped_run_resumes_to_the_same_weights(tmp_path, stopped):
    class Stop(keras.callbacks.Callback):
        steps = 0

        def on_train_batch_end(self, batch, logs=None):
            Stop.steps += 1
            if Stop.steps == stopped:
                raise RuntimeError("killed")

    source = (["good bread", "bad rope", "good lamp", "bad sea"] * 6, ["good", "bad"] * 12)
    options = {"units": 4, "members": 2, "epochs": 2, "batch_size": 8, "checkpoint_seconds": 0, "verbose": False}
    with pytest.raises(RuntimeError, match="killed"):
        textrnn.train_classifier(source, out=tmp_path, callbacks=[Stop()], **options)
    resumed = textrnn.train_classifier(source, out=tmp_path, resume=True, **options)
    for a, b in zip(resumed.weights, textrnn.train_classifier(source, **options).weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
