"""Speed of training and scoring against stock Keras and PyTorch, measured in turns in one run.

    python benchmarks/training.py                                     every part; an hour or more
    python benchmarks/training.py speed --cells lstm --units 512      a few rows of the first table
    python benchmarks/training.py speed --torch-python ENV/bin/python with PyTorch, from another environment

Each contestant is a process of its own. All compute the same: embedding, recurrent layers, logits, cross-entropy, the
gradient clipped to a global norm, Adam. They take turns, and the medians of their rounds are compared. On a shared
machine ratios are more reliable than speeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent / "workers"))

from contest import Contestant, row
from protocol import Case

from textrnn.models.precision import PRECISIONS, multiplies_bfloat16

LONG_STEP = 2.0  # seconds; longer steps get three rounds
KERAS, KERAS_ONEDNN, TORCH, TORCH_BFLOAT16 = "Keras", "Keras, oneDNN", "PyTorch", "PyTorch bf16"


def compete(case: Case, options: argparse.Namespace, names: Sequence[str] = ()) -> dict[str, Contestant]:
    """All contestants that can run `case`, or the named ones, after their rounds."""
    # Keras and PyTorch have no minGRU.
    peer = dataclasses.replace(case, cell="lstm") if case.cell == "min_gru" else case
    entries = {
        "textrnn": (sys.executable, "with_textrnn.py", dataclasses.replace(case, precision=options.precision), {}),
        KERAS: (sys.executable, "with_keras.py", peer, {}),
        KERAS_ONEDNN: (sys.executable, "with_keras.py", peer, {"TF_ENABLE_ONEDNN_OPTS": "1"}),
    }
    if options.torch_python and case.cell != "min_gru":
        low = dataclasses.replace(peer, precision="bfloat16")
        entries[TORCH] = (options.torch_python, "with_torch.py", peer, {})
        if multiplies_bfloat16():  # elsewhere PyTorch emulates bfloat16, up to a hundred times slower than float32
            entries[TORCH_BFLOAT16] = (options.torch_python, "with_torch.py", low, {})
    contestants = {}
    for name, entry in entries.items():
        if names and name not in names:
            continue
        contestants[name] = Contestant(*entry)
    slowest = max(contestant.step_seconds for contestant in contestants.values())
    for _ in range(options.rounds if slowest < LONG_STEP else min(options.rounds, 3)):
        for contestant in contestants.values():
            contestant.play_round()
    for contestant in contestants.values():
        contestant.close()
    return contestants


def speed(options: argparse.Namespace) -> Iterator[str]:
    """Characters per second of a full training step, batch 64, 128 steps."""
    columns = ["textrnn", KERAS, KERAS_ONEDNN, TORCH, TORCH_BFLOAT16]
    yield row("model", *columns, "vs Keras", "vs Keras, oneDNN", "vs faster PyTorch", "first step")
    yield row(*["---"] * 10)
    cases = [
        Case("train", cell, units, layers, 64, 128)
        for layers in options.layers
        for units in options.units
        for cell in options.cells
    ]
    for case in tqdm(cases, unit="model", disable=None):
        ran = compete(case, options)
        ours = ran["textrnn"].rate
        torch = max((ran[name].rate for name in (TORCH, TORCH_BFLOAT16) if name in ran), default=None)
        peer = " (Keras: LSTM)" if case.cell == "min_gru" else ""
        yield row(
            f"{case.cell} {case.layers} x {case.units}{peer}",
            *(f"{ran[name].rate:,.0f}" if name in ran else "" for name in columns),
            f"{ours / ran[KERAS].rate:.2f}",
            f"{ours / ran[KERAS_ONEDNN].rate:.2f}",
            f"{ours / torch:.2f}" if torch else "",
            f"{ran['textrnn'].first_seconds:.1f} s",
        )


def growth(options: argparse.Namespace) -> Iterator[str]:
    """Characters per second and peak memory as sequences, then batches, grow (LSTM of 128 units)."""
    yield row("batch x steps", "textrnn", KERAS_ONEDNN, "peak, textrnn", "peak, Keras")
    yield row(*["---"] * 5)
    sizes = [(32, steps) for steps in (128, 512, 2048, 4096)] + [(batch, 128) for batch in (1, 16, 64, 256)]
    for batch, steps in tqdm(sizes, unit="size", disable=None):
        case = Case("train", "lstm", 128, 1, batch, steps)
        ran = compete(case, options, names=("textrnn", KERAS_ONEDNN)).values()
        rates = (f"{contestant.rate:,.0f}" for contestant in ran)
        yield row(f"{batch} x {steps}", *rates, *(f"{contestant.peak_megabytes:,.0f} MB" for contestant in ran))


def scoring(options: argparse.Namespace) -> Iterator[str]:
    """Characters per second of reading one long text, 1,024 at a time (LSTM of 512 units)."""
    ran = compete(Case("score", "lstm", 512, 1, 1, 1024), options)
    yield row("", *ran)
    yield row(*["---"] * (len(ran) + 1))
    yield row("characters per second", *(f"{contestant.rate:,.0f}" for contestant in ran.values()))
    yield row("textrnn against it", *(f"{ran['textrnn'].rate / contestant.rate:.2f}" for contestant in ran.values()))


PARTS = {"speed": speed, "growth": growth, "scoring": scoring}


def main() -> None:
    parser = argparse.ArgumentParser(description="Training and scoring speed against Keras and PyTorch.")
    parser.add_argument("part", nargs="?", choices=PARTS, help="part to run (default: all)")
    parser.add_argument("--cells", nargs="+", default=["rnn", "lstm", "gru", "min_gru"])
    parser.add_argument("--units", nargs="+", type=int, default=[128, 512, 1024])
    parser.add_argument("--layers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each contestant (default: 5)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="precision of textrnn (default: auto)"
    )
    parser.add_argument(
        "--torch-python", metavar="PATH", help="a Python with PyTorch; by default PyTorch is left out"
    )
    options = parser.parse_args()
    for name in [options.part] if options.part else PARTS:
        print(f"\n{PARTS[name].__doc__}\n")
        for line in PARTS[name](options):
            print(line, flush=True)


if __name__ == "__main__":
    main()
