"""Tables of embeddings: a step reads, updates and averages only the rows of its batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from textrnn.layers.tables import look_up, sum_by_row
from textrnn.models import TextClassifier
from textrnn.options import TrainingOptions
from textrnn.text import WordTokenizer
from textrnn.training import LabeledBatches, LabelOfText, Trainer
from textrnn.training.adamw import TABLE_RATE, AdamW
from textrnn.training.averaging import WeightAverages

BUCKETS = 54_321  # no other axis of the model has this size
BATCHES = [[0, 2, 2], [2, 3], [0], [2, 3]]


def make_table():
    return keras.Variable(np.arange(12, dtype=np.float32).reshape(4, 3) / 10)


def gradient_at(table, rows):
    """The gradient of a sum of squares over some rows of a table."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(look_up(table, tf.constant(rows)) ** 2)
    return tape.gradient(loss, table.value)


def test_each_row_of_a_gradient_occurs_once():
    table = make_table()
    gradient = gradient_at(table, [2, 0, 2])
    summed = sum_by_row(gradient)
    np.testing.assert_array_equal(summed.indices, [2, 0])
    np.testing.assert_array_equal(tf.convert_to_tensor(summed), tf.convert_to_tensor(gradient))


def test_rows_with_a_gradient_follow_adam_and_others_stay():
    table = make_table()
    optimizer = AdamW(0.1, weight_decay=0.5, tables=[table])
    optimizer.build([table])
    expected, first, second = table.numpy(), np.zeros([4, 3]), np.zeros(4)
    for step, rows in enumerate(BATCHES, 1):
        optimizer.apply([sum_by_row(gradient_at(table, rows))], [table])
        for row in set(rows):
            gradient = rows.count(row) * 2 * expected[row]
            first[row] = 0.9 * first[row] + 0.1 * gradient
            second[row] = 0.999 * second[row] + 0.001 * np.mean(gradient**2)
            move = first[row] / (1 - 0.9**step) / np.sqrt(second[row] / (1 - 0.999**step))
            expected[row] -= 0.1 * TABLE_RATE * move
        np.testing.assert_allclose(table.numpy(), expected, rtol=1e-3)
    assert [variable.shape for variable in optimizer.variables[2:]] == [(4, 3), (4,)]  # beside step and rate


def test_averages_of_rows_equal_those_of_whole_tables():
    table, whole = make_table(), make_table()
    by_row, dense = WeightAverages([table], 0.5, [table]), WeightAverages([whole], 0.5)
    generator = np.random.default_rng(0)
    for step, rows in enumerate(BATCHES, 1):
        rows = np.unique(rows)
        by_row.catch_up([tf.IndexedSlices(tf.zeros([len(rows), 3]), tf.constant(rows))])
        values = table.numpy()
        values[rows] = generator.normal(size=[len(rows), 3])
        for variable, averages in ((table, by_row), (whole, dense)):
            variable.assign(values)
            averages.update(tf.constant(step))
    with by_row.in_place():
        np.testing.assert_allclose(table.numpy(), dense.values[0], rtol=1e-5)
    np.testing.assert_array_equal(table.numpy(), values)


@pytest.mark.parametrize("weight_averaging", [0.0, 0.9])
def test_no_operation_of_a_training_step_is_as_large_as_a_table(weight_averaging):
    tokenizer = WordTokenizer().fit(["a b c d"])
    options = {"cell": "min_gru", "units": 4, "embedding_dim": 4, "ngram_buckets": BUCKETS, "ensemble_size": 1}
    model = TextClassifier(tokenizer, ["a", "b"], **options)
    texts = [tokenizer.encode(text) for text in ("a b", "c", "b d", "d a")]
    batches = LabeledBatches(texts, np.array([0, 1, 0, 1]), batch_size=2, seed=0)
    trainer = Trainer(
        model,
        LabelOfText(np.ones(2)),
        batches,
        None,
        TrainingOptions(epochs=1, learning_rate=0.1, weight_averaging=weight_averaging),
        is_shown=False,
    )
    graph = trainer.traced.traced_training[True].get_concrete_function().graph

    sizes = {
        operation.type
        for operation in graph.get_operations()
        for output in operation.outputs
        if output.dtype != tf.resource and output.shape.rank and output.shape[0] == BUCKETS
    }
    assert sizes == set()
    before = model.text_encoders[0].ngram_embedding.embeddings.numpy()
    trainer.train()
    changed = (model.text_encoders[0].ngram_embedding.embeddings.numpy() != before).any(axis=1).sum()
    assert 0 < changed <= 7
