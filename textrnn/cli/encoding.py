"""Encoding of standard input and output: UTF-8 in files and pipes, on a terminal its own; arguments are UTF-8."""

from __future__ import annotations

import codecs
import sys
from typing import Any

from textrnn.cli.paths import path_exists

UNSHOWABLE = "textrnn.unshowable"
_warned: list[str] = []
_WRITTEN = ("out", "html", "session")  # arguments that name a file to write


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


def read_arguments_as_utf8(given: dict[str, Any]) -> None:
    """Read as UTF-8 the arguments that the locale, such as C, could not read.

    Names of files stay as they are: Python opens them in the encoding of the locale.
    """
    for name in given.keys() - {*_WRITTEN}:
        given[name] = _as_utf8(given[name])


def _as_utf8(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_as_utf8, value))
    if not isinstance(value, str) or value.isascii() or path_exists(value.removeprefix("FILE:")):
        return value
    try:
        data = value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:  # the locale could read it
        return value
    return data.decode("utf-8", "surrogateescape")
