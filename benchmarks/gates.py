"""Time of each part of an LSTM step, written in several forms; the fastest form is the one in the cells.

    python benchmarks/gates.py            512 units, batch size 64
    python benchmarks/gates.py 128 32

Each form runs many times in a chain inside one graph. The forms take turns; medians in microseconds.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import tensorflow as tf

CHAIN, ROUNDS = 32, 9


def chained(form: Callable[[tf.Tensor], tf.Tensor], start: tf.Tensor) -> Callable[[], float]:
    """A function that measures the microseconds of one `form` in a chain of them."""

    def chain(state: tf.Tensor) -> tf.Tensor:
        for _ in range(CHAIN):
            with tf.control_dependencies([state]):
                state = form(state)
        return state

    traced = tf.function(chain, autograph=False)
    traced(start)

    def measure() -> float:
        began = time.perf_counter()
        traced(start).numpy()
        return (time.perf_counter() - began) / CHAIN * 1e6

    return measure


def forms(units: int, batch: int) -> dict[str, Callable[[], float]]:
    """A measurement of each form, a function from a tensor to one of the same shape, so that it can be chained."""
    kernel = tf.random.normal([units, 4 * units]) / units
    w_h = tf.transpose(kernel)
    in_rows, in_columns = tf.random.normal([batch, units]), tf.random.normal([units, batch])
    z, z_in_rows = tf.random.normal([4 * units, batch]), tf.random.normal([batch, 4 * units])

    def by_sigmoids(z: tf.Tensor) -> tf.Tensor:
        z_if, z_g, z_o = tf.split(z, [2 * units, units, units])
        i, f = tf.split(tf.sigmoid(z_if), 2)
        return tf.concat([i, f, tf.tanh(z_g), tf.sigmoid(z_o)], axis=0)

    def by_one_tanh(z: tf.Tensor) -> tf.Tensor:
        i, f, g, o = tf.split(tf.tanh(z), 4)  # sigmoid(2 x) = (1 + tanh(x)) / 2; the weights contain the 2
        return tf.concat([0.5 * i + 0.5, 0.5 * f + 0.5, g, 0.5 * o + 0.5], axis=0)

    def by_sigmoids_in_rows(z: tf.Tensor) -> tf.Tensor:
        i, f, g, o = tf.split(z, 4, axis=1)
        return tf.concat([tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)], axis=1)

    return {
        "product, rows: h @ W_h^T": chained(lambda h: tf.matmul(h, kernel)[:, :units], in_rows),
        "product, columns: W_h @ h": chained(lambda h: tf.matmul(w_h, h)[:units], in_columns),
        "backward product, rows, the kernel transposed in the product": chained(
            lambda dz: tf.matmul(tf.tile(dz, [1, 4]), kernel, transpose_b=True), in_rows
        ),
        "backward product, columns": chained(lambda dz: tf.matmul(kernel, tf.tile(dz, [4, 1])), in_columns),
        "gates, rows": chained(by_sigmoids_in_rows, z_in_rows),
        "gates, columns, sigmoid and tanh": chained(by_sigmoids, z),
        "gates, columns, one tanh": chained(by_one_tanh, z),
    }


def main() -> None:
    units, batch = (int(argument) for argument in sys.argv[1:3]) if len(sys.argv) > 2 else (512, 64)
    measures = forms(units, batch)
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(ROUNDS):
        for name, measure in measures.items():
            taken[name].append(measure())
    print(f"| LSTM of {units} units, batch size {batch} | microseconds |\n| --- | --- |")
    for name, times in taken.items():
        print(f"| {name} | {statistics.median(times):.0f} |")


if __name__ == "__main__":
    main()
