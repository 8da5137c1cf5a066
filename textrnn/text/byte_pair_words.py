"""How text falls into the words that no merge of bytes crosses."""

import functools
import re
from typing import Final

from textrnn.text.word_rules import combining_marks

# A longer run is cut, which bounds the work for one word where a script has no spaces or a line no letters.
LONGEST_RUN: Final = 32


def split_words(text: str) -> list[str]:
    """Splits text into words, each with the one space before it, and what white space is left over.

    A word is a run of letters, with one inner apostrophe at most, of digits, or of other characters.
    Nothing is lost: the words joined are the text.
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
