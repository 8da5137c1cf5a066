"""Film reviews: a language model trains on all of them, then a classifier starts from it.

    python experiments/sentiment.py imdb_train.jsonl.xz --unlabeled imdb_unlabelled.jsonl.xz     both parts
    python experiments/sentiment.py imdb_train.jsonl.xz --language-model reviews-en              the second part
    python experiments/sentiment.py imdb_train.jsonl.xz                                          from the labels alone
    python experiments/sentiment.py imdb_train.jsonl.xz --tokenizer byte                         the same over bytes
    python experiments/sentiment.py imdb_train.jsonl.xz --tokenizer byte --unlabeled imdb_unlabelled.jsonl.xz \\
        --teachers runs/sentiment/sentiment.keras --out runs/bytes         also from another model's predictions

With --backward a second language model reads from the end, and the classifier averages two encoders. --held-out
labeled reviews are set aside before training and evaluated once, with the finished model. Runs are saved in --out, a
folder for each kind of run; the same command resumes a stopped run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from textrnn.cli.library import import_api
from textrnn.options import tasks
from textrnn.text import LabeledTexts, WordTokenizer, read_labeled, read_texts

VOCABULARY = 20_000
LANGUAGE_MODEL: dict[str, Any] = {
    "documents": "string",
    "cell": "lstm",
    "units": 512,
    "num_layers": 1,
    "embedding_dim": 256,
    "tie_embeddings": True,
    "dropout": 0.0,  # one epoch
    "weight_drop": 0.0,
    "epochs": 1,
    "batch_size": 64,
    "sequence_length": 64,
    "learning_rate": 2e-3,
    "weight_decay": 0.01,
    "weight_averaging": 0.0,
    "validation_split": 0.0,
}
PRETRAINED: dict[str, Any] = {
    "ngram_buckets": 1 << 17,
    "epochs": 2,
    "batch_size": 32,
    "learning_rate": 3e-3,
    "dropout": 0.3,
    "token_dropout": 0.1,
    "weight_drop": 0.0,
    "bptt": 256,
}
FROM_SCRATCH: dict[str, Any] = {
    "cell": "min_gru",
    "units": 64,
    "embedding_dim": 64,
    "ngram_buckets": 1 << 18,
    "ensemble_size": 1,
    "epochs": 3,
    "batch_size": 64,
    "learning_rate": 3e-3,
}
BYTES: dict[str, Any] = {
    **FROM_SCRATCH,
    "tokenizer": "byte",
    "ngrams": 8,
    "ngram_buckets": 1 << 20,
    "token_dropout": 0.05,  # a dropped byte affects eight n-grams
}
KEPT_SHARE = 0.8  # of the teachers' predictions, those of highest probability


def main() -> None:
    options = parse_options()
    training, aside, test = split(
        read_labeled(options.labeled), held_out=options.held_out, calibration=options.calibration
    )
    unlabeled = without(read_texts(options.unlabeled), aside, test) if options.unlabeled else []
    api = import_api(work="training")
    lm: Any = options.language_model
    if options.teachers:
        teachers = [api.load(path) for path in options.teachers]
        training = joined(training, taught(teachers, unlabeled, labels=sorted(set(training.labels))))
    elif unlabeled:
        lm = train_language_models([*training.texts, *unlabeled], options)
    from_scratch = BYTES if options.tokenizer == "byte" else FROM_SCRATCH
    settings = {**from_scratch} if lm is None else {**PRETRAINED, "pretrained": lm}
    if options.teachers:
        settings["epochs"] -= 1  # there are three times as many texts
    classifier = train(api.train_classifier, training, options.out / "classifier", seed=options.seed, **settings)
    print(classifier.calibrate(aside.texts, aside.labels))
    classifier.save(options.out / "sentiment.keras")
    print(classifier.evaluate_texts(test.texts, test.labels, progress=True))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A classifier of film reviews, pretrained on reviews.")
    parser.add_argument("labeled", type=Path)
    parser.add_argument("--unlabeled", type=Path, help="more reviews, for a language model or --teachers")
    parser.add_argument("--language-model", help="trained language model: a preset, a file or a run folder")
    parser.add_argument(
        "--teachers", nargs="+", help="classifiers whose predictions for --unlabeled are also trained on"
    )
    parser.add_argument(
        "--backward", action="store_true", help="also train a language model and an encoder that read from the end"
    )
    parser.add_argument(
        "--tokenizer", choices=("word", "byte"), default="word", help="byte trains without a language model"
    )
    parser.add_argument("--held-out", type=int, default=2500)
    parser.add_argument(
        "--calibration", type=int, default=1000, help="number of labeled reviews to fit the temperature on"
    )
    parser.add_argument("--epochs", type=int, default=LANGUAGE_MODEL["epochs"], help="epochs of the language model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/sentiment"))
    options = parser.parse_args()
    pretrains = options.unlabeled is not None and options.teachers is None
    if min(options.held_out, options.calibration) < 1:
        parser.error("--held-out and --calibration must be at least 1")
    if options.teachers and not options.unlabeled:
        parser.error("--teachers needs --unlabeled, the reviews to predict labels for")
    if options.language_model and pretrains:
        parser.error("--unlabeled trains a language model, --language-model names a trained one; give one of them")
    if options.tokenizer == "byte" and (options.language_model or pretrains):
        parser.error("--tokenizer byte takes no --language-model, and --unlabeled only with --teachers")
    if options.backward and not pretrains:
        parser.error("--backward needs --unlabeled, to train a second language model")
    return options


def split(read: LabeledTexts, *, held_out: int, calibration: int) -> tuple[LabeledTexts, LabeledTexts, LabeledTexts]:
    """Split reviews for training, for the temperature and for evaluation; repeated reviews stay in one part."""
    order = np.random.default_rng(0).permutation(len(read))
    test, aside, rest = np.split(order, [held_out, held_out + calibration])
    others = {read.texts[row] for row in (*test, *aside)}
    training = [row for row in rest if read.texts[row] not in others]
    return tuple(  # type: ignore[return-value]
        LabeledTexts([read.texts[row] for row in rows], [read.labels[row] for row in rows])
        for rows in (training, aside, test)
    )


def without(texts: list[str], *held_out: LabeledTexts) -> list[str]:
    """Texts that are in none of the held-out parts."""
    others = {text for part in held_out for text in part.texts}
    return [text for text in texts if text not in others]


def train_language_models(texts: list[str], options: argparse.Namespace) -> Any:
    """A language model that reads forward or, with --backward, one for each direction."""
    api = import_api(work="training")
    settings = {**LANGUAGE_MODEL, "seed": options.seed, "epochs": options.epochs}
    tokenizer = WordTokenizer(maximum_size=VOCABULARY)
    lm = train(api.train_language_model, texts, options.out / "language_model", tokenizer=tokenizer, **settings)
    if not options.backward:
        return lm
    settings |= {"tokenizer": lm.tokenizer, "reverse": True}
    return [lm, train(api.train_language_model, texts, options.out / "backward", **settings)]


def taught(teachers: list[Any], texts: list[str], labels: list[str]) -> LabeledTexts:
    """Texts with predicted labels: for each label those of the teachers' highest mean probability (self-training,
    Yarowsky, 1995)."""
    if any(set(teacher.labels) != set(labels) for teacher in teachers):
        raise SystemExit(f"--teachers must have the labels of the table: {', '.join(labels)}")
    answers = [teacher.classify(texts, progress=True) for teacher in teachers]
    means = np.mean([[[one.probabilities[label] for label in labels] for one in each] for each in answers], axis=0)
    rows = list[int]()
    for number in range(len(labels)):
        given = np.flatnonzero(means.argmax(axis=1) == number)
        rows += given[np.argsort(-means[given, number], kind="stable")][: round(KEPT_SHARE * len(given))].tolist()
    return LabeledTexts([texts[row] for row in rows], [labels[means[row].argmax()] for row in rows])


def joined(*parts: LabeledTexts) -> LabeledTexts:
    return LabeledTexts([text for part in parts for text in part.texts], [n for part in parts for n in part.labels])


def train(function: Any, source: Any, out: Path, **settings: Any) -> Any:
    """Start or resume a run; return the model of a finished one."""
    source = (source.texts, source.labels) if isinstance(source, LabeledTexts) else source
    has_begun = (out / "checkpoint/state.npz").exists()
    task = tasks.CLASSIFIER if function.__name__ == "train_classifier" else tasks.LANGUAGE_MODEL
    settings |= {"out": out, "resume": has_begun, "verbose": sys.stderr.isatty()}
    model = function(source, **tasks.arguments_for(task, **settings))
    line = json.loads((out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    print(f"{out}: {line['seconds'] - line['starting_seconds']:,.0f} s, loss {line['loss']:.4f}", flush=True)
    return model


if __name__ == "__main__":
    main()
