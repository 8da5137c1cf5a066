"""`textrnn evaluate MODEL FILE`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from textrnn.cli import flags
from textrnn.cli.evaluate_classifier import evaluate_classifier
from textrnn.cli.inputs import read_corpus, read_table
from textrnn.cli.library import import_api

if TYPE_CHECKING:
    from textrnn.generation import Score


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `evaluate`."""
    parser.usage = "%(prog)s MODEL FILE [options]"
    parser.add_argument("model", metavar="MODEL", help=flags.MODEL_HELP)
    parser.add_argument(
        "file", metavar="FILE", help="text for a language model; .csv, .tsv or .jsonl for a classifier"
    )
    language_model = parser.add_argument_group("language model")
    language_model.add_argument(
        "--last", type=flags.share, metavar="X", default=1.0, help="fraction at the end to evaluate, such as 0.1"
    )
    language_model.add_argument(
        "--protocol",
        choices=("stateful", "blocks", "dynamic"),
        default="stateful",
        help="stateful carries the state over the whole text, blocks starts each 256 tokens from an empty state, "
        "dynamic also adapts the weights to the text (default: stateful)",
    )
    language_model.add_argument(
        "--documents",
        choices=("line", "file", "row"),
        default="line",
        help="unit of text, for a model of documents (default: line)",
    )
    flags.add_condition(language_model)
    flags.add_labeled_table(parser)
    classifier = parser.add_argument_group("classifier")
    classifier.add_argument(
        "--baseline",
        metavar="TRAIN",
        help="table to train a bigram model on, for comparison",
    )
    classifier.add_argument(
        "--mistakes", type=flags.count, metavar="N", default=5, help="number of worst mistakes to show (default: 5)"
    )
    classifier.add_argument("--json", action="store_true", help="print the report as JSON")
    flags.add_precision(classifier)


def run(arguments: argparse.Namespace) -> None:
    """Measure a model and print the result."""
    from textrnn.runtime import read_kind

    if read_kind(arguments.model) == "LanguageModel":
        _refuse(arguments, {"baseline": None, "json": False, "mistakes": 5, "precision": "auto"}, "a language model")
        model = import_api().load(arguments.model)
        if not model.end_of_text:
            of_tables = dict.fromkeys(("text_column", "label_column", *flags.TABLE))
            _refuse(arguments, {"documents": "line", "rename": [], **of_tables}, "a model of one long text")
        _evaluate_language_model(model, arguments)
    else:
        _refuse(
            arguments, {"last": 1.0, "protocol": "stateful", "documents": "line", "condition": None}, "a classifier"
        )
        evaluate_classifier(arguments)


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
    """Evaluate each document from an empty state to its end; in a table each row brings its label."""
    import numpy as np

    from textrnn.generation import Score

    if arguments.protocol == "dynamic":
        raise argparse.ArgumentTypeError("--protocol dynamic needs one long text, not documents")
    rows = _read_documents(model, arguments)
    last = rows[len(rows) - round(len(rows) * arguments.last) :]
    if not last:
        raise ValueError(f"--last {arguments.last} of the {len(rows)} documents in {arguments.file} leaves none")
    parts = _score_documents(model, last, arguments.protocol)
    score = Score.of(
        np.concatenate([part.log_probabilities for part in parts]), sum(part.characters for part in parts)
    )
    print(
        f"{len(last):,} documents, {arguments.protocol}: {score.nats_per_character:.4f} nats per character, "
        f"{score.bits_per_character:.4f} bits per character, perplexity {score.perplexity:.4f}"
    )


def _score_documents(model: Any, documents: list[tuple[str, str | None]], protocol: str) -> list[Score]:
    """The score of each document, those of a label together."""
    from textrnn.progress import Progress

    if protocol != "stateful":
        return [
            model.evaluate_text(text, protocol, condition=label)
            for text, label in Progress(len(documents), "text").over(documents)
        ]
    scores: list[Score] = []
    for label in dict.fromkeys(label for _, label in documents):
        texts = [text for text, own in documents if own == label]
        scores += model.evaluate_texts(texts, condition=label, progress=True)
    return scores


def _read_documents(model: Any, arguments: argparse.Namespace) -> list[tuple[str, str | None]]:
    """Texts with labels: those of a table's rows, or the label of `--condition` for all lines or files."""
    from textrnn.text import open_corpus, read_texts

    if model.labels and arguments.condition is None:
        data = read_table(arguments.file, model, arguments)
        return [(text, label) for text, label in zip(data.texts, data.labels, strict=True) if text]
    if arguments.documents == "row":
        texts = read_texts(arguments.file, **flags.reading(arguments))
        return [(text, arguments.condition) for text in texts if text]
    corpus = open_corpus(arguments.file, documents=arguments.documents, encoding=arguments.encoding)
    return [(text, arguments.condition) for text in corpus.pieces()]
