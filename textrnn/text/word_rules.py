"""Rules of word tokens: splitting, case, and where a space is implicit."""

import functools
import re
import unicodedata
from typing import Final, Literal

Case = Literal["as_is", "capitalized", "upper"]

# Dashes are here through their category, Pd. The straight quotes ' and " open as often as they close,
# so no fixed rule serves them.
_NO_SPACE_BEFORE: Final = frozenset(".,;:!?%…·、。،؛؟।/\\")
_NO_SPACE_AFTER: Final = frozenset("#@¿¡/\\")


def split_items(text: str) -> list[str]:
    """Split text into words, single white-space characters and single other characters.

    A word may hold digits, `_`, combining marks and inner apostrophes. The items joined are the text.
    """
    return _item_pattern().findall(text)


def fold_case(word: str) -> tuple[Case, str]:
    """Split a word into its case and its lower-case form, if the two restore the exact word.

    Otherwise ("iPhone", "İzmir") the case is "as_is" and the word is unchanged.
    """
    lower = word.lower()
    if lower == word:
        return "as_is", word
    if apply_case("capitalized", lower) == word:
        return "capitalized", lower
    if apply_case("upper", lower) == word:
        return "upper", lower
    return "as_is", word


def apply_case(case: Case, lower: str) -> str:
    """Apply a case to the lower-case form of a word."""
    if case == "capitalized":
        # Title case, not upper case: the two differ for a digraph such as U+01C6.
        return lower[:1].title() + lower[1:]
    return lower.upper() if case == "upper" else lower


@functools.lru_cache(maxsize=1 << 16)
def spacing(token: str) -> tuple[bool, bool]:
    """Whether a space is usual before and after a token.

    A space between two tokens is implicit if it is usual after the first and before the second: around words, not
    before a full stop, not after an opening bracket, not around a dash, a combining mark, an invisible character or
    other white space.
    """
    if len(token) > 1 or token.isalnum():
        return True, True
    category = unicodedata.category(token)
    if category[0] in "CMZ" or category == "Pd" or token.isspace():
        return False, False
    before = category not in ("Pe", "Pf") and token not in _NO_SPACE_BEFORE
    after = category not in ("Ps", "Pi", "Sc") and token not in _NO_SPACE_AFTER
    return before, after


@functools.cache
def combining_marks() -> str:
    """The combining marks, for a class of a regular expression.

    `re` has no class for them, and \\w omits them, which would split the words of most Indian scripts. Marks from
    U+10000 on are omitted: they would make matching slow.
    """
    return "".join(chr(code) for code in range(0x300, 0xFE30) if unicodedata.category(chr(code))[0] == "M")


def split_spaced_items(text: str) -> list[str]:
    """Split text into the items of `split_items`, each with the spaces before it, and spaces at the end."""
    return _spaced_item_pattern().findall(text)


@functools.cache
def _item_pattern() -> re.Pattern[str]:
    return re.compile(f"{_word()}|.", re.DOTALL)


@functools.cache
def _spaced_item_pattern() -> re.Pattern[str]:
    return re.compile(f" *+(?:{_word()}|[^ ])| +")


def _word() -> str:
    part = rf"\w[\w{combining_marks()}]*"
    return rf"{part}(?:['\u2019]{part})*"
