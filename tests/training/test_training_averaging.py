"""Averages of the weights: computed, saved and validated, while training continues with the weights themselves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn.options.tasks import LANGUAGE_MODEL, arguments_for
from textrnn.training.averaging import WeightAverages

TEXTS = ["the sea is a slow clock.\n", "a rope, a lamp, a loaf of bread.\n"] * 12
SMALL = {"units": 8, "embedding_dim": 4, "batch_size": 4, "sequence_length": 16, "verbose": False}


def test_an_average_forgets_at_its_rate_and_early_steps_sooner():
    weight = keras.Variable(np.zeros(2, np.float32))
    averages, expected = WeightAverages([weight], 0.9), 0.0
    for step in range(1, 200):
        weight.assign(np.full(2, float(step), np.float32))
        averages.update(tf.constant(step))
        decay = min(0.9, step / (step + 9))
        expected = decay * expected + (1 - decay) * step
        np.testing.assert_allclose(averages.values[0], expected, rtol=1e-5)


def test_within_the_context_the_weights_are_their_averages():
    weight = keras.Variable(np.ones(2, np.float32))
    averages = WeightAverages([weight], 0.9)
    weight.assign([3.0, 5.0])

    def use():
        with averages.in_place():
            np.testing.assert_array_equal(weight, [1, 1])
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        use()
    np.testing.assert_array_equal(weight, [3, 5])


class Recorder(keras.callbacks.Callback):
    """Keeps the weights before each step."""

    def __init__(self):
        super().__init__()
        self.passed = []

    def on_train_batch_begin(self, batch, logs=None):
        self.passed.append(self.model.get_weights())


def train(decay, epochs):
    record = Recorder()
    options = {"weight_averaging": decay, "epochs": epochs, "validation_split": 0, "callbacks": [record]}
    return textrnn.train_language_model(
        TEXTS, **arguments_for(LANGUAGE_MODEL, **SMALL, **options)
    ).get_weights(), record.passed


def test_averaging_changes_the_saved_weights_and_not_the_training():
    (plain, way), (averaged, averaged_way) = train(0.0, 3), train(0.9, 3)
    for weights, others in zip(way, averaged_way, strict=True):
        for a, b in zip(weights, others, strict=True):
            np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(plain, averaged, strict=True))


def test_the_saved_model_is_the_average_of_the_training_weights():
    kept, passed = train(0.5, 1)
    last, _ = train(0.0, 1)
    expected = passed[0]
    for step, weights in enumerate([*passed[1:], last], 1):
        decay = min(0.5, step / (step + 9))
        expected = [decay * average + (1 - decay) * weight for average, weight in zip(expected, weights, strict=True)]
    for a, b in zip(kept, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
