"""Tables: weights of which a step reads few rows, such as embeddings.

A step must not depend on the size of a table. Reading a variable whole copies it wherever it is updated by rows, so
the rows are gathered from the variable itself. The gradient is then a `tf.IndexedSlices`.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def look_up(table: Any, rows: tf.Tensor) -> tf.Tensor:
    """Rows of a `keras.Variable` `[N, D]`: `[..., D]` from int `[...]`, without a copy of the table."""
    return tf.gather(table.value, rows)


def sum_by_row(gradient: tf.IndexedSlices) -> tf.IndexedSlices:
    """A gradient in which each row occurs once, as if it were dense: its norm counts repeated tokens right."""
    rows, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)
