"""Encoding of standard input and output: UTF-8 in files and pipes, on a terminal its own."""

from __future__ import annotations

import codecs
import sys

UNSHOWABLE = "textrnn.unshowable"
_warned: list[str] = []


def set_up_streams() -> None:
    """Let standard input, output and errors take every text."""
    codecs.register_error(UNSHOWABLE, _replace)
    _warned.clear()
    for stream, errors in ((sys.stdin, "strict"), (sys.stdout, UNSHOWABLE), (sys.stderr, "backslashreplace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors=errors)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    _warn_once(error.encoding, error.object[error.start])
    return "?" * (error.end - error.start), error.end


def _warn_once(encoding: str, character: str) -> None:
    if not _warned:
        _warned.append(character)
        print(
            f"warning: {character!a} cannot be shown in {encoding}: ? stands for it and other such characters",
            file=sys.stderr,
        )
