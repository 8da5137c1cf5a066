"""Cutting of a long text into pieces that fit in memory."""

from collections.abc import Iterable, Iterator


def join_with_newlines(texts: Iterable[Iterable[str]]) -> Iterator[str]:
    """Join texts, each given in blocks, into one; every text but the last ends with a newline."""
    is_line_open = False
    for blocks in texts:
        is_start = True
        for block in filter(None, blocks):
            if is_start and is_line_open:
                yield "\n"
            yield block
            is_start, is_line_open = False, not block.endswith("\n")


def cut_pieces(blocks: Iterable[str], characters: int) -> Iterator[str]:
    """Cut text that arrives in blocks into pieces of at most `characters` each.

    A piece ends after a newline if possible, so that no word is cut and no combining mark separated from its letter;
    else after a space; else at the limit.
    """
    buffer = ""
    for block in blocks:
        buffer += block
        start = 0
        while len(buffer) - start > characters:
            stop = _cutting_point(buffer, start, start + characters)
            yield buffer[start:stop]
            start = stop
        buffer = buffer[start:]
    if buffer:
        yield buffer


def _cutting_point(text: str, start: int, limit: int) -> int:
    newline = text.rfind("\n", start, limit)
    if newline >= 0:
        return newline + 1
    space = text.rfind(" ", start, limit)
    return space + 1 if space >= 0 else limit
