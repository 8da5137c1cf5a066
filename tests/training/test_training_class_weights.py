"""A text counts with its weight, whatever else is in its batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn.models import TextClassifier
from textrnn.options import TrainingOptions
from textrnn.options.tasks import CLASSIFIER, arguments_for
from textrnn.text import WordTokenizer
from textrnn.training import LabeledBatches, LabelOfText, Trainer, traced_steps, weigh_classes
from textrnn.training.averaging import WeightAverages
from textrnn.training.batch import NO_LABEL, Batch
from textrnn.training.traced_steps import TracedSteps

WEIGHTS = np.array([0.25, 6.0])
IDS = np.random.default_rng(0).integers(8, 20, [12, 5]).astype(np.int32)
TARGETS = np.array([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], np.int32)


def make_classifier():
    options = {
        "cell": "min_gru",
        "units": 4,
        "embedding_dim": 4,
        "ensemble_size": 1,
        "bidirectional": False,
        "seed": 1,
    }
    options |= {"dropout": 0.0, "token_dropout": 0.0, "ngram_buckets": 0, "pooling": "concat"}
    return TextClassifier(WordTokenizer().fit(" ".join(f"w{n}" for n in range(20))), ["a", "b"], **options)


class Descent:
    """Steps of plain gradient descent at rate 1, each from the same weights; to trace them takes the longest."""

    def __init__(self, *, clip_norm=1e9, **objective):
        self.model = make_classifier()
        optimizer = keras.optimizers.SGD(1.0)
        optimizer.build(self.model.trainable_variables)
        self.steps = TracedSteps(
            self.model,
            LabelOfText(**{"class_weights": WEIGHTS, **objective}),
            optimizer,
            WeightAverages(self.model.trainable_variables, 0.0),
            clip_norm=clip_norm,
            rows=len(IDS),
            validation_rows=None,
        )

    def move(self, rows=slice(None), ids=IDS, targets=TARGETS):
        """How far a step on these rows moves the weights, and its loss and accuracy."""
        before = self.model.get_weights()
        sums, _, _ = self.steps.train(Batch(ids[rows], targets[rows], has_padding=True, is_fresh=True), ())
        loss, correct, count = sums.numpy()
        moves = np.concatenate([np.ravel(a - b) for a, b in zip(before, self.model.get_weights(), strict=True)])
        self.model.set_weights(before)
        return moves, loss / count, correct / count


@pytest.fixture(scope="module")
def plain():
    return Descent()


def assert_is_mean_of_rows(descent, rows):
    whole, loss, _ = descent.move(slice(rows))
    parts = [descent.move(slice(row, row + 1)) for row in range(rows)]
    np.testing.assert_allclose(sum(part[0] for part in parts) / rows, whole, rtol=1e-3, atol=1e-6)
    assert sum(part[1] for part in parts) / rows == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("shards", [1, 3])
def test_a_step_divides_by_the_texts_as_keras_does(shards, plain, monkeypatch):
    monkeypatch.setattr(traced_steps, "count_shards", lambda rows: shards)
    moves, loss, accuracy = (plain if shards == 1 else Descent()).move()
    model = make_classifier()
    with tf.GradientTape() as tape:
        logits = model.text_encoders[0](IDS, mask=IDS != 0, training=False)
        cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        expected = cross_entropy(TARGETS, logits, sample_weight=WEIGHTS[TARGETS])
    gradients = tape.gradient(expected, [variable.value for variable in model.trainable_variables])
    gradient = np.concatenate([np.ravel(tf.convert_to_tensor(one)) for one in gradients])
    np.testing.assert_allclose(moves[: len(gradient)], gradient, rtol=1e-3, atol=1e-6)
    assert loss == pytest.approx(float(expected), rel=1e-5)
    assert accuracy == pytest.approx((np.argmax(logits, axis=1) == TARGETS).mean())


def test_a_text_counts_its_weight_in_a_batch_of_its_own(plain):
    assert_is_mean_of_rows(plain, 12)


def test_predicting_tokens_counts_the_weight_of_the_text():
    parent = textrnn.LanguageModel(make_classifier().tokenizer, cell="min_gru", units=4, embedding_dim=4, seed=2)
    assert_is_mean_of_rows(Descent(lm_loss_weight=3.0, language_models=[parent]), 4)


def test_clipping_does_not_cancel_the_weight():
    descent = Descent(clip_norm=0.01)
    for row in (0, 1):
        moves, _, _ = descent.move(slice(row, row + 1))
        assert np.linalg.norm(moves) == pytest.approx(0.01 * WEIGHTS[TARGETS[row]], rel=1e-3)


def test_vat_loss_does_not_depend_on_the_shard_of_the_labels(plain, monkeypatch):
    has_label = np.arange(12) < 6
    batch = {"targets": np.where(has_label, TARGETS, NO_LABEL).astype(np.int32)}
    batch["ids"] = np.where(has_label[:, None] | (np.arange(5) == 0), IDS, 0).astype(np.int32)

    def same_for_all_rows(shape, seed):  # in place of directions drawn for each row
        return tf.broadcast_to(tf.cos(tf.range(tf.cast(shape[-1], tf.float32))), shape)

    found = []
    for shards in (1, 2):
        descent = Descent(vat_weight=100.0, radius=1.0)
        monkeypatch.setattr(traced_steps, "count_shards", lambda rows, shards=shards: shards)
        with monkeypatch.context() as patch:
            patch.setattr(tf.random, "stateless_normal", same_for_all_rows)
            found.append(descent.move(**batch)[0])
    one, two = (moves - plain.move(slice(6))[0] for moves in found)
    assert np.linalg.norm(two - one) < 1e-3 * np.linalg.norm(one)


def test_balanced_weights_are_1_on_average_over_the_texts():
    numbers = np.array([0] * 30 + [1] * 6 + [2])
    weights = weigh_classes("balanced", ["a", "b", "c"], numbers)
    assert weights[numbers].mean() == pytest.approx(1)
    assert [weights[number] * (numbers == number).sum() for number in range(3)] == pytest.approx([37 / 3] * 3)


def test_weights_matter_where_each_text_is_a_batch():
    texts, labels = ["good tide", "bad rope", "warm quay", "poor film"] * 5, ["p", "n"] * 10
    options = {"cell": "min_gru", "units": 4, "embedding_dim": 4, "epochs": 1, "ensemble_size": 1, "ngram_buckets": 0}
    options |= {"batch_size": 1, "precision": "float32", "verbose": False, "learning_rate": 0.03}
    options["bidirectional"] = False
    answers = [
        textrnn.train_classifier(
            (texts, labels), **arguments_for(CLASSIFIER, class_weight=weight, **options)
        ).classify(["tide"])[0]
        for weight in (None, {"p": 1.0, "n": 1000.0})
    ]
    assert answers[1].probabilities["n"] > answers[0].probabilities["n"] + 0.02


class Unbucketed(LabeledBatches):
    def _batches(self, epoch):
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.lengths))
        return np.split(order, range(self.batch_size, len(order), self.batch_size))


def test_bucketing_does_not_slow_training_where_length_predicts_the_label():
    generator = np.random.default_rng(0)
    lengths = [*generator.integers(2, 6, 80), *generator.integers(12, 20, 80)]
    labels = np.repeat([0, 1], 80)
    texts = [np.append(generator.integers(10, 20, n), 8 + label) for n, label in zip(lengths, labels, strict=True)]
    losses = []
    for kind in (Unbucketed, LabeledBatches):
        record = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: losses.append(logs["loss"]))
        settings = TrainingOptions(
            epochs=2, learning_rate=0.01, warmup=0.0, schedule="constant", weight_decay=0.0, clip_norm=1.0
        )
        batches = kind(texts, labels, batch_size=8, seed=1)
        Trainer(
            make_classifier(), LabelOfText(np.ones(2)), batches, None, settings, callbacks=[record], is_shown=False
        ).train()
    assert losses[3] < 1.1 * losses[1]  # batches of one label end with more than twice the loss
