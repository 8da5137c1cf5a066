"""`textrnn generate MODEL`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from textrnn.cli import flags
from textrnn.cli.library import load_kind
from textrnn.cli.option_flags import add_options
from textrnn.options import GenerationConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `generate`."""
    parser.usage = "%(prog)s MODEL [options]"
    parser.add_argument("model", metavar="MODEL", help=flags.MODEL_HELP)
    flags.add_prompt(parser)
    add_options(parser, GenerationConfig)
    flags.add_condition(parser)
    parser.add_argument("--no-prompt", action="store_true", help="print only the continuation, without the prompt")
    parser.add_argument(
        "--check-copy",
        metavar="CORPUS",
        help="report how much of the text is copied from this file or folder, with the longest passages",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the generated texts; a single text appears as it is written."""
    prompt = flags.prompt(arguments)
    from textrnn.generation import is_worth_compiling
    from textrnn.text import open_corpus

    corpus = None if arguments.check_copy is None else open_corpus(arguments.check_copy, encoding=arguments.encoding)
    config = GenerationConfig.from_given({**vars(arguments), "include_prompt": not arguments.no_prompt})
    is_stream = config.samples == 1 and config.beams == 1 and config.length_penalty == 1
    is_much = is_worth_compiling(config.samples, config.length)
    model = load_kind(arguments.model, "LanguageModel", with_tensorflow=is_much)
    write = _stream if is_stream else _write
    texts = write(model, prompt, arguments.condition, config)
    if corpus is not None:
        for text in texts:
            print(_describe_copied(text if arguments.no_prompt else text[len(prompt) :], corpus))


def _stream(model: Any, prompt: str, condition: str | None, config: GenerationConfig) -> list[str]:
    pieces = []
    for piece in model.stream(prompt, condition=condition, config=config):
        sys.stdout.write(piece)
        sys.stdout.flush()
        pieces.append(piece)
    print()
    return ["".join(pieces)]


def _write(model: Any, prompt: str, condition: str | None, config: GenerationConfig) -> list[str]:
    written = model.generate(prompt, condition=condition, config=config)
    texts = [written] if config.samples == 1 else written
    for number, text in enumerate(texts, 1):
        print(text if len(texts) == 1 else f"--- {number} ---\n{text}")
    return texts


def _describe_copied(text: str, corpus: Any) -> str:
    from textrnn.generation import find_copied

    copied = find_copied(text, corpus.pieces())
    lines = [f"copied from {corpus.name}: {copied.share:.0%} in passages of {copied.least} characters or more"]
    return "\n".join([*lines, *(f"  {len(passage)} characters: {passage!r}" for passage in copied.passages)])
