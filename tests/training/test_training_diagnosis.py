"""Metrics of gradients and activations inside a model."""

import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn.options.tasks import LANGUAGE_MODEL, arguments_for
from textrnn.text import CharacterTokenizer
from textrnn.training import NextToken, RunFolder
from textrnn.training.batch import Batch
from textrnn.training.diagnosis import gradient_by_lag, measure_activations

TEXT = "the sea is a slow clock.\n" * 40


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_gradients_by_lag_are_those_of_earlier_states(cell):
    model = textrnn.LanguageModel(CharacterTokenizer().fit(TEXT), cell=cell, units=6, num_layers=2, dtype="float64")
    ids = model.tokenizer.encode(TEXT[:18]).reshape(2, 9)
    inputs, targets = ids[:, :-1], ids[:, 1:]
    found = gradient_by_lag(model, inputs, targets, model.initial_states(2))
    assert list(found) == ["1", "2", "4", "8"]
    _, at = model.hidden(inputs[:, :4], model.initial_states(2))

    def loss(states):
        logits, _ = model.forward(inputs[:, 4:], states)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets[:, -1], logits[:, -1]).numpy()

    squares = np.zeros(2)
    for number, state in enumerate(at):
        for unit in range(state.shape[1]):
            moved = [[tf.identity(other) for other in at] for _ in range(2)]
            step = 1e-3 * np.eye(state.shape[1])[unit]
            moved[0][number], moved[1][number] = state + step, state - step
            squares += ((loss(moved[0]) - loss(moved[1])) / 2e-3) ** 2
    assert found["4"] == pytest.approx(np.sqrt(squares).mean(), rel=1e-2)


def test_activations_count_real_steps_only():
    outputs = np.zeros((2, 3, 4), np.float32)
    outputs[0, :2], outputs[1, 0, :2], outputs[:, 2] = 0.5, 1.0, 9.0
    mask = np.array([[1, 1, 0], [1, 0, 0]], bool)
    (found,) = measure_activations([tf.constant(outputs)], mask)
    assert found["rms"] == pytest.approx(np.sqrt((8 * 0.25 + 2) / 12))
    assert found["saturated"] == pytest.approx(2 / 12)
    (unbounded,) = measure_activations([tf.constant(outputs)], mask, are_bounded=False)
    assert unbounded == {"rms": found["rms"]}


def test_activations_of_a_layer_are_its_own_with_residual_connections():
    ids = CharacterTokenizer().fit(TEXT).encode(TEXT[:65])
    batch = Batch(ids[None, :-1], ids[None, 1:], has_padding=False, is_fresh=True)
    model = textrnn.LanguageModel(
        CharacterTokenizer().fit(TEXT), cell="rnn", units=8, num_layers=3, residual=True, embedding_dim=4
    )
    for layer in model.recurrent_layers:
        layer.cell.bias.assign(np.full(8, 0.7))
    found = NextToken().diagnose(model, batch)["activations"]
    assert all(each["rms"] < 1 for each in found)  # a tanh is, a sum of three that lean one way is not


def test_the_metrics_of_a_run_show_gradients_and_activations(tmp_path):
    options = {
        "cell": "lstm",
        "units": 8,
        "embedding_dim": 4,
        "num_layers": 2,
        "batch_size": 4,
        "sequence_length": 16,
    }
    textrnn.train_language_model(
        [TEXT],
        **arguments_for(LANGUAGE_MODEL, **options, epochs=2, out=tmp_path, gradient_by_lag=True, verbose=False),
    )
    for line in RunFolder(tmp_path).history():
        norms = line["gradient_norms"]
        assert {"embedding/embeddings", "layer_1/lstm/kernel", "layer_2/lstm/recurrent_kernel", "head/bias"} <= set(
            norms
        )
        assert 0 < max(norms.values()) <= line["gradient_norm"]
        assert len(line["activations"]) == 2
        assert all(0 < layer["rms"] < 1 and 0 <= layer["saturated"] < 1 for layer in line["activations"])
        assert list(line["gradient_by_lag"]) == ["1", "2", "4", "8", "16"]
        assert 0 < line["starting_seconds"] < line["seconds"]
