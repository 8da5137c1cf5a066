"""Writing a text together with a model: it proposes, one picks, goes on, or goes back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.files import write_text
from textrnn.generation.state import State

if TYPE_CHECKING:
    from textrnn.generation.text_model import TextModel


class Session:
    """A text, and the model's state after each thing that was added to it.

    Going back costs nothing, since the states are kept: a few kilobytes an addition.

    Args:
        model: A language model.
        condition: The label of the text, for a model that is conditioned on labels.
        seed: For what is drawn; None draws one.
        **options: As for `generate`: how symbols are chosen (`choose` changes them).
    """

    def __init__(
        self, model: TextModel, *, condition: str | None = None, seed: int | None = None, **options: Any
    ) -> None:
        self.model = model
        self.condition = condition
        self.seed = seed
        self.options: dict[str, Any] = {}
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
        """Choose symbols otherwise from now on; those options that are not named stay.

        Raises:
            ValueError, TypeError: If an option is wrong or does not go with the others; then all stay.
        """
        options = {**self.options, **options}
        self.model.stream(length=0, seed=self.seed, state=self.state, **options)  # says what is wrong with them
        self.options = options

    def add(self, text: str) -> None:
        """Go on with `text`."""
        if text:
            self.states.append(self.model.read(text, self.state))
            self.pieces.append(text)

    def undo(self) -> str:
        """Take the last addition back; empty if there is none."""
        if not self.pieces:
            return ""
        self.states.pop()
        return self.pieces.pop()

    def stream(self, length: int) -> Iterator[str]:
        """Let the model go on, piece by piece, for `length` symbols or to the end of a line; what it writes is one
        addition, as far as it was asked for."""
        written = ""
        try:
            for piece in self.model.stream(state=self.state, length=length, seed=self._next_seed(), **self.options):
                head, line_break, _ = piece.partition("\n")
                written += head + line_break
                yield head + line_break
                if line_break:
                    return
        finally:
            self.add(written)

    def propose(self, count: int, length: int) -> list[str]:
        """Up to `count` different ways to go on in this line, the likeliest first. Nothing is added."""
        options = {"state": self.state, "length": length, "stop": "\n", **self.options}
        drawn = [str(self.model.generate(seed=self._next_seed(), **options)) for _ in range(2 * count)]
        different = dict.fromkeys(text for text in drawn if text)
        return [text for text, _ in self.model.rank(list(different), self.state)][:count]

    def _next_seed(self) -> int | None:
        self.drawn += 1
        return None if self.seed is None else self.seed + self.drawn

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the session into a file, as JSON."""
        facts = {
            "fingerprint": self.state.fingerprint,
            "condition": self.condition,
            "seed": self.seed,
            "drawn": self.drawn,
            "options": self.options,
            "pieces": self.pieces,
        }
        write_text(path, json.dumps(facts, ensure_ascii=True, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str], model: TextModel) -> Session:
        """Go on with a session that `save` wrote.

        Raises:
            ValueError: If the file holds no session, or one with another model.
        """
        fingerprint, no_session = model.stepper().fingerprint, f"{os.fspath(path)} must hold a session"
        try:
            facts = json.loads(Path(path).read_text(encoding="utf-8"))
            pieces, drawn, mark = list(map(str, facts["pieces"])), int(facts["drawn"]), facts["fingerprint"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{no_session}: {error!r}") from error
        if mark != fingerprint:
            raise ValueError(
                f"{os.fspath(path)} must be a session with this model, {fingerprint}; it is one with {mark}."
            )
        try:
            session = cls(model, condition=facts["condition"], seed=facts["seed"], **facts["options"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{no_session}: {error!r}") from error
        for piece in pieces:
            session.add(piece)
        session.drawn = drawn
        return session
