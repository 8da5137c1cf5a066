"""The recurrence in log2(T) passes is the recurrence in a loop."""

import numpy as np
import pytest
import tensorflow as tf
from references import D, H, make_inputs, make_layer, run_reference, weights_of

from textrnn.layers import execution, recurrent
from textrnn.layers.projection import project_sequence
from textrnn.layers.recurrence import run_recurrence
from textrnn.layers.scan import run_scan, scan_in_log_depth

ROWS = 3


@pytest.mark.parametrize("steps", [1, 2, 5, 8, 33])
@pytest.mark.parametrize("is_masked", [False, True], ids=["no_mask", "mask"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
def test_log_depth_equals_linear(steps, is_masked, dtype, tolerance):
    cell, generator = make_layer("min_gru", dtype).cell, np.random.default_rng(steps)
    sequence = tf.constant(generator.normal(size=(ROWS, steps, D)), dtype)
    initial = tf.constant(generator.normal(size=(H, ROWS)), dtype)
    mask = tf.constant(generator.random((steps, ROWS)) < 0.6) if is_masked else None
    results = []
    for engine in (
        lambda cell, projection, *rest: run_scan(cell, projection.at_once(), *rest),
        lambda cell, projection, *rest: run_recurrence(cell, projection, (), *rest),
    ):
        with tf.GradientTape() as tape:
            tape.watch([sequence, initial])
            outputs, (final,) = engine(cell, project_sequence(cell, sequence), (initial,), mask)
            loss = tf.reduce_sum(tf.sin(outputs)) + tf.reduce_sum(final * final)
        results.append([outputs, final, *tape.gradient(loss, [sequence, initial, cell.kernel.value])])
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("steps", [1, 6, None])
def test_scan_is_traced_for_known_and_unknown_lengths(steps):
    shapes = [tf.TensorSpec([steps, H, None]), tf.TensorSpec([steps, H, None]), tf.TensorSpec([H, None])]
    traced, generator = tf.function(scan_in_log_depth, shapes), np.random.default_rng(0)
    decay, values = (tf.constant(generator.random((steps or 6, H, ROWS)), tf.float32) for _ in range(2))
    initial = tf.ones([H, ROWS])
    np.testing.assert_allclose(traced(decay, values, initial), scan_in_log_depth(decay, values, initial), rtol=1e-6)


def test_layer_runs_the_scan_where_there_is_a_gpu(monkeypatch):
    layer = make_layer("min_gru", "float64")
    sequence, initial = make_inputs(layer.cell, "float64")
    expected, states = run_reference(layer.cell, weights_of(layer.cell), sequence, initial)
    monkeypatch.setattr(recurrent, "has_gpu", lambda: True)
    monkeypatch.delattr(execution, "run_recurrence")
    outputs, state = layer(sequence, initial_state=initial)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)
    np.testing.assert_allclose(state, states[0], rtol=1e-12)
