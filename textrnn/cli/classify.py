"""`textrnn classify MODEL TEXT...` and `textrnn classify MODEL FILE --out OUT`."""

from __future__ import annotations

import argparse
from pathlib import Path

from textrnn.cli import flags
from textrnn.cli.hints import piped
from textrnn.cli.library import CLASSIFY_WITH_NUMPY, load_kind
from textrnn.cli.paths import check_is_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `classify`."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file, a run folder or a preset")
    parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXT",
        help="texts to label; or one FILE: .csv, .tsv, .jsonl, or .txt with a text a line (.gz, .bz2, .xz or .zst "
        "behind it is fine). With --out it is always a FILE, else if there is a file of that name; - or none is the "
        "input. A TEXT that looks like a file is refused; the input takes any",
    )
    parser.add_argument("--file", metavar="FILE", help="the same, whatever else it may look like")
    flags.add_table(parser)
    parser.add_argument(
        "--batch-size",
        type=flags.positive_integer,
        metavar="N",
        help="texts at once, at most (default: 256)",
    )
    parser.add_argument(
        "--threshold",
        type=flags.share,
        metavar="X",
        help="no label (a dash; nothing in a file) where its probability is below X",
    )
    _add_file_arguments(parser)


def _add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of a file that is labeled row by row."""
    group = parser.add_argument_group(
        "a file of any size",
        "With --out, FILE is read and labeled a few hundred rows at a time. A row that cannot be read is reported "
        "with its line and skipped. Stopped, even by a power cut, the same command goes on where it was.",
    )
    group.add_argument(
        "--out",
        metavar="OUT",
        help="a .csv, .tsv or .jsonl: the rows of FILE with predicted_label and predicted_probability added",
    )
    group.add_argument("--probabilities", action="store_true", help="add the probability of each label as well")
    group.add_argument(
        "--column-prefix",
        metavar="TEXT",
        default="predicted_",
        help="prefix of the added columns' names (default: predicted_)",
    )
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="replace OUT if it exists, and begin anew if FILE, MODEL or flags are others than before",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print label, probability and text, a line each; or label a file row by row."""
    source = _file_among(arguments)
    if arguments.out:
        if source is None:
            raise argparse.ArgumentTypeError("--out takes one FILE, or - for the input; several were given")
        from textrnn.cli.classify_file import classify_file

        classify_file(arguments, source)
        return
    if arguments.probabilities or arguments.overwrite:
        raise argparse.ArgumentTypeError("--probabilities and --overwrite go with --out")
    texts = _texts(arguments, source)
    is_much = sum(map(len, texts)) > CLASSIFY_WITH_NUMPY
    classifier = load_kind(arguments.model, "TextClassifier", with_tensorflow=is_much)
    predictions = classifier.classify(
        texts, batch_size=arguments.batch_size, threshold=arguments.threshold, progress=True
    )
    for text, prediction in zip(texts, predictions, strict=True):
        label = "-" if prediction.label is None else prediction.label
        print(f"{label}\t{prediction.probability:.3f}\t{' '.join(text.split())}")


def _file_among(arguments: argparse.Namespace) -> str | None:
    """The FILE that was given, `-` for the input; None if texts were."""
    if arguments.file and arguments.texts:
        raise argparse.ArgumentTypeError("give either TEXT or --file, not both")
    if arguments.file or not arguments.texts:
        return arguments.file or "-"
    first: str = arguments.texts[0]
    is_table = any(getattr(arguments, name) is not None for name in flags.TABLE)
    if len(arguments.texts) == 1 and (arguments.out or first == "-" or is_table or _is_file_of_texts(first)):
        return first
    for text in [] if arguments.out else arguments.texts:
        file = "one FILE (.csv, .tsv, .jsonl, .txt) alone is read"
        check_is_text("TEXT", text, f"{file}; for the words themselves: {piped(text, 'classify', arguments.model)}")
    return None


def _is_file_of_texts(text: str) -> bool:
    from textrnn.text import FILES_OF_TEXTS, file_ending

    try:
        return file_ending(Path(text)) in FILES_OF_TEXTS and Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        return False


def _texts(arguments: argparse.Namespace, source: str | None) -> list[str]:
    from textrnn.text import read_texts

    if source is None:
        return list(arguments.texts)
    return read_texts(source, **flags.reading(arguments))
