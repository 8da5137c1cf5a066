"""Classifiers of any table, cross-validated: the network, the wide path, both together, and a bag of bigrams.

    python experiments/cross_validation.py corpora/sentences_train.csv trec6_train.csv.xz
    python experiments/cross_validation.py trec6_train.csv.xz --folds 2 --set ensemble_size=3 --set dropout=0.3

Each table is cut into five parts by seed 0. Each part is evaluated by a classifier that has learned from the other
four; `--folds 2` evaluates the first two parts alone. The bag of bigrams is that of `textrnn evaluate --baseline`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from textrnn.cli.baseline import BigramBaseline
from textrnn.cli.library import import_api
from textrnn.options.tasks import CLASSIFIER, arguments_for
from textrnn.text import LabeledTexts, read_labeled

PARTS = 5
HEADER = ("table", "texts", "labels", "bigrams", "network", "n-grams", "both", "loss", "seconds", "MB")


class Result(NamedTuple):
    """One part of a table: accuracies in percent, the loss of both paths in nats, seconds, and the file in MB."""

    bigrams: float
    network: float
    ngrams: float
    both: float
    loss: float
    seconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description="Cross-validate classifiers of tables.")
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--folds", type=int, default=PARTS, help="number of parts to evaluate (default: all five)")
    parser.add_argument("--texts", type=int, help="number of texts to use, drawn by seed 0 (default: all)")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="option of the training")
    options = parser.parse_args()
    given = dict(read_option(one) for one in options.set)
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|", flush=True)
    for path in options.tables:
        data = read_labeled(path)
        order = np.random.default_rng(0).permutation(len(data.texts))[: options.texts]
        parts = np.array_split(order, PARTS)
        results = [evaluate(data, parts, number, given) for number in range(options.folds)]
        *accuracies, loss, seconds, size = np.mean(results, axis=0)
        shown = [path.stem.split(".")[0], f"{len(order):,}", str(len(set(data.labels)))]
        shown += [*(f"{accuracy:.2f}" for accuracy in accuracies), f"{loss:.3f}", f"{seconds:.0f}", f"{size:.1f}"]
        print("| " + " | ".join(shown) + " |", flush=True)


def read_option(text: str) -> tuple[str, Any]:
    """The name and the value of `OPTION=VALUE`."""
    name, value = text.split("=", 1)
    for read in (int, float):
        try:
            return name, read(value)
        except ValueError:
            continue
    return name, {"True": True, "False": False, "None": None}.get(value, value)


def evaluate(data: LabeledTexts, parts: list[np.ndarray], number: int, given: dict[str, Any]) -> Result:
    """Train on all parts but one, and evaluate on that one."""
    api = import_api(work="training")
    held_out = parts[number]
    kept = np.concatenate([part for other, part in enumerate(parts) if other != number])
    texts, labels = [data.texts[row] for row in kept], [data.labels[row] for row in kept]
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rare labels and repeated texts
        model = api.train_classifier((texts, labels), **arguments_for(CLASSIFIER, verbose=False, **given))
    seconds = time.perf_counter() - start
    truths = np.array([number_of(model.labels, data.labels[row]) for row in held_out])
    ids = [model.tokenizer.encode(data.texts[row]) for row in held_out]
    network = np.logaddexp.reduce([model.log_probabilities_of_encoder(n, ids) for n in range(model.ensemble_size)])
    both = np.concatenate([model.log_probabilities(ids[row : row + 100]) for row in range(0, len(ids), 100)])
    share = 0.0 if model.wide_path is None else float(model.wide_path.share.numpy()[0])
    numbers = np.array([number_of(model.labels, label) for label in labels])
    bigrams = BigramBaseline(model.labels, texts, numbers).probabilities([data.texts[row] for row in held_out])
    known = truths >= 0
    loss = -both[known, truths[known]].mean()

    def accuracy(scores: np.ndarray) -> float:
        return 100 * float((scores.argmax(axis=1) == truths).mean())

    return Result(
        bigrams=accuracy(bigrams),
        network=accuracy(network),
        ngrams=accuracy(both - share * network),
        both=accuracy(both),
        loss=float(loss),
        seconds=seconds,
        megabytes=file_size(model),
    )


def number_of(labels: tuple[str, ...], label: str) -> int:
    """Number of a label; -1 for one that no training text has."""
    return labels.index(label) if label in labels else -1


def file_size(model: Any) -> float:
    """Size of the quantized file in MB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path, quantized=True)
        return path.stat().st_size / 1e6


if __name__ == "__main__":
    main()
