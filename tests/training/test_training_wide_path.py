"""The fit of a wide path: n-grams, the regression over them, and the shares of network and path."""

import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn.api import wide_path as api_wide_path
from textrnn.classification.calibration import mean_negative_log_likelihood, temper
from textrnn.hashing import hash_texts
from textrnn.layers import WidePath
from textrnn.options.tasks import CLASSIFIER, arguments_for
from textrnn.text import EncodedTexts
from textrnn.training import LabelOfText, wide_path
from textrnn.training.lbfgs import minimize
from textrnn.training.wide_path import fit_shares, fit_weights, folds_of, list_ngrams

GENERATOR = np.random.default_rng(0)
SEQUENCES = [GENERATOR.integers(1, 9, length).astype(np.int32) for length in (5, 1, 8, 0, 3, 6, 2, 7, 4, 9)]
NUMBERS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
SIZE = 9 + 11
NGRAMS = list_ngrams(SEQUENCES, 9, 3, 11)
ONES = np.ones(len(NUMBERS))


def test_the_minimum_of_a_quadratic_is_found():
    scales = np.array([1.0, 10.0, 100.0])
    found = minimize(lambda x: (float((scales * (x - 1) ** 2).sum()), 2 * scales * (x - 1)), np.zeros(3), range(60))
    np.testing.assert_allclose(found, 1, atol=1e-3)


def test_sums_over_ngrams_are_those_of_the_layer():
    path = WidePath(9, 3, 3, 11)
    path.build()
    weights = np.random.default_rng(1).normal(size=[SIZE, 3])
    path.tokens.assign(weights[:9])
    path.hashed.assign(weights[9:])
    for row, ids in enumerate(SEQUENCES):
        if len(ids):
            logits = path(ids[None], np.zeros([1, 3], np.float32))
            np.testing.assert_allclose(NGRAMS.sum(weights)[row], logits[0], atol=1e-5)


def test_blocks_of_steps_change_nothing(monkeypatch):
    weights, values = np.random.default_rng(1).normal(size=[SIZE, 3]), np.random.default_rng(2).normal(size=[10, 3])
    whole = NGRAMS.sum(weights), NGRAMS.spread(values, SIZE)
    monkeypatch.setattr(wide_path, "BLOCK_NUMBERS", 8 * 3)
    np.testing.assert_allclose(NGRAMS.sum(weights), whole[0])
    np.testing.assert_allclose(NGRAMS.spread(values, SIZE), whole[1])


def test_spread_is_the_transpose_of_sum():
    weights, values = np.random.default_rng(1).normal(size=[SIZE, 3]), np.random.default_rng(2).normal(size=[10, 3])
    assert np.vdot(NGRAMS.sum(weights), values) == pytest.approx(np.vdot(weights, NGRAMS.spread(values, SIZE)))


def test_selected_texts_keep_their_ngrams():
    rows = np.array([7, 2, 2, 0])
    weights = np.random.default_rng(1).normal(size=[SIZE, 3])
    np.testing.assert_allclose(NGRAMS.select(rows).sum(weights), NGRAMS.sum(weights)[rows])


def test_gradient_of_the_regression_is_that_of_central_differences(monkeypatch):
    losses = []
    monkeypatch.setattr(wide_path, "minimize", lambda loss, start, iterations: losses.append(loss) or start)
    text_weights = np.linspace(0.5, 2, 10)
    fit_weights(NGRAMS, NUMBERS, text_weights, SIZE, 3)
    generator, (loss,) = np.random.default_rng(3), losses
    point = generator.normal(size=[len(np.unique(NGRAMS.columns)) + 1, 3])
    _, gradient = loss(point)
    for _ in range(5):
        direction = generator.normal(size=point.shape)
        slope = (loss(point + 1e-5 * direction)[0] - loss(point - 1e-5 * direction)[0]) / 2e-5
        assert slope == pytest.approx(np.vdot(gradient, direction), rel=1e-5)


class Untaught:
    """A classifier whose encoders know nothing."""

    def log_probabilities_of_encoder(self, number, sequences):
        return np.zeros([len(sequences), 3])


def test_a_held_out_text_does_not_know_its_own_label(monkeypatch):
    monkeypatch.setattr(api_wide_path, "MIN_SHARED_TEXTS", 1)
    options = textrnn.ClassifierOptions(ensemble_size=3, wide_ngrams=3, wide_buckets=11)
    none = (EncodedTexts.of([]), np.zeros(0, int))

    def held_out(numbers):
        fit = api_wide_path.WideFit(9, 3, options, EncodedTexts.of(SEQUENCES), numbers, np.ones(3), none, False)
        _, logs, ordered = fit._held_out(Untaught())
        np.testing.assert_array_equal(ordered, numbers[np.argsort(folds, kind="stable")])
        return logs[np.argsort(np.argsort(folds, kind="stable"))]

    folds = folds_of(SEQUENCES, 3)
    before, numbers = held_out(NUMBERS), NUMBERS.copy()
    numbers[4] = (numbers[4] + 1) % 3
    same_fold = folds == folds[4]
    np.testing.assert_allclose(held_out(numbers)[same_fold], before[same_fold])
    assert np.abs(held_out(numbers)[~same_fold] - before[~same_fold]).max() > 1e-3


