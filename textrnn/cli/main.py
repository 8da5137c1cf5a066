"""`textrnn COMMAND`: parsing, dispatch and errors as one line."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from collections.abc import Sequence
from typing import Any

from textrnn.cli import calibrate, classify, compress, decompress, evaluate, explain, generate, score, train, write
from textrnn.cli.encoding import read_arguments_as_utf8, set_up_streams
from textrnn.cli.paths import did_you_mean
from textrnn.cli.streams import ForgivingOutput, open_missing, silence
from textrnn.files import FULL
from textrnn.version import __version__

COMMANDS = {
    "train": (train, "train a language model on text, or a classifier on labeled texts"),
    "generate": (generate, "generate text with a language model"),
    "write": (write, "write a text together with a language model, in a dialogue"),
    "classify": (classify, "label texts with a classifier"),
    "explain": (explain, "show which parts of a text speak for its label"),
    "calibrate": (calibrate, "fit a classifier's probabilities to how often it is right"),
    "score": (score, "measure how likely a text is"),
    "compress": (compress, "compress a text file with a language model"),
    "decompress": (decompress, "restore a text file from its compressed form"),
    "evaluate": (evaluate, "measure a model on data it has not seen"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `textrnn`."""
    parser = argparse.ArgumentParser(prog="textrnn", description="Recurrent text models for Keras and TensorFlow.")
    parser.add_argument("--version", action="version", version=f"textrnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        _set_up(command, module)
    return _run(parser, arguments)


def run_script(command: str, arguments: Sequence[str] | None = None) -> int:
    """Entry point of a script that is one command, such as `train.py`."""
    module, summary = COMMANDS[command]
    parser = argparse.ArgumentParser(prog=f"{command}.py", description=f"{summary[0].upper()}{summary[1:]}.")
    _set_up(parser, module)
    return _run(parser, arguments)


def _set_up(parser: argparse.ArgumentParser, module: Any) -> None:
    module.add_arguments(parser)
    parser.set_defaults(run=module.run, fail=parser.error)


def with_dashes(words: Sequence[str]) -> list[str]:
    """The command line with flags spelled with dashes: char-rnn and nanoGPT write `--batch_size`."""
    end = words.index("--") if "--" in words else len(words)
    flags = [word.partition("=") if word.startswith("--") else ("", "", word) for word in words[:end]]
    return [*(f"{flag.replace('_', '-')}{equals}{value}" for flag, equals, value in flags), *words[end:]]


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Exit status: 0 when done, 1 on a failure, 2 on wrong usage, 130 on Ctrl-C; none shows a traceback."""
    open_missing()
    set_up_streams()
    given = parser.parse_args(with_dashes(sys.argv[1:] if arguments is None else arguments))
    read_arguments_as_utf8(vars(given))
    fail = vars(given).pop("fail")
    _quieten()
    before = sys.stdout, sys.stderr
    sys.stderr = ForgivingOutput(sys.stderr)
    if given.run is train.run:  # other commands print their result and end when its reader is gone
        sys.stdout = ForgivingOutput(sys.stdout)
    try:
        return _run_command(parser, given, fail)
    finally:
        sys.stdout, sys.stderr = before


def _run_command(parser: argparse.ArgumentParser, given: argparse.Namespace, fail: Any) -> int:
    try:
        given.run(given)
        sys.stdout.flush()
    except argparse.ArgumentTypeError as error:
        fail(str(error))
    except KeyboardInterrupt as interrupt:
        print(f"\n{parser.prog}: {str(interrupt) or 'stopped by Ctrl-C before it was done'}", file=sys.stderr)
        if str(interrupt) and given.run is train.run:  # other commands resume by themselves
            print("resume with the same command and --resume", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone (`| head`)
        silence(sys.stdout)
    except Exception as error:
        if os.environ.get("TEXTRNN_TRACEBACK"):
            raise
        print(f"{parser.prog}: error: {describe_error(error)}", file=sys.stderr)
        if isinstance(error, OSError) and error.errno in FULL:
            silence(sys.stdout)
        return 1
    return 0


def describe_error(error: Exception) -> str:
    """The error in a line; an unforeseen one also names its class and how to see a traceback."""
    notes = getattr(error, "__notes__", ())
    is_full = isinstance(error, OSError) and error.errno in FULL
    advice = "; make room, then run the same command again" if is_full and not notes else ""
    return "\n".join([_describe(error) + advice, *notes])


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        similar = did_you_mean(str(error.filename)) if isinstance(error, FileNotFoundError) else ""
        where = f"{error.filename}{similar}" if error.filename else ""
        if not where and error.errno in FULL:
            where = f"the output, or files in {tempfile.gettempdir()}"
        return f"{error.strerror}: {where}" if where else error.strerror
    if isinstance(error, (ValueError, TypeError, OSError, ArithmeticError, ImportError)):
        return str(error)
    return f"{type(error).__name__}: {error} (set TEXTRNN_TRACEBACK=1 to see where)"


def _quieten() -> None:
    """Print warnings as one line and hide TensorFlow's start-up log."""

    def show(message: Any, *details: Any, **more: Any) -> None:
        print(f"warning: {message}", file=sys.stderr)

    warnings.showwarning = show
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
