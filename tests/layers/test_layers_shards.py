"""A batch cut into shards that run side by side: only the speed changes."""

import numpy as np
import pytest
import tensorflow as tf
from references import CELLS, D, H, make_inputs, make_layer

from textrnn.layers import execution
from textrnn.layers.shards import MIN_SHARD_ROWS, count_shards, map_shards

ROWS, STEPS = 7, 6


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("is_masked", [False, True], ids=["no_mask", "mask"])
@pytest.mark.parametrize("shards", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_shards_change_no_output_state_or_gradient(name, is_masked, shards, monkeypatch):
    layer = make_layer(name, "float64")
    sequence, initial = make_inputs(layer.cell, "float64", rows=ROWS, steps=STEPS)
    mask = np.random.default_rng(5).random((ROWS, STEPS)) < 0.6 if is_masked else None
    states = [tf.TensorSpec([None, H], tf.float64)] * len(initial)
    signature = [tf.TensorSpec([None, None, D], tf.float64), tf.TensorSpec([None, None], tf.bool), *states]

    def run(sequence, mask, *initial):
        with tf.GradientTape() as tape:
            tape.watch([sequence, *initial])
            outputs, *states = layer(
                sequence, initial_state=list(initial), mask=mask if is_masked else None, training=True
            )
            loss = tf.reduce_sum(outputs * outputs) + sum(tf.reduce_sum(tf.sin(state)) for state in states)
        sources = [sequence, *initial, *[weight.value for weight in layer.trainable_weights]]
        return [outputs, *states, *tape.gradient(loss, sources)]

    monkeypatch.setattr(execution, "count_shards", lambda rows: 1 if tf.executing_eagerly() else shards)
    cut = tf.function(run, input_signature=signature)
    for rows in (ROWS, 3, 1):  # with one row, all parts but one are empty
        given = mask[:rows] if is_masked else np.ones((rows, STEPS), bool)
        arguments = [tf.constant(part) for part in (sequence[:rows], given, *[state[:rows] for state in initial])]
        for got, expected in zip(cut(*arguments), run(*arguments), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def test_parts_hold_every_row_once_and_in_order():
    rows = tf.range(7)
    with tf.Graph().as_default():
        parts = map_shards(lambda rows, nothing: (rows, nothing), 3, tf.range(7), None)
        assert all(nothing is None for _, nothing in parts)
        joined = tf.concat([part for part, _ in parts], axis=0)
        with tf.compat.v1.Session() as session:
            np.testing.assert_array_equal(session.run(joined), rows)
            assert {len(part) for part in session.run([part for part, _ in parts])} == {2, 3}


def test_only_a_graph_is_cut_only_once_and_only_where_rows_suffice(monkeypatch):
    monkeypatch.setattr(tf.config.threading, "get_inter_op_parallelism_threads", lambda: 3)
    assert count_shards(1000) == 1  # eager
    seen = {}

    @tf.function
    def graph():
        seen["rows"] = [count_shards(rows) for rows in (MIN_SHARD_ROWS, 2 * MIN_SHARD_ROWS + 8, 1000, None)]
        seen["inside"] = map_shards(lambda rows: count_shards(1000), 2, tf.range(4))
        seen["after"] = count_shards(1000)
        return tf.constant(0)

    graph()
    assert seen["rows"] == [1, 2, 3, 3]
    assert seen["inside"] == [1, 1]
    assert seen["after"] == 3
