"""Methods of any language model, over its step function."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from textrnn import checks
from textrnn.generation.blocks import score_blocks
from textrnn.generation.compression import compress, decompress
from textrnn.generation.plan import GenerationPlan, banned_tokens, make_sampler, make_search
from textrnn.generation.reading import encode, read_on, score_each
from textrnn.generation.scoring import Score
from textrnn.generation.snapshot import Snapshot
from textrnn.generation.state import State
from textrnn.labels import find_label, number_labels
from textrnn.options import GenerationConfig


class TextModel:
    """Reading, scoring and generation of text, over `step` and `initial_states` of a subclass."""

    tokenizer: Any
    """Text to ids and back, with `pad_id`, `unknown_id` and `end_id`."""
    end_of_text: bool
    """Whether a text ends with the end-of-text token."""
    reverse: bool = False
    """Whether a text is read from its end."""
    protocols: tuple[str, ...] = ("stateful", "blocks")
    """Protocols of `evaluate_text`."""
    labels: Sequence[str] = ()
    """Labels that a text can be conditioned on."""

    def step(self, ids: np.ndarray, states: Any) -> tuple[np.ndarray, Any]:
        """From ids int32 `[B, T]` and states to logits float32 `[B, T, V]` and the states after them."""
        raise NotImplementedError

    def snapshot(self) -> Snapshot:
        """The model with the weights of this moment."""
        return Snapshot(self.step)

    def initial_states(self, batch_size: Any, labels: Any = 0) -> Any:
        """Empty states, each `[B, H]`, for texts whose labels have these numbers where there are any."""
        raise NotImplementedError

    @property
    def start_id(self) -> int:
        """The token before a text without a prompt: the end of another text, else a line break."""
        if self.end_of_text:
            return int(self.tokenizer.end_id)
        line_break = self.tokenizer.encode("\n")
        is_known = len(line_break) == 1 and line_break[0] != self.tokenizer.unknown_id
        return int(line_break[0]) if is_known else int(self.tokenizer.end_id)

    def read(self, text: str, state: State | None = None, *, condition: str | None = None) -> State:
        """State after `text`, read from `state` or as the beginning of a text of label `condition`."""
        snapshot, ids = self.snapshot(), encode(self.tokenizer, "text", text, state, stacklevel=3)
        return read_on(snapshot, ids, self.beginning(snapshot, state, condition), is_scored=False)[1]

    def score(
        self, text: str, state: State | None = None, *, condition: str | None = None, progress: bool = False
    ) -> Score:
        """Score of `text`: the probability of each token, given all before it and `state`.

        Without a state the first token is scored as the beginning of a text, of label `condition` for a model that
        is conditioned on labels. With `progress` a bar is shown on a terminal.
        """
        return self._score_and_read(text, state, condition, progress)[0]

    def score_and_read(
        self, text: str, state: State | None = None, *, condition: str | None = None
    ) -> tuple[Score, State]:
        """Score and state of one reading, for a text that arrives in parts."""
        return self._score_and_read(text, state, condition, False)

    def _score_and_read(
        self, text: str, state: State | None, condition: str | None, progress: bool
    ) -> tuple[Score, State]:
        snapshot, ids = self.snapshot(), encode(self.tokenizer, "text", text, state, stacklevel=4)
        start = self.beginning(snapshot, state, condition)
        log_probabilities, after = read_on(snapshot, ids, start, progress=progress)
        return Score.of(log_probabilities, len(text)), after

    def rank(
        self, texts: Iterable[str], state: State | None = None, *, condition: str | None = None
    ) -> list[tuple[str, Score]]:
        """Texts and their scores, by likelihood a character, the likeliest first and empty ones last; each is scored
        as a continuation of `state`."""
        several = list(checks.texts("texts", texts))
        ranked = zip(several, self._score_each(several, state, condition, progress=False), strict=True)
        return sorted(ranked, key=lambda pair: pair[1].nats_per_character if pair[0] else math.inf)

    def score_texts(
        self,
        texts: Iterable[str],
        state: State | None = None,
        *,
        condition: str | None = None,
        progress: bool = False,
    ) -> list[Score]:
        """Score of each of several texts, as of `score`; those of similar length are read together."""
        return self._score_each(list(checks.texts("texts", texts)), state, condition, progress)

    def _score_each(
        self, texts: list[str], state: State | None, condition: str | None, progress: bool
    ) -> list[Score]:
        snapshot = self.snapshot()
        start = self.beginning(snapshot, state, condition)
        encoding = functools.partial(encode, self.tokenizer, "texts", after=state, stacklevel=4)
        scores = score_each(snapshot, list(map(encoding, texts)), start, progress=progress)
        return [Score.of(each, len(text)) for each, text in zip(scores, texts, strict=True)]

    def evaluate_texts(
        self, texts: Iterable[str], *, condition: str | None = None, progress: bool = False
    ) -> list[Score]:
        """Score of each of several texts, as of `evaluate_text`; those of similar length are read together."""
        several = list(checks.texts("texts", texts))
        snapshot, ids = self.snapshot(), list(map(self._encode_whole, several))
        scores = score_each(snapshot, ids, self._before_a_text(snapshot, condition), progress=progress)
        return [Score.of(each, len(text)) for each, text in zip(scores, several, strict=True)]

    def evaluate_text(
        self, text: str, protocol: str = "stateful", *, condition: str | None = None, progress: bool = False
    ) -> Score:
        """Score of a long text.

        Args:
            text: The text. A model with `end_of_text` also predicts its end (or, if it reads in reverse, its
                beginning).
            protocol: `"stateful"` reads it whole, the state carried from the first token to the last;
                `"blocks"` reads 256 tokens at a time from an empty state and predicts the one after each, as a
                transformer is scored; only the first token of the text is not predicted.
            condition: Label of the text, for a model that is conditioned on labels.
            progress: Whether to show a bar on a terminal.
        """
        checks.one_of("protocol", protocol, self.protocols)
        snapshot, ids = self.snapshot(), self._encode_whole(text)
        if protocol == "stateful":
            start = self._before_a_text(snapshot, condition)
            return Score.of(read_on(snapshot, ids, start, progress=progress)[0], len(text))
        empty = functools.partial(self._empty_states, condition=condition)
        log_probabilities = score_blocks(
            snapshot.step, ids, empty, self.tokenizer.pad_id, self.tokenizer.vocabulary_size
        )
        characters_per_token = len(text) / max(len(ids), 1)
        return Score.of(log_probabilities, len(log_probabilities) * characters_per_token)

    def generate(
        self,
        prompt: str = "",
        *,
        length: int = 400,
        temperature: float | Sequence[float] = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        seed: int | None = None,
        samples: int = 1,
        stop: str | Sequence[str] | None = None,
        state: State | None = None,
        condition: str | None = None,
        include_prompt: bool = True,
        config: GenerationConfig | None = None,
    ) -> str | list[str]:
        """Continue `prompt`.

        Args:
            prompt: The text to continue. Empty: the model begins a text of its own, or continues `state`.
            length: Most tokens to add (characters, for a character model).
            temperature: Below 1 safer, above 1 wilder, 0 always takes the likeliest token; several take turns.
            top_k: Keep the k likeliest tokens.
            top_p: Keep the likeliest tokens that together reach this probability.
            min_p: Keep tokens at least this fraction as likely as the likeliest.
            seed: The same seed gives the same text, whatever `samples` is; None draws one.
            samples: Number of texts.
            stop: A string, or several, at which a text ends; not part of it.
            state: A `State` to continue from instead of from the beginning.
            condition: Label of the text, for a model that is conditioned on labels; a `state` has one already.
            include_prompt: Whether the returned text begins with the prompt.
            config: All options, also those of beam search, repetition penalty, allowed and banned characters; flat
                arguments take precedence.

        Returns:
            The text, or a list of them when `samples` is above 1; of a beam search the best first, and fewer if there
            are no more.

        Raises:
            ValueError, TypeError: If an option is out of its range or of another type, or two conflict.
        """
        given = {
            "length": length,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "min_p": min_p,
            "seed": seed,
            "samples": samples,
            "stop": stop,
            "include_prompt": include_prompt,
        }
        plan = self._plan(prompt, state, condition, (config or GenerationConfig()).updated("config", given))
        texts = plan.texts()
        return texts if plan.config.samples > 1 else texts[0]

    def stream(
        self,
        prompt: str = "",
        *,
        length: int = 400,
        temperature: float | Sequence[float] = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        seed: int | None = None,
        stop: str | Sequence[str] | None = None,
        state: State | None = None,
        condition: str | None = None,
        include_prompt: bool = True,
        config: GenerationConfig | None = None,
    ) -> Iterator[str]:
        """Stream of the pieces of one text as they are generated; joined they are the text of `generate`.

        No part of a stop string or of an unfinished character is ever shown. Beam search is refused: it has no text
        before its end.
        """
        given = {
            "length": length,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "min_p": min_p,
            "seed": seed,
            "stop": stop,
            "include_prompt": include_prompt,
        }
        config = (config or GenerationConfig()).updated("config", given)
        for name in ("samples", "beams"):
            if getattr(config, name) != 1:
                raise ValueError(f"`{name}` must be 1 in a stream of one text; received {getattr(config, name)!r}.")
        plan = self._plan(prompt, state, condition, config)
        return (piece for (piece,) in plan.pieces() if piece)

    def compress(self, text: str, *, condition: str | None = None, progress: bool = False) -> bytes:
        """Compress any string to about as many bits as its surprise under the model; `decompress` restores it.

        Args:
            text: The text; characters that the model does not know are stored beside the code.
            condition: Label of the text, for a model that is conditioned on labels.
            progress: Whether to show a bar on a terminal.
        """
        snapshot = self.snapshot()
        start = self.beginning(snapshot, None, condition)
        return compress(snapshot, start, self.tokenizer, checks.string("text", text), progress=progress)

    def decompress(self, data: bytes, *, condition: str | None = None, progress: bool = False) -> str:
        """The text that `compress` of this model turned into `data`, on a machine of this kind and with this label.

        Raises:
            DamagedFileError: If `data` is damaged.
            ValueError: If `data` was made with another model, or comes out as another text.
        """
        if not isinstance(data, bytes):
            raise TypeError(f"`data` must be bytes, as `compress` returns them; received {type(data).__name__}.")
        snapshot = self.snapshot()
        start = self.beginning(snapshot, None, condition)
        return decompress(snapshot, start, self.tokenizer, data, progress=progress)

    def _plan(
        self, prompt: str, state: State | None, condition: str | None, config: GenerationConfig
    ) -> GenerationPlan:
        """The plan of a generation, checked at the call before anything is read."""
        search = make_search(config)
        sampler = make_sampler(config, self.tokenizer.vocabulary_size)
        banned = banned_tokens(self.tokenizer, self.end_of_text, config.allowed, config.banned)
        ids, snapshot = encode(self.tokenizer, "prompt", prompt, state, stacklevel=4), self.snapshot()
        beginning = self.beginning(snapshot, state, condition)
        shown = prompt if config.include_prompt else ""
        return GenerationPlan(config, sampler, search, banned, self.tokenizer, snapshot, beginning, ids, shown)

    def beginning(self, snapshot: Snapshot, state: State | None, condition: str | None) -> State:
        """The state at which reading begins: `state`, or the one before a text of label `condition`."""
        if self.reverse:
            raise ValueError(
                "this model reads texts from their end (`reverse`): it cannot continue or generate one, only "
                "measure a whole one with `evaluate_text`, and give a classifier its layers."
            )
        if state is not None:
            if condition is not None:
                raise ValueError(
                    f"`condition` must be left out with a `state`, which has one; received {condition!r}."
                )
            return self._checked(snapshot, state)
        return self._before_a_text(snapshot, condition)

    def _before_a_text(self, snapshot: Snapshot, condition: str | None) -> State:
        logits, states = snapshot.step(np.array([[self.start_id]], np.int32), self._empty_states(1, condition))
        tensors = tuple(np.asarray(state) for state in states)
        return State(tensors, np.array(logits[0, -1]), fingerprint=snapshot.fingerprint)

    def _empty_states(self, batch_size: int, condition: str | None) -> Any:
        """Empty states of a text of label `condition`."""
        if condition is None and not self.labels:
            return self.initial_states(batch_size)
        is_known = condition is not None and bool(self.labels)
        number = find_label(condition, number_labels(self.labels), "condition") if is_known else None
        if number is None:
            expected = f"one of {checks.listed(self.labels)}" if self.labels else "None: this model has no labels"
            raise ValueError(f"`condition` must be {expected}; received {condition!r}.")
        return self.initial_states(batch_size, number)

    def _checked(self, snapshot: Snapshot, state: State) -> State:
        if not isinstance(state, State):
            raise TypeError(f"`state` must be a State, as `read` returns it; received {state!r}.")
        expected = [tuple(tensor.shape) for tensor in self.initial_states(1)]
        received = [tuple(tensor.shape) for tensor in state.tensors]
        if received != expected or len(state.logits) != self.tokenizer.vocabulary_size:
            raise ValueError(f"`state` must come from this model, of shapes {expected}; received {received}.")
        if self.labels and (label := state.tensors[-1].item()) not in range(len(self.labels)):
            raise ValueError(f"`state` must have a label from 0 to {len(self.labels) - 1}; received {label}.")
        if state.fingerprint != snapshot.fingerprint:
            raise ValueError(
                f"`state` must come from this model, {snapshot.fingerprint}; it was read by {state.fingerprint!r}: "
                "another model, or this one with other weights."
            )
        return state

    def _encode_whole(self, text: str) -> np.ndarray:
        """The ids of `text` in reading order, with the end where the model learns one."""
        ids = encode(self.tokenizer, "text", text, stacklevel=4)
        ids = ids[::-1] if self.reverse else ids
        return np.append(ids, np.int32(self.tokenizer.end_id)) if self.end_of_text else ids
