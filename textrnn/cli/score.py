"""`textrnn score MODEL FILE`."""

from __future__ import annotations

import argparse
import errno
import io
import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textrnn.cli import flags
from textrnn.cli.hints import command_line, piped
from textrnn.cli.inputs import read_corpus
from textrnn.cli.library import load_kind
from textrnn.cli.paths import check_is_text, path_exists

if TYPE_CHECKING:
    from textrnn.generation import Score


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `score`."""
    parser.usage = "%(prog)s MODEL [FILE] [options]"
    parser.add_argument("model", metavar="MODEL", help=flags.MODEL_HELP)
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="text file; - or nothing reads standard input"
    )
    parser.add_argument("--text", metavar="TEXT", help="text to score instead of a file")
    flags.add_encoding(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--per-line",
        action="store_true",
        help="print a JSON object for each line: its number, text, bits and perplexity",
    )
    form.add_argument(
        "--rank", action="store_true", help="score each line alone; print the likeliest per character first"
    )
    form.add_argument(
        "--most-surprising", type=flags.positive_integer, metavar="N", help="also print the N most surprising spans"
    )
    flags.add_condition(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print how likely a text is."""
    if arguments.text is not None and arguments.file != "-":
        raise argparse.ArgumentTypeError("give a FILE or --text, not both")
    if arguments.text is not None:
        file, words = (
            command_line("score", arguments.model, arguments.text),
            piped(arguments.text, "score", arguments.model),
        )
        check_is_text("--text", arguments.text, f"a file is read without --text: {file}; for the words: {words}")
    elif arguments.file != "-" and not path_exists(arguments.file):
        raise FileNotFoundError(errno.ENOENT, "no such file or folder (--text TEXT scores words)", arguments.file)
    text = read_corpus(arguments.file, arguments.encoding) if arguments.text is None else arguments.text
    if not (text or arguments.rank or arguments.per_line):
        place = "--text" if arguments.text is not None else "standard input"
        raise argparse.ArgumentTypeError(f"{place} is empty: give a FILE, --text TEXT or words on standard input")
    model = load_kind(arguments.model, "LanguageModel", with_tensorflow=False)
    if arguments.rank:
        for line, score in model.rank(filter(None, text.split("\n")), condition=arguments.condition):
            print(f"{score.bits_per_character:.4f}\t{line}")
    elif arguments.per_line:
        for fact in score_lines(model, text, arguments.condition):
            print(json.dumps(fact, ensure_ascii=False))
    else:
        _print_score(model, text, arguments)


def score_lines(model: Any, text: str, condition: str | None) -> Iterator[dict[str, Any]]:
    """Score each line given those before it, or alone for a model of documents."""
    lines = list(io.StringIO(text, newline="\n"))  # `splitlines` knows ends of lines that editors do not count
    for number, (line, score) in enumerate(_score_each_line(model, lines, condition), 1):
        yield {
            "line": number,
            "text": line.rstrip("\n"),
            "tokens": len(score.log_probabilities),
            "bits": float(score.surprisals.sum()),
            "bits_per_character": None if math.isnan(score.bits_per_character) else score.bits_per_character,
            "perplexity": None if math.isnan(score.perplexity) else score.perplexity,
        }


def _score_each_line(model: Any, lines: list[str], condition: str | None) -> Iterator[tuple[str, Score]]:
    from textrnn.progress import Progress

    if model.end_of_text:
        texts = [line.rstrip("\n") for line in lines]
        yield from zip(lines, model.score_texts(texts, condition=condition, progress=True), strict=True)
        return
    state = model.read("", condition=condition)
    with Progress(sum(map(len, lines)), "character", unit_scale=True) as bar:
        for line in lines:
            score, state = model.score_and_read(line, state)
            yield line, score
            bar.update(len(line))


def _print_score(model: Any, text: str, arguments: argparse.Namespace) -> None:
    score = model.score(text, condition=arguments.condition, progress=True)
    print(
        f"{len(score.log_probabilities):,} tokens, {score.bits_per_character:.4f} bits per character, "
        f"perplexity {score.perplexity:.4f}"
    )
    if arguments.most_surprising is not None:
        ids = model.tokenizer.encode(text)
        for span in score.most_surprising(arguments.most_surprising):
            is_one_to_one = len(ids) == len(text)  # then the text itself shows characters unknown to the model
            shown = (
                text[span.start : span.end] if is_one_to_one else model.tokenizer.decode(ids[span.start : span.end])
            )
            print(f"{span.bits:8.1f} bits  tokens {span.start:,} to {span.end - 1:,}  {shown!r}")
