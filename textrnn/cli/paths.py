"""Texts from the shell that are the names of files: whoever types one means the file."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from pathlib import Path

TABLES = "csv|tsv|tab|jsonl|ndjson|json|parquet|feather|arrow|xlsx?|ods"
TEXTS = "txt|md|log|rtf|pdf|docx?"
ARCHIVES = "gz|bz2|xz|zst|zip|tar|tgz|7z|rar|keras|npz|h5"
ENDING = re.compile(rf"\w\.({TABLES}|{TEXTS}|{ARCHIVES})", re.IGNORECASE)
NAMES = re.compile(r"(?:[A-Za-z]:|~)?[\w.@+\\/-]+")  # names of folders, and what stands between them
ROOTED = re.compile(r"(?:[A-Za-z]:[\\/]|~?/|\.{1,2}[\\/])\w")
SHORT = 3  # letters: "and/or", "9/10" and "yes/no" are words with a slash between them
ALIKE = 0.75  # of `difflib`'s ratio: one letter of five may be another


def check_is_text(place: str, text: str, instead: str) -> None:
    """Refuse a text that looks like a path, or is one.

    Args:
        place: The argument or flag it was given to.
        text: What was typed.
        instead: How to have the file read, and how to mean the words.

    Raises:
        argparse.ArgumentTypeError: If it is the name of a file or folder that is there, ends as files do, or has
            separators; one with spaces is a sentence, whatever it holds.
    """
    if is_there(text):
        what = "is a file or folder"
    elif _looks_like_a_path(text):
        what = f"looks like a file, but there is none of this name{did_you_mean(text)}"
    else:
        return
    raise argparse.ArgumentTypeError(f"{place} {text!r} {what}; {instead}")


def is_there(path: str) -> bool:
    """Whether there is a file or folder of this name; most texts are no names at all."""
    try:
        return bool(path) and Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long for a name, with a NUL in it, or in nobody's home
        return False


def did_you_mean(path: str) -> str:
    """Words that name the file or folder beside `path` whose name is most like it; empty if none is."""
    similar = _most_similar(path)
    return f" (did you mean {similar!r}?)" if similar else ""


def _most_similar(path: str) -> str | None:
    try:
        names = os.listdir(Path(path).parent)
    except (OSError, ValueError):
        return None
    found = difflib.get_close_matches(Path(path).name, names, n=1, cutoff=ALIKE)
    return str(Path(path).with_name(found[0])) if found else None


def _looks_like_a_path(text: str) -> bool:
    if "://" in text or "\n" in text:
        return False
    has_ending = ENDING.fullmatch(text[text.rfind(".") - 1 :]) is not None
    if len(text.split()) != 1:
        return has_ending and (bool(ROOTED.match(text)) or " " in (_most_similar(text) or ""))
    return has_ending or (NAMES.fullmatch(text) is not None and _has_folders(text))


def _has_folders(text: str) -> bool:
    """Of names with separators or none, whether those before the last are folders rather than words or a website."""
    first, *others = re.split(r"[\\/]", text)
    if ROOTED.match(text) or (others and is_there(first)):
        return True
    names = [name for name in (first, *others) if name]
    is_website, is_number = "." in first.strip("."), not any(map(str.isalpha, text))
    is_words = len(names) < 3 and min(map(len, names), default=0) <= SHORT
    return bool(others) and not (is_website or is_number or is_words)
