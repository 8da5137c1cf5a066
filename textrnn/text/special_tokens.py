"""The ids that mean the same in every vocabulary.

Padding is 0, so that an array of zeros is an array of padding and a mask is `ids != 0`. The unknown
token and the end of text follow at once, so that no model, file or test has to ask a tokenizer for
them, and every tokenizer numbers its own tokens from `FIRST_FREE_ID`.
"""

from typing import Final

PAD_ID: Final = 0
UNKNOWN_ID: Final = 1
END_ID: Final = 2
FIRST_FREE_ID: Final = 3

# What an unknown token is shown as: U+FFFD, the character Unicode reserves for this.
REPLACEMENT: Final = "\ufffd"
