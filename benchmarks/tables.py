"""Training steps of a classifier by the size of its table of n-grams, and with a dense update of it.

    python benchmarks/tables.py FILE [--texts 4000] [--buckets 16384 262144 1048576] [--batch-size 64]

FILE is a table with a text and a label column. The classifier reads words and hashed pairs: a minGRU of 64 units in
each direction over embeddings of 64. The trainings take turns in one process with the settings of `textrnn train`.
Each round trains on the same batches; the rates are medians of all rounds but the first, in which graphs are traced.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import keras
import numpy as np

import textrnn
from textrnn.models import TextClassifier
from textrnn.models.precision import dtype_policy, multiplies_bfloat16
from textrnn.options import TrainingOptions
from textrnn.text import WordTokenizer, read_labeled
from textrnn.training import LabeledBatches, LabelOfText, Trainer


def main() -> None:
    parser = argparse.ArgumentParser(description="Training steps of a classifier by the size of its table.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--texts", type=int, default=4000)
    parser.add_argument("--buckets", type=int, nargs="+", default=[1 << 14, 1 << 18, 1 << 20])
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    textrnn.configure_tensorflow()
    table = read_labeled(options.file)
    texts, labels = table.texts[: options.texts], table.labels[: options.texts]
    tokenizer = WordTokenizer(maximum_size=30_000).fit(table.texts)
    names = sorted(set(labels))
    batches = LabeledBatches(
        [tokenizer.encode(text) for text in texts],
        np.array([names.index(label) for label in labels]),
        batch_size=options.batch_size,
        seed=0,
    )
    print(f"{len(texts):,} texts, {batches.lengths.mean():.0f} tokens on average")
    runs = {
        f"{buckets:,}, {'dense' if is_dense else 'by rows'}": make_trainer(
            tokenizer, names, batches, buckets, is_dense=is_dense
        )
        for buckets in options.buckets
        for is_dense in (False, True)
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(options.rounds + 1):
        for name, trainer in runs.items():
            began = time.perf_counter()
            for batch in batches.epoch(0):
                trainer.train_step(batch)
            if number:
                seconds[name].append(time.perf_counter() - began)
    print("| pairs in the table, update | texts per second | milliseconds per step |")
    print("| --- | --- | --- |")
    for name, each in seconds.items():
        median = statistics.median(each)
        print(f"| {name} | {len(texts) / median:,.0f} | {1000 * median / batches.steps(0):.1f} |")


class WholeTables(TextClassifier):
    """A classifier whose tables are updated whole."""

    def tables(self) -> list[keras.Variable]:
        return []


def make_trainer(
    tokenizer: WordTokenizer, labels: list[str], batches: LabeledBatches, buckets: int, *, is_dense: bool
) -> Trainer:
    model = (WholeTables if is_dense else TextClassifier)(
        tokenizer,
        labels,
        cell="min_gru",
        units=64,
        embedding_dim=64,
        ngram_buckets=buckets,
        ensemble_size=1,
        dtype=dtype_policy("bfloat16" if multiplies_bfloat16() else "float32"),
    )
    options = TrainingOptions(epochs=1, learning_rate=3e-3, weight_decay=0.01)
    return Trainer(model, LabelOfText(np.ones(len(labels))), batches, None, options, is_shown=False)


if __name__ == "__main__":
    main()
