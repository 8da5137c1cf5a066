"""`textrnn classify MODEL TEXT...` and `textrnn classify MODEL FILE --out OUT`."""

from __future__ import annotations

import argparse
from pathlib import Path

from textrnn.cli import flags
from textrnn.cli.bulk import CLASSIFY_WITH_NUMPY, Speed, load_for_bulk
from textrnn.cli.hints import piped
from textrnn.cli.paths import check_is_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `classify`."""
    parser.usage = "%(prog)s MODEL [TEXT ...] [options]"
    parser.add_argument("model", metavar="MODEL", help=flags.MODEL_HELP)
    parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXT",
        help="texts to label, or one FILE: .csv, .tsv, .jsonl, or .txt with a text a line, packed (.gz, .bz2, .xz, "
        ".zst) or not; - or nothing reads standard input. With --out it is always a FILE. A TEXT that looks like a "
        "missing file is refused; standard input takes any text",
    )
    parser.add_argument("--file", metavar="FILE", help="FILE to label, whatever its name looks like")
    flags.add_table(parser)
    parser.add_argument(
        "--batch-size",
        type=flags.positive_integer,
        metavar="N",
        help="most texts in a batch (default: 64 to 256, fewer for larger models)",
    )
    flags.add_precision(parser)
    parser.add_argument(
        "--threshold",
        type=flags.share,
        metavar="X",
        help="least probability of a label; below it the label is a dash, in a file empty",
    )
    _add_file_arguments(parser)


def _add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags for labeling a file row by row."""
    group = parser.add_argument_group(
        "file of any size",
        "With --out, FILE is labeled a few thousand rows at a time. A row that cannot be read is reported with its "
        "line number and skipped. After an interruption, even a power cut, the same command resumes.",
    )
    group.add_argument(
        "--out",
        metavar="OUT",
        help=".csv, .tsv or .jsonl file for the rows of FILE with predicted_label and predicted_probability added",
    )
    group.add_argument("--probabilities", action="store_true", help="also add the probability of each label")
    group.add_argument(
        "--column-prefix",
        metavar="TEXT",
        default="predicted_",
        help="prefix of the added columns' names (default: predicted_)",
    )
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="replace OUT if it exists; start again if FILE, MODEL or flags have changed",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print a line of label, probability and text for each text, or label a file row by row."""
    source = _find_source(arguments)
    if arguments.out:
        if source is None:
            raise argparse.ArgumentTypeError("--out takes one FILE, or - for standard input; several were given")
        from textrnn.cli.classify_file import classify_file

        classify_file(arguments, source)
        return
    if arguments.probabilities or arguments.overwrite:
        raise argparse.ArgumentTypeError("--probabilities and --overwrite go with --out")
    texts = _texts(arguments, source)
    is_much = sum(map(len, texts)) > CLASSIFY_WITH_NUMPY
    classifier = load_for_bulk(arguments.model, arguments.precision, is_much=is_much)
    with Speed(classifier, arguments.batch_size, texts=len(texts) if source else 0) as speed:
        predictions = classifier.classify(
            texts, batch_size=arguments.batch_size, threshold=arguments.threshold, progress=True
        )
    for text, prediction in zip(texts, predictions, strict=True):
        label = "-" if prediction.label is None else prediction.label
        print(f"{label}\t{prediction.probability:.3f}\t{' '.join(text.split())}")
    speed.say()


def _find_source(arguments: argparse.Namespace) -> str | None:
    """The given FILE, or `-` for standard input; None if texts were given."""
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
