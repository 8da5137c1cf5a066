"""A recurrent cell of your own in 30 lines, in a language model and in a classifier.

    python examples/custom_cell.py                                                  a minute, on the texts below
    python examples/custom_cell.py --corpus corpora/plays.txt --units 256 --epochs 10      texts of your own
    python examples/custom_cell.py --table corpora/sentences_train.csv

The cell is the minimal gated unit (Zhou et al., 2016, arXiv 1603.09420), a GRU with one gate instead of two:

    f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)
    g_t = tanh(W_g x_t + U_g (f_t * h_{t-1}) + b_g)
    h_t = (1 - f_t) * h_{t-1} + f_t * g_t

It states one step. The loop over time, masks, gradients, both directions, saving and loading are there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import tensorflow as tf

import textrnn
from textrnn.layers import Cell, product


@keras.saving.register_keras_serializable("custom_cell")
class MinimalGatedCell(Cell):
    """A cell with one gate, which forgets and resets."""

    blocks = 2  # of W_x, W_h and b: the gate's and the candidate's

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], weights: tuple[tf.Tensor, ...]
    ) -> tuple[tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]:
        (h,), (w_h,) = states, weights
        x_f, x_g = tf.split(projected, 2)
        u_f, u_g = tf.split(w_h, 2)
        f = tf.sigmoid(x_f + product(u_f, h))
        g = tf.tanh(x_g + product(u_g, f * h))
        h = (1 - f) * h + f * g
        return (h,), ()


TEXT = "The tide is late tonight. The lamp is lit, the harbor sleeps, and nobody comes home. " * 40
TEXTS = ["what a lovely evening", "a bright and happy song", "what a dreadful evening", "a dull and weary song"] * 20
LABELS = ["good", "good", "bad", "bad"] * 20


def main() -> None:
    parser = argparse.ArgumentParser(description="A cell of your own in both models.")
    parser.add_argument("--corpus", type=Path, help="a text file for the language model")
    parser.add_argument("--table", type=Path, help="a table of texts and labels for the classifier")
    parser.add_argument("--units", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    options = parser.parse_args()
    sizes = {"cell": MinimalGatedCell, "units": options.units, "epochs": options.epochs, "seed": 1}

    source = options.corpus or [TEXT]
    lm = textrnn.train_language_model(source, num_layers=1, sequence_length=32, batch_size=8, **sizes)
    lm.save(options.out / "mgu.keras")
    again = textrnn.load(options.out / "mgu.keras")  # the class is registered, so the file is enough
    text = again.generate("The ", length=60, temperature=0.5, seed=1)
    print(f"{again.cell}: {again.score('The tide is late.').bits_per_character:.2f} bits a character; {text!r}")

    table = options.table or (TEXTS, LABELS)
    classifier = textrnn.train_classifier(table, model=textrnn.ClassifierOptions(ensemble_size=1), **sizes)
    classifier.save(options.out / "mgu_classifier.keras")
    classifier = textrnn.load(options.out / "mgu_classifier.keras")
    answer = classifier.classify(["what a happy evening"])[0]
    print(f"{classifier.cell}: {answer.label}, probability {answer.probability:.2f}")


if __name__ == "__main__":
    main()
