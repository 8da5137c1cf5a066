"""Splitting of text into words, which merges of bytes do not cross."""

import functools
import re
from typing import Final

from textrnn.text.word_rules import combining_marks

# A longer run is cut, which bounds the work for one word in scripts without spaces and in lines without letters.
LONGEST_RUN: Final = 32


def split_words(text: str) -> list[str]:
    """Split text into words, each with the space before it, and remaining white space.

    A word is a run of letters with at most one inner apostrophe, of digits, or of other characters. The words joined
    are the text.
    """
    return _word_pattern().findall(text)


@functools.cache
def _word_pattern() -> re.Pattern[str]:
    # A class repeats several times as fast as a choice of two, so the cases without a choice come first.
    marks = combining_marks()
    letters = _first_of(
        rf"[^\W\d_]{{1,{LONGEST_RUN}}}+(?![{marks}])",
        rf"[^\W\d_](?:[^\W\d_]|[{marks}]){{0,{LONGEST_RUN - 1}}}",
    )
    digits = rf"\d{{1,{LONGEST_RUN}}}"
    others = _first_of(rf"[^\w\s]{{1,{LONGEST_RUN}}}+(?!_)", rf"(?:[^\w\s]|_){{1,{LONGEST_RUN}}}")
    # Most words: a run of ASCII letters before another ASCII character that ends it.
    plain = rf" ?[A-Za-z]{{1,{LONGEST_RUN}}}+(?=[\0-&(-@\[-`{{-\x7f]|\Z)"
    word = rf" ?(?:{letters}(?:['\u2019]{letters})?|{digits}|{others})"
    # As short as it can be, so that the last space is left to the word it stands before.
    gap = rf"\s{{1,{LONGEST_RUN}}}?(?= ?\S|\Z)"
    return re.compile(rf"{plain}|{word}|{gap}|\s{{1,{LONGEST_RUN}}}")


def _first_of(*patterns: str) -> str:
    return f"(?:{'|'.join(patterns)})"
