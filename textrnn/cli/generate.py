"""`textrnn generate MODEL`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from textrnn.cli import flags
from textrnn.cli.library import load_kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `generate`."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file or a run folder")
    parser.add_argument(
        "--prompt",
        "--primetext",
        "--prime",
        "--prefix",
        "--start",
        default="",
        metavar="TEXT",
        help="text to continue; FILE:path reads a file",
    )
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
    parser.add_argument("--seed", type=flags.count, metavar="N", help="the same seed writes the same text")
    parser.add_argument(
        "--samples", "--num_samples", type=flags.positive_integer, metavar="N", default=1, help="how many texts"
    )
    parser.add_argument(
        "--stop", action="append", metavar="TEXT", help="end before this string; may be given several times"
    )
    flags.add_condition(parser)
    parser.add_argument("--no-prompt", action="store_true", help="print only what is added")


def run(arguments: argparse.Namespace) -> None:
    """Write, on one sample character by character."""
    prompt = read_prompt(arguments.prompt)
    model = load_kind(arguments.model, "LanguageModel")
    options = {
        "length": arguments.length,
        "temperature": arguments.temperature,
        "top_k": arguments.top_k,
        "top_p": arguments.top_p,
        "min_p": arguments.min_p,
        "seed": arguments.seed,
        "stop": arguments.stop,
        "condition": arguments.condition,
        "include_prompt": not arguments.no_prompt,
    }
    if arguments.samples == 1:
        for piece in model.stream(prompt, **options):
            sys.stdout.write(piece)
            sys.stdout.flush()
        print()
        return
    for number, text in enumerate(model.generate(prompt, samples=arguments.samples, **options), 1):
        print(f"--- {number} ---\n{text}")


def read_prompt(prompt: str) -> str:
    """The prompt itself, or the text of the file that `FILE:path` names."""
    if not prompt.startswith("FILE:"):
        return prompt
    path = Path(prompt.removeprefix("FILE:"))
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"--prompt FILE:{path} must be UTF-8 text: {error}") from error
