"""Cache of the results of a function, bounded in memory."""

from collections.abc import Callable
from typing import Final, TypeVar

CACHED_STRINGS: Final = 1 << 16  # the common words of any text, in some 15 MB
LONGEST_CACHED: Final = 128  # characters; a "word" may be a whole text

Result = TypeVar("Result")


class StringCache(dict[str, Result]):
    """Results of a function of a string: `cache[string]` calls it the first time.

    A dictionary's own subscript finds a known string several times as fast as a call of a cached function does.

    Args:
        function: function that depends on the string alone.
    """

    def __init__(self, function: Callable[[str], Result]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, string: str) -> Result:
        result = self._function(string)
        if len(string) <= LONGEST_CACHED:
            if len(self) >= CACHED_STRINGS:
                self.clear()  # common strings soon return
            self[string] = result
        return result
