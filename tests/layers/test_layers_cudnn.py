"""The arguments of cuDNN's recurrence. A loop written from cuDNN's own description stands in for the GPU."""

import logging

import numpy as np
import pytest
import tensorflow as tf
from references import MASKS, B, D, H, T, make_inputs, make_layer

from textrnn.layers import cudnn, engine, recurrent


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cudnn_in_numpy(
    input,  # noqa: A002
    input_h,
    input_c,
    params,
    sequence_lengths,
    rnn_mode,
    is_training,
    time_major,
):
    """One layer of cuDNN: gates i, f, g, o or r, z, g; each W_x `[H, D]`, then each W_h, then the biases."""
    assert is_training
    assert time_major
    gates = 4 if rnn_mode == "lstm" else 3
    flat, weights = np.asarray(params), []
    for rows, columns in [(H, D)] * gates + [(H, H)] * gates + [(H, 1)] * (2 * gates):
        weights.append(flat[: rows * columns].reshape(rows, columns))
        flat = flat[rows * columns :]
    assert len(flat) == 0
    w_x, w_h = weights[:gates], weights[gates : 2 * gates]
    b_x, b_h = weights[2 * gates : 3 * gates], weights[3 * gates :]
    x, lengths = np.asarray(input), np.asarray(sequence_lengths)
    outputs = np.zeros((len(x), B, H))
    h_n, c_n = np.array(input_h[0]), np.array(input_c[0]) if gates == 4 else np.zeros((B, H))
    for row in range(B):
        h, c = h_n[row], c_n[row]
        for t in range(lengths[row]):
            from_x = [w @ x[t, row] + b[:, 0] for w, b in zip(w_x, b_x, strict=True)]
            from_h = [w @ h + b[:, 0] for w, b in zip(w_h, b_h, strict=True)]
            if gates == 4:
                i, f, g, o = (a + b for a, b in zip(from_x, from_h, strict=True))
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            else:
                r, z = (sigmoid(from_x[n] + from_h[n]) for n in (0, 1))
                h = (1 - z) * np.tanh(from_x[2] + r * from_h[2]) + z * h
            outputs[t, row] = h
        h_n[row], c_n[row] = h, c
    return tf.constant(outputs), tf.constant(h_n[None]), tf.constant(c_n[None]), None, None


@pytest.mark.parametrize("name", ["lstm", "gru"])
@pytest.mark.parametrize("mask", [None, MASKS["mix"], MASKS["hole"]], ids=["none", "right_padded", "hole"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("use_bias", [True, False], ids=["bias", "no_bias"])
def test_layer_passes_cudnn_the_expected_arguments(name, mask, reverse, use_bias, monkeypatch):
    layer = make_layer(name, "float64", reverse, use_bias=use_bias)
    sequence, initial = make_inputs(layer.cell, "float64")
    expected = layer(sequence, initial_state=initial, mask=mask)
    calls = []

    def stand_in(**arguments):
        calls.append(arguments)
        return cudnn_in_numpy(**arguments)

    monkeypatch.setattr(recurrent, "has_gpu", lambda: True)
    monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", stand_in)
    for got, one in zip(layer(sequence, initial_state=initial, mask=mask), expected, strict=True):
        np.testing.assert_allclose(got, one, rtol=1e-10, atol=1e-12)
    assert len(calls) == (0 if mask is MASKS["hole"] else 1)


def test_right_padding_is_distinguished_from_holes_and_empty_rows():
    serves = {name: bool(cudnn.is_right_padded(tf.constant(mask))) for name, mask in MASKS.items() if name != "none"}
    assert serves == {"all": True, "mix": True, "hole": False, "empty_row": False}


def test_a_cell_cudnn_does_not_know_runs_in_the_loop_and_the_log_says_why(monkeypatch, caplog):
    monkeypatch.setattr(recurrent, "has_gpu", lambda: True)
    engine.say_once.cache_clear()
    with caplog.at_level(logging.WARNING, "textrnn"):
        for name in ("rnn_tanh", "gru_reset_before", "rnn_relu", "min_gru"):
            layer = make_layer(name)
            sequence, initial = make_inputs(layer.cell)
            layer(sequence, initial_state=initial)
    assert [record.getMessage() for record in caplog.records] == [
        "Recurrent runs RNNCell in a loop on this GPU: cuDNN has no RNNCell.",
        "Recurrent runs GRUCell in a loop on this GPU: cuDNN has no GRU with reset_after=False.",
    ]
    assert cudnn.why_not(make_layer("lstm", "mixed_bfloat16").cell) == "its compute dtype is bfloat16"


@pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="needs a GPU")
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_cudnn_equals_the_loop_on_a_gpu(name, monkeypatch):
    layer = make_layer(name, "float64")
    sequence, initial = make_inputs(layer.cell, "float64")
    by_cudnn = layer(sequence, initial_state=initial, mask=MASKS["mix"])
    monkeypatch.setattr(cudnn, "why_not", lambda cell: "it shall not")
    for got, one in zip(by_cudnn, layer(sequence, initial_state=initial, mask=MASKS["mix"]), strict=True):
        np.testing.assert_allclose(got, one, rtol=1e-10, atol=1e-12)
    assert np.asarray(by_cudnn[0]).shape == (B, T, H)
