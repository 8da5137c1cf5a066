"""Virtual adversarial training: the step that changes an answer most, and what it costs."""

import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn.text import WordTokenizer
from textrnn.training.objectives import smoothness_loss


class Seeds:
    def next(self):
        return tf.constant([1, 2])


class SumReader:
    """Two labels whose logits differ by w times the sum of the embeddings of the real steps."""

    def __init__(self):
        generator = np.random.default_rng(0)
        self.table = tf.constant(generator.normal(size=[9, 4]), tf.float32)
        self.w = tf.constant(generator.normal(size=4), tf.float32)
        self.direction_seeds = Seeds()
        self.perturbations = []

    def embedding(self, ids):
        return tf.gather(self.table, ids)

    def __call__(self, ids, mask, training, perturbation=None, bptt=None):
        assert not training
        embedded = self.embedding(ids)
        if perturbation is not None:
            self.perturbations.append(perturbation)
            embedded += perturbation
        total = tf.reduce_sum(embedded * tf.cast(mask, tf.float32)[..., None], axis=1)
        difference = tf.linalg.matvec(total, self.w)
        return tf.stack([difference, tf.zeros_like(difference)], axis=1)


def test_a_text_is_moved_where_its_answer_changes_most():
    reader, radius = SumReader(), 0.05
    ids = np.array([[3, 4, 5, 6], [7, 8, 0, 0], [0, 0, 0, 0]])

    @tf.function(autograph=False)
    def run():
        loss = smoothness_loss(reader, tf.constant(ids), tf.constant(ids != 0), radius)
        return loss, reader.perturbations[-1]

    loss, moved = (tensor.numpy() for tensor in run())
    for row, (text, move) in enumerate(zip(ids, moved, strict=True)):
        real = text != 0
        np.testing.assert_array_equal(move[~real], 0)  # padding stays where it is
        if not real.any():
            assert loss[row] == 0
            continue
        size = radius * np.linalg.norm(reader.table.numpy()[text[real]])
        expected = size * reader.w.numpy() / np.linalg.norm(reader.w) / np.sqrt(real.sum())
        np.testing.assert_allclose(np.abs(move[real]), np.tile(np.abs(expected), (real.sum(), 1)), rtol=1e-3)
        before = float(reader(ids[row : row + 1], ids[row : row + 1] != 0, False)[0, 0])
        after = before + float((move[real] @ reader.w.numpy()).sum())
        p, q = 1 / (1 + np.exp(-before)), 1 / (1 + np.exp(-after))
        divergence = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
        assert float(loss[row]) == pytest.approx(divergence, rel=1e-3)


def test_training_with_it_changes_the_weights_and_not_what_is_reported_at_first():
    texts = ["good light", "bad rope", "a good lamp", "bad, bad clock"] * 4
    labels = ["yes", "no"] * 8
    options = {"cell": "gru", "units": 4, "members": 1, "bidirectional": False, "epochs": 1, "batch_size": 16}
    options |= {"tokenizer": WordTokenizer(), "learning_rate": 0.01, "symbol_dropout": 0.0, "dropout": 0.0}
    options |= {"verbose": False}
    losses, models = [], []
    for smoothness in (0.0, 50.0):
        callback = Losses()
        models.append(
            textrnn.train_classifier((texts, labels), smoothness=smoothness, callbacks=[callback], **options)
        )
        losses.append(callback.first)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    plain, smooth = (model.readers[0].embedding.embeddings.numpy() for model in models)
    assert np.abs(plain - smooth).max() > 1e-4


class Losses(tf.keras.callbacks.Callback):
    first = None

    def on_train_batch_end(self, batch, logs=None):
        self.first = self.first or logs["loss"]


@pytest.mark.parametrize("smoothness", [-1, float("nan")])
def test_a_negative_weight_is_refused(smoothness):
    with pytest.raises(ValueError, match=r"`smoothness` must be .*; received"):
        textrnn.train_classifier((["a", "b"], ["x", "y"]), smoothness=smoothness, verbose=False)
