"""Commands quoted in messages: called as the user called this one, ready to be copied."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

SCRIPTS = ("train.py", "generate.py")  # of a checkout, each one command


def command_line(command: str, *words: object) -> str:
    """A textrnn command with its arguments, quoted for the shell."""
    return " ".join([*_program(command), *(shlex.quote(str(word)) for word in words)])


def piped(text: str, command: str, *words: object) -> str:
    """A textrnn command that reads `text` from standard input, where no text is taken for a file."""
    return f"echo {shlex.quote(text)} | {command_line(command, *words)}"


def _program(command: str) -> list[str]:
    """The program: the script of a checkout, `textrnn`, or the module where `textrnn` is not on the path."""
    called = Path(sys.argv[0])
    script = called.with_name(f"{command}.py")
    if called.name in SCRIPTS and script.name in SCRIPTS and script.exists():
        return [_python(), shlex.quote(str(script))]
    if called.stem == "textrnn":
        return ["textrnn" if _is_found("textrnn", called.parent) else shlex.quote(str(called)), command]
    if _is_found("textrnn", Path(sys.executable).parent):
        return ["textrnn", command]
    return [_python(), "-m", "textrnn", command]


def _python() -> str:
    """The interpreter as it was called: another `python` may lack the packages."""
    return shlex.quote(sys.orig_argv[0] if sys.orig_argv else sys.executable)


def _is_found(program: str, folder: Path) -> bool:
    """Whether the shell finds a program by its name, in this folder."""
    found = shutil.which(program)
    return found is not None and os.path.dirname(os.path.abspath(found)) == os.path.abspath(folder)
