"""A dialogue that writes a text: the model proposes, the user picks, continues or undoes."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textrnn import checks
from textrnn.files import read_object, refuse_damage, write_text
from textrnn.generation.state import State
from textrnn.options import GenerationConfig

if TYPE_CHECKING:
    from textrnn.generation.text_model import TextModel


class Session:
    """A text, and the model's state after each addition to it.

    Undoing costs nothing, since the states are kept: a few kilobytes an addition.

    Args:
        model: A language model.
        condition: Label of the text, for a model that is conditioned on labels.
        seed: Seed of the draws; None draws one.
        **options: Options of `GenerationConfig` (`choose` changes them).
    """

    def __init__(
        self, model: TextModel, *, condition: str | None = None, seed: int | None = None, **options: Any
    ) -> None:
        self.model = model
        self.condition = condition
        self.seed = seed
        self.config = GenerationConfig()
        self.pieces: list[str] = []
        self.states: list[State] = [model.read("", condition=condition)]
        self.drawn = 0
        self.choose(**options)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def state(self) -> State:
        return self.states[-1]

    def choose(self, **options: Any) -> None:
        """Change options of the draws; the others stay.

        Raises:
            ValueError, TypeError: If an option is wrong or conflicts with the others; then all stay.
        """
        config = GenerationConfig(**{**self.config.as_dict(), **options})
        self.model.stream(seed=self.seed, state=self.state, config=config)  # raises the error of a wrong one
        self.config = config

    def add(self, text: str) -> None:
        """Append `text`."""
        if text:
            self.states.append(self.model.read(text, self.state))
            self.pieces.append(text)

    def undo(self) -> str:
        """Remove the last addition and return it; empty if there is none."""
        if not self.pieces:
            return ""
        self.states.pop()
        return self.pieces.pop()

    def stream(self, length: int) -> Iterator[str]:
        """Let the model continue, piece by piece, for `length` tokens or to the end of a line. The pieces that were
        asked for become one addition."""
        written = ""
        try:
            config = dataclasses.replace(self.config, length=length, seed=self._next_seed())
            for piece in self.model.stream(state=self.state, config=config):
                head, line_break, _ = piece.partition("\n")
                written += head + line_break
                yield head + line_break
                if line_break:
                    return
        finally:
            self.add(written)

    def propose(self, count: int, length: int) -> list[str]:
        """Up to `count` different continuations of this line, the likeliest first. Nothing is added."""
        config = dataclasses.replace(self.config, length=length, stop=self.config.stop or "\n")
        configs = [dataclasses.replace(config, seed=self._next_seed()) for _ in range(2 * count)]
        drawn = [str(self.model.generate(state=self.state, config=one)) for one in configs]
        different = dict.fromkeys(text for text in drawn if text)
        return [text for text, _ in self.model.rank(list(different), self.state)][:count]

    def _next_seed(self) -> int | None:
        self.drawn += 1
        return None if self.seed is None else self.seed + self.drawn

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the session in a JSON file."""
        facts = {
            "fingerprint": self.state.fingerprint,
            "condition": self.condition,
            "seed": self.seed,
            "drawn": self.drawn,
            "options": self.config.changed(),
            "pieces": self.pieces,
        }
        write_text(path, json.dumps(facts, ensure_ascii=True, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str], model: TextModel) -> Session:
        """Load a session that `save` wrote.

        Raises:
            DamagedFileError: If the file is damaged or holds no session.
            ValueError: If the session is one with another model.
        """
        fingerprint = model.snapshot().fingerprint
        facts = read_object(path, "hold a session")
        with refuse_damage(path, "hold a session"):
            _check_facts(facts)
        if facts["fingerprint"] != fingerprint:
            raise ValueError(
                f"{os.fspath(path)} must be a session with this model, {fingerprint}; it is one with "
                f"{facts['fingerprint']:.60}."
            )
        with refuse_damage(path, "hold a session"):
            session = cls(model, condition=facts["condition"], seed=facts["seed"], **facts["options"])
        for piece in facts["pieces"]:
            session.add(piece)
        session.drawn = facts["drawn"]
        return session


def _check_facts(facts: dict[str, Any]) -> None:
    """Raise a ValueError or a TypeError unless `facts` are what `Session.save` writes."""
    names = ("fingerprint", "condition", "seed", "drawn", "options", "pieces")
    if facts.keys() != set(names):
        raise ValueError(f"it must hold {', '.join(names)} and nothing else")
    checks.string("fingerprint", facts["fingerprint"])
    checks.integer_of_at_least(0, "drawn", facts["drawn"])
    if facts["seed"] is not None:
        checks.integer_of_at_least(0, "seed", facts["seed"])
    if not isinstance(facts["options"], dict):
        raise TypeError(f"`options` must be an object; received {facts['options']!r}")
    if not isinstance(facts["pieces"], list) or not all(isinstance(piece, str) for piece in facts["pieces"]):
        raise TypeError("`pieces` must be a list of strings")
