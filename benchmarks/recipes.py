"""Loss of a recipe against a common PyTorch LSTM, 2 x 512, given the same time and text.

    python benchmarks/recipes.py CORPUS --torch-python ENV/bin/python [--recipe standard]

Both train on the first 90% of the text and are evaluated on the rest with the state carried over all of it. Only
training is timed, not start-up, tracing and evaluation.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

WORKER = Path(__file__).parent / "workers" / "torch_lstm.py"


def main() -> None:
    parser = argparse.ArgumentParser(description="Loss of a recipe against a PyTorch LSTM given the same time.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--torch-python", required=True, metavar="PATH", help="a Python with PyTorch")
    parser.add_argument("--recipe", default="standard")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    text = options.corpus.read_text(encoding="utf-8")
    cut = len(text) - round(len(text) * 0.1)
    with tempfile.TemporaryDirectory() as folder:
        seconds, ours, parameters = train_ours(text[:cut], text[cut:], Path(folder) / "run", options)
        print(f"textrnn {options.recipe}: {ours:.4f} nats per character, {parameters:,} parameters, {seconds:.0f} s")
        (Path(folder) / "task.json").write_text(
            json.dumps({"training": text[:cut], "validation": text[cut:], "seconds": seconds, "seed": options.seed})
        )
        command = [options.torch_python, WORKER, Path(folder) / "task.json"]
        subprocess.run([str(part) for part in command], check=True)


def train_ours(training: str, validation: str, out: Path, options: argparse.Namespace) -> tuple[float, float, int]:
    """Training seconds, nats per character and number of parameters of the recipe's model."""
    from textrnn.cli.library import import_api

    api = import_api(work="training")
    model = api.train_language_model(
        [training], recipe=options.recipe, validation_split=0.0, seed=options.seed, out=out
    )
    line = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    seconds = line["seconds"] - line["starting_seconds"]
    return seconds, api.load(out).evaluate_text(validation).nats_per_character, model.count_params()


if __name__ == "__main__":
    main()
