"""Explanation of a label: the contribution of each piece of a text."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

UNKNOWN = "\ufffd"  # decoding of an unknown token
RED, GREEN = (214, 69, 65), (38, 140, 86)
SHADES = 5  # of each color in a terminal
TERMINAL_RED = (224, 217, 210, 203, 196)  # of its 256 colors, pale to full
TERMINAL_GREEN = (194, 157, 120, 83, 46)
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ max-width: 46rem; margin: 3rem auto; padding: 0 1rem; font: 1.05rem/1.9 Georgia, serif; color: #222 }}
h1 {{ font-size: 1.15rem }} p.text {{ white-space: pre-wrap; overflow-wrap: anywhere }}
span {{ border-radius: .2em; padding: .1em 0 }} footer {{ color: #666; font-size: .85rem; line-height: 1.5 }}
</style>
<h1>{title}</h1>
<p class="text">{text}</p>
<footer>{footer}</footer>
</html>
"""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Contribution of each piece of a text to one label against another.

    A classifier's logits are linear in the pooled outputs of its encoders: the last output, the mean and the maximum.
    So the difference between two labels' logits divides exactly into a part for each step: its share of the mean, the
    features whose maximum it is, and its change of the last output. An output depends on all steps before it, so a
    piece counts in its context.

    Attributes:
        label: Explained label.
        against: Label it is compared with.
        pieces: Text, cut into the tokenizer's pieces.
        contributions: Contribution of each piece, in nats of log odds, float64 `[N]`; positive for `label`.
        base: Log odds before anything is read.
    """

    label: str
    against: str
    pieces: list[str]
    contributions: np.ndarray
    base: float

    @property
    def difference(self) -> float:
        """Log odds of `label` against `against`: the base and all contributions; a mean over the encoders."""
        return self.base + float(self.contributions.sum())

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """The pieces with the largest contributions, positive or negative."""
        order = np.argsort(-np.abs(self.contributions), kind="stable")[:count]
        return [(self.pieces[n], float(self.contributions[n])) for n in order]

    def __str__(self) -> str:
        rows = [f"{self._headline}", *(f"{value:+8.3f}  {piece.strip()!r}" for piece, value in self.top(10))]
        return "\n".join(rows)

    def to_terminal(self) -> str:
        """The text in the colors of a terminal: green for the label, red against it."""
        shown = []
        for piece, strength in zip(self.pieces, self._strengths, strict=True):
            shade = round(abs(float(strength)) * SHADES)
            color = (TERMINAL_GREEN if strength > 0 else TERMINAL_RED)[shade - 1]
            shown.append(f"\x1b[48;5;{color}m\x1b[30m{piece}\x1b[0m" if shade else piece)
        return f"{self._headline}\n{''.join(shown)}"

    def to_html(self) -> str:
        """A web page with the colored text and each piece's contribution as a tooltip."""
        shown = []
        for piece, strength, value in zip(self.pieces, self._strengths, self.contributions, strict=True):
            red, green, blue = GREEN if strength > 0 else RED
            color = f"rgba({red},{green},{blue},{0.75 * abs(float(strength)):.3f})"
            shown.append(f'<span style="background:{color}" title="{value:+.3f}">{html.escape(piece)}</span>')
        footer = (
            f"Contributions sum to the log odds, {self.difference:+.3f}, with {self.base:+.3f} of which are the base."
        )
        return PAGE.format(title=html.escape(self._headline), text="".join(shown), footer=footer)

    @property
    def _headline(self) -> str:
        return f"{self.label} rather than {self.against}, log odds {self.difference:+.2f} (base {self.base:+.2f})"

    @cached_property
    def _strengths(self) -> np.ndarray:
        """Contributions scaled to -1 to 1."""
        return self.contributions / max(np.abs(self.contributions).max(initial=0), 1e-12)


def pieces_of(tokenizer: Any, text: str, ids: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The pieces of a text and, for each id, the number of its piece, int `[N]`.

    An id without a text of its own, such as the mark of a capital or half of a character, belongs to the next piece,
    at the end of a text to the last piece.
    """
    decode, unknown = tokenizer.incremental_decoder(), iter(tokenizer.unknown_pieces(text))
    pieces: list[str] = []
    shown = 0
    piece_of = np.zeros(len(ids), np.int64)
    for place, token in enumerate(ids.tolist()):
        piece_of[place] = len(pieces)
        piece = decode(token)
        if token == tokenizer.unknown_id:
            piece = piece.replace(UNKNOWN, next(unknown))
            if piece.startswith(" ") and text.startswith(piece[1:], shown):
                piece = piece[1:]  # the unknown tail of a known head decodes like a word
        if piece:
            pieces.append(piece)
            shown += len(piece)
    if not pieces:
        return ([""], piece_of) if len(ids) else ([], piece_of)
    return pieces, np.minimum(piece_of, len(pieces) - 1)
