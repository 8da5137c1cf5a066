"""Texts from the shell that look like paths: whoever types one means the file."""

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
NAMES = re.compile(r"(?:[A-Za-z]:|~)?[\w.@+\\/-]+")  # names of folders and their separators
ROOTED = re.compile(r"(?:[A-Za-z]:[\\/]|~?/|\.{1,2}[\\/])\w")
MAX_SHORT_WORD = 3  # letters: "and/or", "9/10" and "yes/no" are words with a slash between them
MAX_WORDS_OF_NAME = 2  # "my reviews.csv"; "I opened notes.txt" is a sentence
MIN_SIMILARITY = 0.75  # of `difflib`'s ratio: one letter of five may differ


def check_is_text(place: str, text: str, instead: str) -> None:
    """Refuse a text that is a path or looks like one.

    Args:
        place: Argument or flag that was given.
        text: The text as typed.
        instead: Advice: how to have the file read, and how to give the words themselves.

    Raises:
        argparse.ArgumentTypeError: If the text names an existing file or folder, ends as files do, or has separators.
            A text with spaces is a sentence unless it is a short name that ends as files do.
    """
    if path_exists(text):
        what = "is a file or folder"
    elif _looks_like_a_path(text):
        what = f"looks like a file, but there is none of this name{did_you_mean(text)}"
    else:
        return
    raise argparse.ArgumentTypeError(f"{place} {text!r} {what}; {instead}")


def path_exists(path: str) -> bool:
    """Whether a file or folder of this name exists; most texts are no names at all."""
    try:
        return bool(path) and Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long for a name, with a NUL in it, or in nobody's home
        return False


def did_you_mean(path: str) -> str:
    """A hint that names the most similar file or folder beside `path`; empty if there is none."""
    similar = _most_similar(path)
    return f" (did you mean {similar!r}?)" if similar else ""


def _most_similar(path: str) -> str | None:
    try:
        names = os.listdir(Path(path).parent)
    except (OSError, ValueError):
        return None
    found = difflib.get_close_matches(Path(path).name, names, n=1, cutoff=MIN_SIMILARITY)
    return str(Path(path).with_name(found[0])) if found else None


def _looks_like_a_path(text: str) -> bool:
    if "://" in text or "\n" in text:
        return False
    has_ending = ENDING.fullmatch(text[text.rfind(".") - 1 :]) is not None
    words = len(text.split())
    if words != 1:
        is_name = words <= MAX_WORDS_OF_NAME or bool(re.search(r"[\\/]", text)) or " " in (_most_similar(text) or "")
        return has_ending and is_name
    return has_ending or (NAMES.fullmatch(text) is not None and _has_folders(text))


def _has_folders(text: str) -> bool:
    """Whether the names before the last separator are folders rather than words or a website."""
    first, *others = re.split(r"[\\/]", text)
    if ROOTED.match(text) or (others and path_exists(first)):
        return True
    names = [name for name in (first, *others) if name]
    is_website, is_number = "." in first.strip("."), not any(map(str.isalpha, text))
    is_words = len(names) < 3 and min(map(len, names), default=0) <= MAX_SHORT_WORD
    return bool(others) and not (is_website or is_number or is_words)
