"""The models that come with the package, trained as anyone can.

    python recipes/presets.py plays-en corpora/plays.txt     a language model of verse plays; a minute or two

What is held out is measured with the file as it is shipped, quantised, and without TensorFlow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from textrnn import runtime
from textrnn.cli.library import import_api

PRESETS = Path(runtime.__file__).parent.parent / "presets"


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the models that come with the package.")
    parser.add_argument("preset", choices=("plays-en",))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=PRESETS, help="folder (default: that of the package)")
    options = parser.parse_args()
    make_plays(options)


def make_plays(options: argparse.Namespace) -> None:
    """Learns from the first nine tenths and is measured on the last."""
    text = options.corpus.read_text(encoding="utf-8")
    cut = len(text) - round(len(text) * 0.1)
    api = import_api(work="training")
    with tempfile.TemporaryDirectory() as folder:
        model = api.train_language_model(
            [text[:cut]],
            recipe="quick",
            validation_split=0.0,
            seed=options.seed,
            out=Path(folder) / "run",
            verbose=sys.stderr.isatty(),
        )
    path = options.out / f"{options.preset}.keras"
    model.save(path, quantised=True)
    shipped = runtime.load(path)
    for name, each in (("before", model), ("quantised", shipped)):
        print(f"{name}: {each.evaluate_text(text[cut:]).bits_per_character:.4f} bits per character")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
