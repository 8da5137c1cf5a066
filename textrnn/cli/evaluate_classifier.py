"""`textrnn evaluate` for a classifier."""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.cli import flags
from textrnn.cli.bulk import CLASSIFY_WITH_NUMPY, Speed, load_for_bulk
from textrnn.cli.hints import command_line
from textrnn.cli.inputs import read_table

if TYPE_CHECKING:
    from textrnn.classification import ClassificationReport
    from textrnn.text import LabeledTexts

MAX_SHOWN_CHARACTERS = 100  # of a mistake's text


def evaluate_classifier(arguments: argparse.Namespace) -> None:
    """Print a report, the worst mistakes and the comparison with a baseline, if requested."""
    file = Path(arguments.file)
    is_much = not file.is_file() or file.stat().st_size > CLASSIFY_WITH_NUMPY
    classifier = load_for_bulk(arguments.model, arguments.precision, is_much=is_much)
    data = read_table(arguments.file, classifier, arguments)
    baseline = None if arguments.baseline is None else _measure_baseline(classifier, data, arguments)
    with Speed(classifier, texts=len(data.texts)) as speed:
        report = classifier.evaluate_texts(data.texts, data.labels, progress=True)
    if arguments.json:
        facts = report.to_dict() | {
            "temperature": classifier.temperature,
            "speed": speed.to_dict(),
            "mistakes": _mistakes(report, data, arguments.mistakes),
            "baseline": baseline and {"accuracy": baseline.accuracy, "macro_f1": baseline.macro_f1},
        }
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    print(report)
    if classifier.temperature == 1:
        calibrate = command_line("calibrate", arguments.model, "TABLE")
        print(f"\nnot calibrated: run `{calibrate}` with labeled texts that the model was not trained on")
    if baseline is not None:
        print(f"\n{_compare(report, baseline)}")
    if arguments.mistakes and len(report.mistakes):
        print(f"\n{_show_mistakes(_mistakes(report, data, arguments.mistakes))}")
    speed.say()


def _measure_baseline(classifier: Any, data: LabeledTexts, arguments: argparse.Namespace) -> ClassificationReport:
    import numpy as np

    from textrnn.classification import ClassificationReport
    from textrnn.cli.baseline import BigramBaseline

    training = read_table(
        arguments.baseline, classifier, arguments, flags.table(vars(arguments)).beside(arguments.baseline)
    )
    known = set(training.texts)
    if repeated := sum(text in known for text in data.texts):
        warnings.warn(f"{repeated:,} of the {len(data):,} texts are also in {arguments.baseline}", stacklevel=2)
    labels = classifier.labels
    trained_on, truths = (np.array([labels.index(label) for label in part.labels]) for part in (training, data))
    baseline = BigramBaseline(labels, training.texts, trained_on)
    return ClassificationReport(labels, truths, baseline.probabilities(data.texts))


def _compare(report: ClassificationReport, baseline: ClassificationReport) -> str:
    from textrnn.classification.rendering import align, number

    sides = {"this model": report, "bigram baseline": baseline}
    rows = [[name, number(side.accuracy, 4), number(side.macro_f1, 4)] for name, side in sides.items()]
    return align([["", "accuracy", "macro F1"], *rows])


def _mistakes(report: ClassificationReport, data: LabeledTexts, count: int) -> list[dict[str, Any]]:
    """The worst mistakes with their texts; rows count from 1, without the header."""
    return [
        {
            "row": row + 1,
            "label": data.labels[row],
            "answer": report.labels[report.answers[row]],
            "probability": float(report.confidence[row]),
            "text": data.texts[row],
        }
        for row in report.mistakes[:count].tolist()
    ]


def _show_mistakes(mistakes: list[dict[str, Any]]) -> str:
    from textrnn.classification.rendering import MAX_NAME_CHARACTERS, shorten

    lines = ["worst mistakes: truth, answer, its probability"]
    for mistake in mistakes:
        label, answer = (shorten(mistake[name], MAX_NAME_CHARACTERS) for name in ("label", "answer"))
        lines.append(
            f"  {label}  {answer}  {mistake['probability']:.3f}  {shorten(mistake['text'], MAX_SHOWN_CHARACTERS)}"
        )
    return "\n".join(lines)
