"""Beam search: the likeliest texts among a few candidates at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from textrnn import checks
from textrnn.generation.scoring import log_softmax
from textrnn.generation.snapshot import DecodingState, Step


class Beam(NamedTuple):
    """One text of a search, as ids, and its log-probability."""

    ids: tuple[int, ...]
    score: float


class BeamSearch:
    """Continues the likeliest `beams` texts after each token, and returns the best of all that ended.

    The score of a text is its log-probability divided by its length to the power of `length_penalty`: 0 favors short
    texts, 1 takes the mean (Wu et al., 2016, arXiv 1609.08144, section 7, without their coverage).

    Args:
        beams: Number of texts kept.
        length_penalty: Power of the length.
    """

    def __init__(self, beams: int, length_penalty: float = 1.0) -> None:
        self.beams = checks.positive_integer("beams", beams)
        self.length_penalty = checks.non_negative_number("length_penalty", length_penalty)

    def run(
        self, step: Step, start: DecodingState, has_ended: Callable[[tuple[int, ...]], bool], length: int
    ) -> list[tuple[int, ...]]:
        """The best texts as ids, the best first, at most `beams` of them, fewer if there are no more.

        Args:
            step: The model.
            start: Decoding state of the text, with one row.
            has_ended: Whether a text ends with the last of these tokens.
            length: Most tokens to add.
        """
        alive, ended = [Beam((), 0.0)], list[Beam]()
        logits, states = start.logits, start.states
        for number in range(length):
            grown, parents = self._grow(alive, log_softmax(logits))
            is_over = [has_ended(beam.ids) for beam in grown]
            ended += itertools.compress(grown, is_over)
            rows = [n for n, over in enumerate(is_over) if not over][: self.beams]
            alive = [grown[n] for n in rows]
            if number + 1 == length or not alive or self._is_decided(ended, alive, length):
                break
            taken = [parents[n] for n in rows]
            ids = np.array([[beam.ids[-1]] for beam in alive], np.int32)
            after, states = step(ids, tuple(np.asarray(state)[taken] for state in states))
            logits = np.where(start.banned, -np.inf, after[:, -1])
        return [beam.ids for beam in sorted([*ended, *alive], key=self._goodness, reverse=True)[: self.beams]]

    def _grow(self, alive: list[Beam], log_probabilities: np.ndarray) -> tuple[list[Beam], list[int]]:
        """The likeliest continuations by one token, twice as many as are kept since some may end, and the beam of
        each."""
        scores = log_probabilities + np.array([beam.score for beam in alive])[:, None]
        best = np.argsort(-scores, axis=None, kind="stable")[: 2 * self.beams]
        parents, tokens = np.divmod(best[np.isfinite(scores.reshape(-1)[best])], scores.shape[1])
        pairs = list(zip(parents.tolist(), tokens.tolist(), strict=True))
        grown = [Beam((*alive[parent].ids, token), float(scores[parent, token])) for parent, token in pairs]
        return grown, [parent for parent, _ in pairs]

    def _goodness(self, beam: Beam) -> float:
        return beam.score / max(len(beam.ids), 1) ** self.length_penalty

    def _is_decided(self, ended: list[Beam], alive: list[Beam], length: int) -> bool:
        """Whether no living text can still be among the best: its score can only fall, and is divided by `length` at
        most."""
        if len(ended) < self.beams:
            return False
        worst = sorted(map(self._goodness, ended), reverse=True)[self.beams - 1]
        return max(beam.score for beam in alive) / length**self.length_penalty < worst
