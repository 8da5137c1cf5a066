"""Ids as input: looked up or embedded, outputs and gradients equal those of the embedded sequence."""

import numpy as np
import pytest
import tensorflow as tf
from references import CELLS, MASKS, B, D, T, make_layer

from textrnn.layers import projection, recurrence

TRACED = ("lstm", "gru", "step_only")


@pytest.mark.parametrize(
    ("tokens", "largest_table"), [(9, 1024), (40, 1024), (9, 8)], ids=["looked_up", "few_ids", "many_tokens"]
)
@pytest.mark.parametrize(
    ("name", "is_traced"),
    [
        *((name, False) for name in CELLS),
        *((name, True) for name in TRACED),
        *(pytest.param(name, True, marks=pytest.mark.slow) for name in CELLS if name not in TRACED),
    ],
)
def test_reading_ids_is_reading_their_embeddings(name, tokens, largest_table, is_traced, monkeypatch):
    monkeypatch.setattr(projection, "LARGEST_TABLE", largest_table)
    monkeypatch.setattr(recurrence, "MAX_CHUNK_STEPS", 2)
    layer, generator = make_layer(name, "float64"), np.random.default_rng(4)
    ids = tf.constant(generator.integers(tokens, size=(B, T)), tf.int32)
    embeddings = tf.constant(generator.normal(size=(tokens, D)))

    def outputs_and_gradients(run, ids):
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            outputs, *states = run(ids)
            loss = tf.reduce_sum(tf.sin(outputs)) + sum(tf.reduce_sum(state * state) for state in states)
        weights = [weight.value for weight in layer.trainable_weights]
        gradients = tape.gradient(loss, [embeddings, *weights])
        return [outputs, *states, *map(tf.convert_to_tensor, gradients)]

    def read(ids):
        return outputs_and_gradients(lambda ids: layer.read_ids(ids, embeddings, mask=MASKS["hole"]), ids)

    if is_traced:
        read = tf.function(read, input_signature=[tf.TensorSpec([None, None], tf.int32)])
    expected = outputs_and_gradients(lambda ids: layer(tf.gather(embeddings, ids), mask=MASKS["hole"]), ids)
    for got, one in zip(read(ids), expected, strict=True):
        np.testing.assert_allclose(got, one, rtol=1e-10, atol=1e-12)
