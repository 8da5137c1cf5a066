"""Virtual adversarial training: the perturbation, its loss, and texts without labels."""

import numpy as np
import pytest
import tensorflow as tf
from killed import CopyAfter

import textrnn
from textrnn.options.tasks import CLASSIFIER, arguments_for
from textrnn.text import WordTokenizer
from textrnn.training.adversarial import virtual_adversarial_loss
from textrnn.training.batch import NO_LABEL
from textrnn.training.objectives import LabelOfText


class Seeds:
    def next(self):
        return tf.constant([1, 2])


class SumEncoder:
    """Two labels whose logits differ by w times the sum of the embeddings of the real steps."""

    def __init__(self):
        generator = np.random.default_rng(0)
        self.table = tf.constant(generator.normal(size=[9, 4]), tf.float32)
        self.w = tf.constant(generator.normal(size=4), tf.float32)
        self.direction_seeds = Seeds()
        self.perturbations = []

    def embed_tokens(self, ids):
        return tf.gather(self.table, ids)

    def __call__(self, ids, mask, training, perturbation=None, bptt=None):
        assert not training
        embedded = self.embed_tokens(ids)
        if perturbation is not None:
            self.perturbations.append(perturbation)
            embedded += perturbation
        total = tf.reduce_sum(embedded * tf.cast(mask, tf.float32)[..., None], axis=1)
        difference = tf.linalg.matvec(total, self.w)
        return tf.stack([difference, tf.zeros_like(difference)], axis=1)


def test_adversarial_perturbation_changes_the_prediction_most():
    encoder, radius = SumEncoder(), 0.05
    ids = np.array([[3, 4, 5, 6], [7, 8, 0, 0], [0, 0, 0, 0]])

    @tf.function(autograph=False)
    def run():
        loss = virtual_adversarial_loss(encoder, tf.constant(ids), tf.constant(ids != 0), radius)
        return loss, encoder.perturbations[-1]

    loss, moved = (tensor.numpy() for tensor in run())
    for row, (text, move) in enumerate(zip(ids, moved, strict=True)):
        real = text != 0
        np.testing.assert_array_equal(move[~real], 0)  # padding stays where it is
        if not real.any():
            assert loss[row] == 0
            continue
        size = radius * np.linalg.norm(encoder.table.numpy()[text[real]])
        expected = size * encoder.w.numpy() / np.linalg.norm(encoder.w) / np.sqrt(real.sum())
        np.testing.assert_allclose(np.abs(move[real]), np.tile(np.abs(expected), (real.sum(), 1)), rtol=1e-3)
        before = float(encoder(ids[row : row + 1], ids[row : row + 1] != 0, False)[0, 0])
        after = before + float((move[real] @ encoder.w.numpy()).sum())
        p, q = 1 / (1 + np.exp(-before)), 1 / (1 + np.exp(-after))
        divergence = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
        assert float(loss[row]) == pytest.approx(divergence, rel=1e-3)


def test_vat_loss_changes_the_weights_but_not_the_reported_loss():
    texts = ["good light", "bad rope", "a good lamp", "bad, bad clock"] * 4
    labels = ["yes", "no"] * 8
    options = {"cell": "rnn", "units": 4, "ensemble_size": 1, "bidirectional": False, "epochs": 1, "batch_size": 16}
    options |= {"tokenizer": WordTokenizer(), "learning_rate": 0.01, "token_dropout": 0.0, "dropout": 0.0}
    options |= {"ngram_buckets": 16, "wide_ngrams": 0, "validation_split": 0, "verbose": False}
    losses, models = [], []
    for vat_weight in (0.0, 50.0):
        callback = Losses()
        models.append(
            textrnn.train_classifier(
                (texts, labels), **arguments_for(CLASSIFIER, vat_weight=vat_weight, callbacks=[callback], **options)
            )
        )
        losses.append(callback.first)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    plain, smooth = (model.text_encoders[0].embedding.embeddings.numpy() for model in models)
    assert np.abs(plain - smooth).max() > 1e-4


@pytest.fixture(scope="module")
def classifier():
    options = {
        "cell": "min_gru",
        "units": 4,
        "embedding_dim": 4,
        "ensemble_size": 1,
        "bidirectional": False,
        "ngram_buckets": 16,
        "token_dropout": 0.0,
        "dropout": 0.0,
    }
    return textrnn.train_classifier(
        (["a good lamp", "a bad rope"], ["no", "yes"]),
        **arguments_for(CLASSIFIER, epochs=1, verbose=False, **options),
    )


@pytest.fixture(scope="module", params=[0.0, 1e4], ids=["without", "with"])
def vat_weight(request):
    """Weight of the virtual adversarial loss."""
    return request.param


