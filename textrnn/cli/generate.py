"""`textrnn generate MODEL`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from textrnn.cli import flags
from textrnn.cli.library import load_kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `generate`."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file, a run folder or a preset")
    flags.add_prompt(parser)
    parser.add_argument(
        "--length",
        "-n",
        "--max_new_tokens",
        type=flags.count,
        metavar="N",
        default=400,
        help="symbols to add (default: 400)",
    )
    flags.add_sampling(parser)
    parser.add_argument(
        "--beams",
        type=flags.positive_integer,
        metavar="N",
        default=1,
        help="above 1, look for the likeliest text instead of drawing one, N at a time",
    )
    parser.add_argument(
        "--length-penalty",
        type=flags.number,
        metavar="X",
        default=1.0,
        help="what a beam search divides by: the length to the power of X (default: 1)",
    )
    parser.add_argument("--seed", type=flags.count, metavar="N", help="the same seed writes the same text")
    parser.add_argument(
        "--samples", "--num_samples", type=flags.positive_integer, metavar="N", default=1, help="how many texts"
    )
    parser.add_argument(
        "--stop",
        type=flags.unescaped,
        action="append",
        metavar="TEXT",
        help=r"end before this string, where \n is a line break; may be given several times",
    )
    flags.add_condition(parser)
    parser.add_argument("--no-prompt", action="store_true", help="print only what is added")
    parser.add_argument(
        "--check-copy",
        metavar="CORPUS",
        help="say how much of the text stands word for word in this file or folder, and the longest passages",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write, on one sample character by character."""
    prompt = flags.prompt(arguments)
    from textrnn.generation import is_worth_compiling
    from textrnn.text import open_corpus

    corpus = None if arguments.check_copy is None else open_corpus(arguments.check_copy, encoding=arguments.encoding)
    is_stream = arguments.samples == 1 and arguments.beams == 1 and arguments.length_penalty == 1
    is_much = is_worth_compiling(arguments.samples, arguments.length)
    model = load_kind(arguments.model, "LanguageModel", with_tensorflow=is_much)
    options = {
        **flags.sampling(arguments),
        "length": arguments.length,
        "seed": arguments.seed,
        "stop": arguments.stop,
        "condition": arguments.condition,
        "include_prompt": not arguments.no_prompt,
    }
    texts = [_stream(model, prompt, options)] if is_stream else _write(model, prompt, options, arguments)
    if corpus is not None:
        for text in texts:
            print(_describe_copied(text if arguments.no_prompt else text[len(prompt) :], corpus))


def _stream(model: Any, prompt: str, options: dict[str, Any]) -> str:
    pieces = []
    for piece in model.stream(prompt, **options):
        sys.stdout.write(piece)
        sys.stdout.flush()
        pieces.append(piece)
    print()
    return "".join(pieces)


def _write(model: Any, prompt: str, options: dict[str, Any], arguments: argparse.Namespace) -> list[str]:
    search = {"beams": arguments.beams, "length_penalty": arguments.length_penalty}
    written = model.generate(prompt, samples=arguments.samples, **search, **options)
    texts = [written] if arguments.samples == 1 else written
    for number, text in enumerate(texts, 1):
        print(text if len(texts) == 1 else f"--- {number} ---\n{text}")
    return texts


def _describe_copied(text: str, corpus: Any) -> str:
    from textrnn.generation import find_copied

    copied = find_copied(text, corpus.pieces())
    lines = [f"copied from {corpus.name}: {copied.share:.0%} in passages of {copied.least} characters or more"]
    return "\n".join([*lines, *(f"  {len(passage)} characters: {passage!r}" for passage in copied.passages)])
