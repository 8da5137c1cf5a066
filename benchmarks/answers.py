"""Texts a second of a classifier, exact and in bulk, and the difference between the answers.

    python benchmarks/answers.py FILE [--model sentiment-en] [--texts 2000] [--rounds 3]

FILE is a table with a text column; its first --texts are read. `classify` of the loaded model, exact float32 on
TensorFlow, takes turns with its `in_bulk` in each precision that the processor multiplies, all in one process with
the threads of the command line. Encoding is part of the time, the first call, which traces graphs, is not.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from textrnn.classification import Prediction
from textrnn.cli.library import import_api
from textrnn.models.precision import multiplies_bfloat16
from textrnn.text import read_texts


def main() -> None:
    parser = argparse.ArgumentParser(description="Answers in bulk beside exact ones.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", default="sentiment-en")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    texts = read_texts(options.file)[: options.texts]
    model = import_api(work="classifying").load(options.model)
    precisions = ["float32", *(["bfloat16"] if multiplies_bfloat16() else [])]
    contestants = {"exact": model, **{f"bulk, {name}": model.in_bulk(name) for name in precisions}}
    answers: dict[str, list[Prediction]] = {}
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(options.rounds + 1):
        for name, classifier in contestants.items():
            began = time.perf_counter()
            answers[name] = classifier.classify(texts)
            if number:  # the first call traces graphs
                seconds[name].append(time.perf_counter() - began)
    rates = {name: len(texts) / statistics.median(each) for name, each in seconds.items()}
    tokens = np.mean([len(model.tokenizer.encode(text)) for text in texts])
    print(f"{len(texts):,} texts of {tokens:.0f} tokens on average")
    print("| answers | texts a second | times exact | largest difference of a probability | other labels |")
    print("| --- | --- | --- | --- | --- |")
    for name, rate in rates.items():
        difference, changed = compare(answers["exact"], answers[name])
        print(f"| {name} | {rate:,.0f} | {rate / rates['exact']:.1f} | {difference:.1e} | {changed} |")


def compare(exact: list[Prediction], others: list[Prediction]) -> tuple[float, int]:
    """Largest difference of a probability, and the number of texts with another label."""
    pairs = list(zip(exact, others, strict=True))
    differences = [
        abs(one.probabilities[name] - other.probabilities[name]) for one, other in pairs for name in one.probabilities
    ]
    return max(differences), sum(one.label != other.label for one, other in pairs)


if __name__ == "__main__":
    main()
