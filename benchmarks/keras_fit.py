"""Speed of a recurrent layer in a Keras model of one's own, trained by Keras's `fit`: Keras's layer and textrnn's.

    python benchmarks/keras_fit.py                                        every row; ten minutes
    python benchmarks/keras_fit.py --models lstm-512 --precision float32  one row

The model is embedding, recurrent layer, dense layer, cross-entropy, Adam. Each contestant is a process of its own:
Keras's layer and textrnn's, with TensorFlow's default threads and after `textrnn.configure_tensorflow()`. They take
turns, and the medians of their rounds are compared. On a shared machine ratios are more reliable than speeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent / "workers"))

from contest import Contestant, row
from protocol import Case

MODELS = ("rnn-128", "lstm-128", "lstm-512", "gru-512")
PRECISIONS = ("float32", "bfloat16")
BATCH, STEPS = 64, 128
CONTESTANTS = [(layer, threads) for threads in ("default", "configured") for layer in ("keras", "textrnn")]


def compete(case: Case, rounds: int) -> list[float]:
    """Characters per second of each of CONTESTANTS."""
    contestants = [
        Contestant(sys.executable, "with_fit.py", case, {"LAYER": layer, "THREADS": threads})
        for layer, threads in CONTESTANTS
    ]
    for _ in range(rounds):
        for contestant in contestants:
            contestant.play_round()
    for contestant in contestants:
        contestant.close()
    return [contestant.rate for contestant in contestants]


def table(options: argparse.Namespace) -> Iterator[str]:
    """Characters per second of `fit`, batch 64, 128 steps."""
    yield row("layer", "precision", "Keras", "textrnn", "ratio", "Keras, configured", "textrnn, configured", "ratio")
    yield row(*["---"] * 8)
    cases = [(precision, *model.split("-")) for precision in options.precision for model in options.models]
    for precision, cell, units in tqdm(cases, unit="model", disable=None):
        rates = compete(Case("fit", cell, int(units), 1, BATCH, STEPS, precision), options.rounds)
        theirs, ours, theirs_configured, ours_configured = rates
        yield row(
            f"{cell} {units}",
            precision,
            *(f"{rate:,.0f}" for rate in (theirs, ours)),
            f"{ours / theirs:.2f}",
            *(f"{rate:,.0f}" for rate in (theirs_configured, ours_configured)),
            f"{ours_configured / theirs_configured:.2f}",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of recurrent layers inside Keras's fit.")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each contestant (default: 5)")
    for line in table(parser.parse_args()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
