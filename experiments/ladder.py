"""Ladder of losses by training time: each rung is a run of its own.

    python experiments/ladder.py tinyshakespeare.txt                    every rung but `best`, which takes an hour
    python experiments/ladder.py tinyshakespeare.txt --rungs best       one rung
    python experiments/ladder.py tinyshakespeare.txt --ablate           standard, with one option changed at a time
    python experiments/ladder.py tinyshakespeare.txt --ablate --epochs 4        the same in a third of the time

A run trains on the first 90% of the text, keeps its last weights, and is evaluated once on the rest: with the state
carried over all of it, in blocks of 256 tokens from an empty state, and (--dynamic) by dynamic evaluation. Seconds
are those of training after the first step, in which TensorFlow traces the graph. Runs are saved in --out. The same
command resumes a stopped run and evaluates a finished one again.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from textrnn.options.tasks import LANGUAGE_MODEL, arguments_for

PORTIONS = {"3 s": 0.5}  # fraction of the training part, for a rung too short for one epoch
RUNGS: dict[str, dict[str, Any]] = {
    "3 s": {
        "units": 256,
        "epochs": 1,
        "batch_size": 64,
        "sequence_length": 32,
        "learning_rate": 8e-3,
        "dropout": 0.0,
    },
    "10 s": {
        "units": 256,
        "epochs": 1,
        "batch_size": 64,
        "sequence_length": 32,
        "learning_rate": 8e-3,
        "dropout": 0.0,
    },
    "30 s": {"units": 384, "epochs": 2, "batch_size": 64, "learning_rate": 6e-3, "dropout": 0.0, "warmup": 0.1},
    "1 min": {"units": 512, "epochs": 2, "dropout": 0.0},
    "quick": {"recipe": "quick"},
    "3 min": {"units": 512, "epochs": 5, "dropout": 0.2},
    "standard": {"recipe": "standard"},
    "best": {"recipe": "best"},
}
ABLATIONS: dict[str, dict[str, Any]] = {
    "standard": {},
    "without averaging": {"weight_averaging": 0.0},
    "without dropout": {"dropout": 0.0},
    "without weight drop": {"weight_drop": 0.0},
    "without weight decay": {"weight_decay": 0.0},
    "without random offsets": {"random_offsets": False},
    "with layer norm": {"layer_norm": True},
    "with residual connections": {"residual": True},
}
HELD_OUT = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description="Loss by training time.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rungs", nargs="+", choices=RUNGS, default=[name for name in RUNGS if name != "best"])
    parser.add_argument(
        "--ablate",
        nargs="*",
        choices=ABLATIONS,
        metavar="CHANGE",
        help="change one option at a time in the standard recipe (default: each of " + ", ".join(ABLATIONS) + ")",
    )
    parser.add_argument("--epochs", type=int, help="epochs of every run (default: those of its rung)")
    parser.add_argument(
        "--dynamic",
        action="store_true",
        help="also evaluate with weights that adapt to the text (dynamic evaluation)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/ladder"))
    options = parser.parse_args()
    rungs = {name: RUNGS[name] for name in options.rungs}
    if options.ablate is not None:
        rungs = {name: {**RUNGS["standard"], **ABLATIONS[name]} for name in options.ablate or ABLATIONS}
    if options.epochs is not None:
        rungs = {name: {**settings, "epochs": options.epochs} for name, settings in rungs.items()}
    text = options.corpus.read_text(encoding="utf-8")
    cut = len(text) - round(len(text) * HELD_OUT)
    options.out.mkdir(parents=True, exist_ok=True)
    print("| rung | parameters | seconds | nats per character, stateful | blocks of 256 | dynamic |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, settings in rungs.items():
        learned = text[: round(cut * PORTIONS.get(name, 1))]
        print(climb(name, settings, learned, text[cut:], options), flush=True)


def climb(name: str, settings: dict[str, Any], learned: str, validation: str, options: argparse.Namespace) -> str:
    """Train or resume one rung and evaluate it; return a row of the table."""
    from textrnn.cli.library import import_api

    suffixes = [f"{options.epochs}-epochs"] * bool(options.epochs) + [f"seed-{options.seed}"] * bool(options.seed)
    out = options.out / "-".join([*name.split(), *suffixes])
    api = import_api(work="training")
    has_begun = (out / "checkpoint/state.npz").exists()
    settings = {"validation_split": 0.0, "seed": options.seed, "checkpoint_seconds": 30, **settings}
    settings["verbose"] = sys.stderr.isatty()  # only the table, if the output is a file
    api.train_language_model([learned], **arguments_for(LANGUAGE_MODEL, out=out, resume=has_begun, **settings))
    line = json.loads((out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    model = api.load(out)
    protocols = ["stateful", "blocks", *["dynamic"] * options.dynamic]
    scores = [f"{model.evaluate_text(validation, protocol).nats_per_character:.4f}" for protocol in protocols]
    seconds = line["seconds"] - line["starting_seconds"]
    return f"| {name} | {model.count_params():,} | {seconds:,.0f} | {' | '.join([*scores, ''][:3])} |"


if __name__ == "__main__":
    main()