@pytest.fixture(scope="module")
def step(classifier, vat_weight):
    """Function from a batch to its loss, correct and weight, and the gradient of its loss for all weights."""
    objective = LabelOfText(np.ones(2), vat_weight)
    variables = [variable.value for variable in classifier.trainable_variables]
    signature = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)]

    @tf.function(input_signature=signature, autograph=False)
    def run(ids, targets):
        with tf.GradientTape() as tape:
            *sums, _ = objective(classifier, ids, targets, (), has_padding=True, training=True)
        return sums, [tf.convert_to_tensor(one) for one in tape.gradient(sums[0], variables)]

    def sums_and_gradient(ids, targets):
        sums, gradients = run(tf.constant(ids, tf.int32), tf.constant(targets, tf.int32))
        return np.array(sums), np.concatenate([np.ravel(one) for one in gradients])

    return sums_and_gradient


def test_unlabeled_texts_count_in_the_vat_loss_alone(step, vat_weight):
    ids = np.array([[3, 4, 5], [3, 6, 0], [4, 5, 3], [7, 3, 6]])
    targets = np.array([0, 1, NO_LABEL, NO_LABEL])
    sums, gradient = step(ids, targets)
    labeled_sums, labeled_gradient = step(ids[:2], targets[:2])
    assert sums[2] == labeled_sums[2] == 2
    if vat_weight:
        assert np.abs(gradient - labeled_gradient).max() > 1e-3
    else:
        np.testing.assert_allclose(sums, labeled_sums, rtol=1e-6)
        np.testing.assert_allclose(gradient, labeled_gradient, atol=1e-7)


@pytest.mark.parametrize(("ids", "targets"), [([[3, 4, 5]], [NO_LABEL]), (np.zeros((0, 3)), np.zeros(0))])
def test_a_batch_without_labels_changes_no_weights(step, ids, targets):
    sums, gradient = step(ids, targets)
    np.testing.assert_array_equal(sums, 0)
    np.testing.assert_array_equal(gradient, 0)


def test_training_reads_texts_without_labels(tmp_path):
    """From a file or a list alike: a run begun with one is resumed with the other, and with the same texts alone."""
    labeled = (["a good lamp", "a bad rope"] * 3, ["yes", "no"] * 3)
    more = ["a lamp bad", "good good rope", "a slow clock"]
    path = tmp_path / "more.txt"
    path.write_text("\n".join(more) + "\n", encoding="utf-8")
    options = {"cell": "min_gru", "units": 4, "ensemble_size": 1, "epochs": 2, "batch_size": 4, "vat_weight": 5.0}
    options |= {"bidirectional": False, "ngram_buckets": 16, "validation_split": 0, "verbose": False}
    options["wide_ngrams"] = 0
    out, killed = tmp_path / "run", tmp_path / "killed"
    copy = {"callbacks": [CopyAfter(3, out, killed)], "checkpoint_seconds": 0}
    from_file = textrnn.train_classifier(
        labeled, **arguments_for(CLASSIFIER, unlabeled=path, out=out, **copy, **options)
    )
    without = textrnn.train_classifier(labeled, **arguments_for(CLASSIFIER, **options))
    resumed = textrnn.train_classifier(
        labeled, **arguments_for(CLASSIFIER, unlabeled=more, out=killed, resume=True, **options)
    )
    for one, other in zip(from_file.trainable_variables, resumed.trainable_variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    kernels = [model.text_encoders[0].head.kernel.numpy() for model in (from_file, without)]
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-6
    with pytest.raises(ValueError, match="checksum"):
        textrnn.train_classifier(
            labeled, **arguments_for(CLASSIFIER, unlabeled=[*more[:2], "a rope"], out=out, resume=True, **options)
        )


@pytest.mark.parametrize(
    ("unlabeled", "vat_weight", "message"),
    [
        (["a"], 0.0, "`unlabeled` texts serve the virtual adversarial loss alone; received vat_weight=0"),
        (7, 1.0, "`unlabeled` must be a path or a list of strings; received 7 of type int"),
        (["a", 7], 1.0, r"`unlabeled\[1\]` must be a string; received 7"),
    ],
)
def test_texts_without_labels_that_cannot_be_used_are_refused(unlabeled, vat_weight, message):
    with pytest.raises((TypeError, ValueError), match=message):
        textrnn.train_classifier(
            (["a", "b"], ["x", "y"]),
            verbose=False,
            training=textrnn.ClassifierTraining(unlabeled=unlabeled, vat_weight=vat_weight),
        )


class Losses(tf.keras.callbacks.Callback):
    first = None

    def on_train_batch_end(self, batch, logs=None):
        self.first = self.first or logs["loss"]


@pytest.mark.parametrize("vat_weight", [-1, float("nan")])
def test_a_negative_vat_weight_is_refused(vat_weight):
    with pytest.raises(ValueError, match=r"`vat_weight` must be .*; received"):
        textrnn.train_classifier(
            (["a", "b"], ["x", "y"]), verbose=False, training=textrnn.ClassifierTraining(vat_weight=vat_weight)
        )
