"""Training of the package's presets.

    python experiments/presets.py plays-en corpora/plays.txt      a language model of verse plays; a minute or two
    python experiments/presets.py reviews-en imdb_train.jsonl.xz --language-model runs/sentiment/language_model
                                                              a language model of film reviews, to pretrain with
    python experiments/presets.py sentiment-en imdb_train.jsonl.xz --sst2 sst2_train.csv \\
        --language-model runs/sentiment/language_model        a classifier of film reviews, negative or positive

`runs/sentiment/language_model` is a run of experiments/sentiment.py. Held-out texts are evaluated with the quantized
file, as the package contains it, without TensorFlow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sentiment import PRETRAINED, joined, split, train  # beside this file

from textrnn import runtime
from textrnn.cli.library import import_api
from textrnn.generation import Score
from textrnn.text import LabeledTexts, read_labeled

PRESETS = Path(runtime.__file__).parent.parent / "presets"
EVALUATED_REVIEWS = 200  # held-out reviews, for a language model
SMALL = {"ngram_buckets": 0, "wide_ngrams": 0, "epochs": 1}  # n-grams would take more than the 8 MB of a preset
SHARES = {"sst2": 2, "sentences": 3}  # times in an epoch: these texts are short and few compared with the reviews


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the models that come with the package.")
    parser.add_argument("preset", choices=("plays-en", "reviews-en", "sentiment-en"))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--language-model", type=Path, help="run of a language model of film reviews")
    parser.add_argument("--sst2", type=Path, help="labeled sentences about films")
    parser.add_argument("--sentences", type=Path, default=Path("corpora/sentences_train.csv"))
    parser.add_argument("--test", type=Path, nargs="*", default=[], help="tables to evaluate the finished file on")
    parser.add_argument(
        "--run", type=Path, default=Path("runs/sentiment-en"), help="run folder of the classifier; can be resumed"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=PRESETS, help="folder (default: that of the package)")
    options = parser.parse_args()
    if options.preset != "plays-en" and options.language_model is None:
        parser.error(f"{options.preset} needs --language-model")
    if options.preset == "sentiment-en" and options.sst2 is None:
        parser.error("sentiment-en needs --sst2")
    makers = {"plays-en": make_plays, "reviews-en": make_reviews, "sentiment-en": make_sentiment}
    makers[options.preset](options)


def make_plays(options: argparse.Namespace) -> None:
    """Train on the first nine tenths and evaluate on the last."""
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
    model.save(path, quantized=True)
    shipped: Any = runtime.load(path)
    for name, each in (("before", model), ("quantized", shipped)):
        print(f"{name}: {each.evaluate_text(text[cut:]).bits_per_character:.4f} bits per character")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


def make_reviews(options: argparse.Namespace) -> None:
    """The language model of a run of experiments/sentiment.py, evaluated on held-out reviews."""
    held_out = split(read_labeled(options.corpus), held_out=2500, calibration=1000)[2].texts[:EVALUATED_REVIEWS]
    model = import_api(work="training").load(options.language_model)
    path = options.out / f"{options.preset}.keras"
    model.save(path, quantized=True)
    shipped: Any = runtime.load(path)
    for name, each in (("before", model), ("quantized", shipped)):
        warnings.simplefilter("ignore")  # of unknown words
        log_probabilities = np.concatenate([each.evaluate_text(text).log_probabilities for text in held_out])
        score = Score.of(log_probabilities, sum(map(len, held_out)))
        print(f"{name}: {score.bits_per_character:.4f} bits per character, perplexity {score.perplexity:.1f} a word")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


def make_sentiment(options: argparse.Namespace) -> None:
    """Train on film reviews and on sentences, which are repeated by SHARES."""
    training, aside, held_out = split(read_labeled(options.corpus), held_out=2500, calibration=1000)
    parts = [training]
    for path, times in ((options.sst2, SHARES["sst2"]), (options.sentences, SHARES["sentences"])):
        parts += [read_polar(path)] * times
    api = import_api(work="training")
    settings = {**PRETRAINED, **SMALL, "pretrained": options.language_model, "seed": options.seed}
    model = train(api.train_classifier, joined(*parts), options.run, **settings)
    print(model.calibrate(aside.texts, aside.labels))
    path = options.out / f"{options.preset}.keras"
    model.save(path, quantized=True)
    shipped: Any = runtime.load(path)
    tests = {"held out": held_out, **{path.name: read_polar(path) for path in options.test}}
    for name, test in tests.items():
        for kind, each in (("before", model), ("quantized", shipped)):
            report = each.evaluate_texts(test.texts, test.labels)
            error = report.expected_calibration_error
            print(f"{name}, {kind}: {report.accuracy:.2%} of {len(test):,} right, calibration error {error:.2%}")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


def read_polar(path: Path) -> LabeledTexts:
    """Read a table of the labels negative and positive, or 0 and 1."""
    table = read_labeled(path)
    names = {"0": "negative", "1": "positive"}
    return LabeledTexts(table.texts, [names.get(label, label) for label in table.labels])


if __name__ == "__main__":
    main()
