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
    letters = rf"[^\W\d_](?:[^\W\d_]|[{combining_marks()}]){{0,{LONGEST_RUN - 1}}}"
    digits = rf"\d{{1,{LONGEST_RUN}}}"
    others = rf"(?:[^\w\s]|_){{1,{LONGEST_RUN}}}"
    word = rf" ?(?:{letters}(?:['\u2019]{letters})?|{digits}|{others})"
    # As short as it can be, so that the last space is left to the word it stands before.
    gap = rf"\s{{1,{LONGEST_RUN}}}?(?= ?\S|\Z)"
    return re.compile(rf"{word}|{gap}|\s{{1,{LONGEST_RUN}}}")
