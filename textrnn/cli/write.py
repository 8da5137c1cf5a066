"""`textrnn write MODEL`: write a text together with a model."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from textrnn.cli import flags
from textrnn.cli.library import load_kind
from textrnn.cli.option_flags import add_options, given_options, reader_of
from textrnn.options import GenerationConfig, options_of

NOT_IN_DIALOGUE = ("length", "seed", "samples", "stop", "beams", "length_penalty")
(TEMPERATURE,) = (one for one in options_of(GenerationConfig) if one.name == "temperature")
HELP = """\
  (Enter)          let the model continue to the end of a line
  any other text   add it as typed, with a line break at its end (a space, if the model knows no line break)
  +text            add it without a line break
  ?                propose continuations; then type a number to pick one
  /undo            remove the last addition
  /temperature X   below 1 safer, above 1 wilder
  /length N        most tokens to add at a time
  /text            show the whole text
  /save FILE       save the session; resume it with --session FILE
  /quit            end"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `write`."""
    parser.usage = "%(prog)s MODEL [options]"
    parser.add_argument("model", metavar="MODEL", help=flags.MODEL_HELP)
    flags.add_prompt(parser)
    add_options(parser, GenerationConfig, left_out=NOT_IN_DIALOGUE)
    flags.add_condition(parser)
    parser.add_argument(
        "--length",
        "-n",
        type=flags.positive_integer,
        metavar="N",
        default=200,
        help="most tokens to add at a time (default: 200)",
    )
    parser.add_argument(
        "--proposals",
        type=flags.positive_integer,
        metavar="N",
        default=3,
        help="number of continuations to choose from (default: 3)",
    )
    parser.add_argument(
        "--seed", type=flags.count, metavar="N", help="seed of the draws; the same seed and input give the same text"
    )
    parser.add_argument("--session", metavar="FILE", help="saved session to resume")


def run(arguments: argparse.Namespace) -> None:
    """Run a dialogue until /quit or the end of the input."""
    from textrnn.generation import Session

    prompt = flags.prompt(arguments)
    model = load_kind(arguments.model, "LanguageModel", with_tensorflow=False)
    given = given_options(GenerationConfig, vars(arguments))
    chosen = {name: value for name, value in given.items() if name not in NOT_IN_DIALOGUE}
    if arguments.session is None:
        session = Session(model, condition=arguments.condition, seed=arguments.seed, **chosen)
    else:
        if not (arguments.condition is None and arguments.seed is None):
            raise argparse.ArgumentTypeError("--session brings a label and a seed: leave --condition and --seed out")
        session = Session.load(arguments.session, model)
        session.choose(**chosen)
    session.add(prompt)
    dialogue = Dialogue(session, arguments.length, arguments.proposals)
    print("Enter lets the model write; /help shows what else there is.")
    print(session.text, end="", flush=True)
    while dialogue.is_open:
        try:
            line = input()
        except EOFError:
            return
        except KeyboardInterrupt:  # meant for the model, perhaps, which was done a moment ago
            print("[/quit ends]", flush=True)
            continue
        except UnicodeDecodeError as error:
            print(f"[{error}]", flush=True)
            continue
        with contextlib.suppress(KeyboardInterrupt):  # stops the model in the middle of a line, no more
            dialogue.answer(line)


class Dialogue:
    """A dialogue in which every typed line is a command or an addition to the text.

    Args:
        session: The text and the model.
        length: Most tokens that the model adds at a time.
        proposals: Number of continuations shown.
    """

    def __init__(self, session: Any, length: int, proposals: int) -> None:
        self.session = session
        self.length = length
        self.proposals = proposals
        self.proposed: list[str] = []
        self.is_open = True
        unknown = session.model.tokenizer.unknown_tokens
        self.line_end = next((end for end in ("\n", " ") if not unknown(end)), "")

    def answer(self, line: str) -> None:
        """Carry out one typed line; an error is printed and changes nothing."""
        proposed, self.proposed = self.proposed, []
        try:
            if not line:
                self._continue()
            elif line == "?":
                self._propose()
            elif proposed and line.isdecimal():
                self._pick(proposed, int(line))
            elif line.startswith("/"):
                self._run_command(*line[1:].split(maxsplit=1))
            else:
                self._add(line.removeprefix("+") if line.startswith("+") else f"{line}{self.line_end}")
        except (ValueError, TypeError, OSError, argparse.ArgumentTypeError) as error:
            print(f"[{error}]", flush=True)

    def _add(self, text: str) -> None:
        self.session.add(text)
        self._show_last_line()

    def _continue(self) -> None:
        written = 0
        for piece in self.session.stream(self.length):
            sys.stdout.write(piece)
            sys.stdout.flush()
            written += len(piece)
        if not written:
            print("[nothing: the model ends the text here]", flush=True)

    def _propose(self) -> None:
        self.proposed = self.session.propose(self.proposals, min(self.length, 60))
        for number, text in enumerate(self.proposed, 1):
            print(f"  {number}: {text}")
        print("" if self.proposed else "[nothing but the end of the line]", flush=True)

    def _pick(self, proposed: list[str], number: int) -> None:
        if not 1 <= number <= len(proposed):
            raise ValueError(f"pick 1 to {len(proposed)}; received {number}")
        self._add(proposed[number - 1])

    def _run_command(self, command: str = "", value: str = "") -> None:
        if command == "undo":
            print(f"[took back {self.session.undo()!r}]", flush=True)
            self._show_last_line()
        elif command == "temperature":
            self.session.choose(temperature=reader_of(TEMPERATURE)(value))
        elif command == "length":
            self.length = flags.positive_integer(value)
        elif command == "text":
            print(self.session.text, flush=True)
        elif command == "save":
            self._save(value)
        elif command == "quit":
            self.is_open = False
        else:
            print(HELP, flush=True)

    def _save(self, value: str) -> None:
        if not value:
            raise ValueError("/save needs a file to write to")
        self.session.save(Path(value))
        print(f"[saved in {value}]", flush=True)

    def _show_last_line(self) -> None:
        print(self.session.text.rpartition("\n")[2], end="", flush=True)
