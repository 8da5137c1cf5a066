"""Ids of the special tokens, the same in every vocabulary.

Padding is 0, so an array of zeros is padding and a mask is `ids != 0`. The unknown token and the end of text follow.
Every tokenizer numbers its own tokens from `FIRST_FREE_ID`.
"""

from typing import Final

PAD_ID: Final = 0
UNKNOWN_ID: Final = 1
END_ID: Final = 2
FIRST_FREE_ID: Final = 3

# Decoded form of an unknown token: U+FFFD, the character that Unicode reserves for it.
REPLACEMENT: Final = "\ufffd"
