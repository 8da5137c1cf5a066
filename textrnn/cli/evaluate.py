"""`textrnn evaluate MODEL FILE`."""

from __future__ import annotations

import argparse
from typing import Any

from textrnn.cli import flags
from textrnn.cli.evaluate_classifier import evaluate_classifier
from textrnn.cli.inputs import read_corpus, read_table
from textrnn.cli.library import import_api


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `evaluate`."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file, a run folder or a preset")
    parser.add_argument(
        "file", metavar="FILE", help="a text for a language model; .csv, .tsv, .jsonl for a classifier"
    )
    parser.add_argument(
        "--last", type=flags.share, metavar="X", default=1.0, help="only the last part of the text, such as 0.1"
    )
    parser.add_argument(
        "--protocol",
        choices=("stateful", "blocks", "dynamic"),
        default="stateful",
        help="the whole text with the state carried, blocks of 256 from an empty state, or weights that follow it",
    )
    parser.add_argument(
        "--documents",
        choices=("line", "file", "row"),
        default="line",
        help="what a text is, for a model of documents",
    )
    flags.add_condition(parser)
    flags.add_labeled_table(parser)
    classifier = parser.add_argument_group("classifier")
    classifier.add_argument(
        "--baseline",
        metavar="TRAIN",
        help="train a bigram model on this table, to see whether the network is worth it",
    )
    classifier.add_argument(
        "--mistakes", type=flags.count, metavar="N", default=5, help="how many of the worst to show (default: 5)"
    )
    classifier.add_argument("--json", action="store_true", help="print the report as JSON")


def run(arguments: argparse.Namespace) -> None:
    """Print how well a model does on data it was not trained on."""
    model = import_api().load(arguments.model)
    if type(model).__name__ == "LanguageModel":
        _refuse(arguments, {"baseline": None, "json": False, "mistakes": 5}, "a language model")
        if not model.end_of_text:
            of_tables = dict.fromkeys(("text_column", "label_column", *flags.TABLE))
            _refuse(arguments, {"documents": "line", "rename": [], **of_tables}, "a model of one long text")
        _evaluate_language_model(model, arguments)
    else:
        _refuse(
            arguments, {"last": 1.0, "protocol": "stateful", "documents": "line", "condition": None}, "a classifier"
        )
        evaluate_classifier(model, arguments)


def _refuse(arguments: argparse.Namespace, defaults: dict[str, Any], kind: str) -> None:
    for name, default in defaults.items():
        if getattr(arguments, name) != default:
            raise argparse.ArgumentTypeError(f"--{name.replace('_', '-')} does not apply to {kind}")


def _evaluate_language_model(model: Any, arguments: argparse.Namespace) -> None:
    if model.end_of_text:
        _evaluate_documents(model, arguments)
        return
    text = read_corpus(arguments.file, arguments.encoding)
    last = round(len(text) * arguments.last)
    if not last:
        raise ValueError(f"--last {arguments.last} of the {len(text)} characters in {arguments.file} leaves none")
    text = text[-last:]
    score = model.evaluate_text(text, arguments.protocol, condition=arguments.condition, progress=True)
    print(
        f"{len(text):,} characters, {arguments.protocol}: {score.nats_per_character:.4f} nats per character, "
        f"{score.bits_per_character:.4f} bits per character, perplexity {score.perplexity:.4f}"
    )


def _evaluate_documents(model: Any, arguments: argparse.Namespace) -> None:
    """Every document is read from an empty state and predicted to its end; the label of a table's row is its own."""
    import numpy as np

    from textrnn.generation import Score
    from textrnn.progress import Progress

    if arguments.protocol == "dynamic":
        raise argparse.ArgumentTypeError("--protocol dynamic needs one long text, not documents")
    rows = _read_documents(model, arguments)
    last = rows[len(rows) - round(len(rows) * arguments.last) :]
    if not last:
        raise ValueError(f"--last {arguments.last} of the {len(rows)} documents in {arguments.file} leaves none")
    parts = [
        model.evaluate_text(text, arguments.protocol, condition=label)
        for text, label in Progress(len(last), "text").over(last)
    ]
    score = Score.of(
        np.concatenate([part.log_probabilities for part in parts]), sum(part.characters for part in parts)
    )
    print(
        f"{len(last):,} documents, {arguments.protocol}: {score.nats_per_character:.4f} nats per character, "
        f"{score.bits_per_character:.4f} bits per character, perplexity {score.perplexity:.4f}"
    )


def _read_documents(model: Any, arguments: argparse.Namespace) -> list[tuple[str, str | None]]:
    """Texts and their labels, from a table or, all of the label asked for, from lines or files."""
    from textrnn.text import open_corpus, read_texts

    if model.labels and arguments.condition is None:
        data = read_table(arguments.file, model, arguments)
        return [(text, label) for text, label in zip(data.texts, data.labels, strict=True) if text]
    if arguments.documents == "row":
        texts = read_texts(arguments.file, **flags.reading(arguments))
        return [(text, arguments.condition) for text in texts if text]
    corpus = open_corpus(arguments.file, documents=arguments.documents, encoding=arguments.encoding)
    return [(text, arguments.condition) for text in corpus.pieces()]