def test_a_label_that_no_text_has_is_possible():
    weights = fit_weights(NGRAMS, NUMBERS % 2, ONES, SIZE, 3)
    logs = weights.log_probabilities(NGRAMS)
    assert np.isfinite(logs).all()
    assert (logs.argmax(axis=1) < 2).all()


def test_equal_texts_share_a_fold_in_numpy_and_in_a_graph():
    texts = [*SEQUENCES, SEQUENCES[2].copy()]
    folds = folds_of(texts, 4)
    assert folds[-1] == folds[2]
    padded = np.zeros([len(texts), 12], np.int64)
    for row, ids in zip(padded, texts, strict=True):
        row[: len(ids)] = ids
    in_graph = tf.function(lambda ids: hash_texts(ids, tf.range(1, tf.shape(ids, tf.int64)[1] + 1), 4))
    np.testing.assert_array_equal(in_graph(padded), folds)


def test_shares_maximize_the_likelihood_and_drop_a_path_that_misleads():
    generator = np.random.default_rng(4)
    numbers = generator.integers(0, 3, 400)
    good, fair = (np.log(temper(s * np.eye(3)[numbers] + generator.normal(size=[400, 3]), 1.0)) for s in (2, 1))
    shares = fit_shares(good, fair, numbers)
    best = mean_negative_log_likelihood(temper(shares[0] * good + shares[1] * fair, 1.0), numbers)
    for move in ((0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1)):
        other = temper((shares[0] + move[0]) * good + (shares[1] + move[1]) * fair, 1.0)
        assert mean_negative_log_likelihood(other, numbers) > best
    certain = np.log(temper(9.0 * np.eye(3)[numbers], 1.0))
    assert max(fit_shares(certain, certain, numbers)) < 5  # though more would always be likelier
    network, path = fit_shares(-fair, good, numbers)
    assert network == 0
    assert path > 0


WORDS = {"good": "yes", "fine": "yes", "bad": "no", "poor": "no"}
TEXTS = [f"{word} {other}" for word in WORDS for other in [f"rope {n}" for n in range(20)]]
LABELS = [WORDS[text.split()[0]] for text in TEXTS]
SMALL = {"cell": "min_gru", "units": 4, "embedding_dim": 4, "epochs": 1, "ngram_buckets": 0, "bidirectional": False}


def train(**options):
    given = arguments_for(CLASSIFIER, **{**SMALL, "precision": "float32", "verbose": False, **options})
    return textrnn.train_classifier((TEXTS, LABELS), **given)


@pytest.mark.parametrize("options", [{"ensemble_size": 2}, {"ensemble_size": 1, "validation_split": 0.7}], ids=str)
def test_an_untaught_network_leaves_the_answer_to_the_ngrams(options):
    model = train(learning_rate=1e-6, **options)
    assert [answer.label for answer in model.classify(["a good rope", "a poor lamp"])] == ["yes", "no"]
    alone = train(learning_rate=1e-6, wide_ngrams=0, **options)
    assert alone.wide_path is None


def test_an_encoder_does_not_learn_from_its_fold():

    model = textrnn.TextClassifier(
        train(ensemble_size=1).tokenizer,
        ["no", "yes"],
        ensemble_size=2,
        **{name: value for name, value in SMALL.items() if name != "epochs"},
    )
    objective = LabelOfText(np.ones(2), folds=2)
    texts = [model.tokenizer.encode(text) for text in TEXTS[:20]]
    folds = folds_of(texts, 2)
    ids = np.zeros([1, max(map(len, texts))], np.int32)
    for text, fold in zip(texts[:6], folds, strict=False):
        ids[:] = 0
        ids[0, : len(text)] = text
        with tf.GradientTape() as tape:
            loss, *_ = objective(model, tf.constant(ids), tf.constant([1]), (), has_padding=True, training=True)
        kernels = [encoder.head.kernel.value for encoder in model.text_encoders]
        gradients = tape.gradient(loss, kernels)
        assert not np.any(gradients[fold])
        assert np.any(gradients[1 - fold])


def test_a_stopped_run_resumes_to_the_same_shares(tmp_path):
    options = {"ensemble_size": 2, "epochs": 2}
    whole = train(out=tmp_path / "run", **options)
    again = train(out=tmp_path / "run", resume=True, **options)
    for one, other in zip(whole.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    loaded = textrnn.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.wide_path.tokens.numpy(), whole.wide_path.tokens.numpy())
    assert float(whole.wide_path.share.numpy()[0]) != 0.5
