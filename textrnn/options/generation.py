"""Options of generation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from textrnn import checks
from textrnn.options.option import Options, option, options
from textrnn.options.ranges import (
    COUNT,
    FRACTION,
    NON_NEGATIVE_NUMBER,
    POSITIVE_INTEGER,
    SHARE,
    SWITCH,
    Range,
    unescaped,
)

REMEMBERED = 256  # recent tokens kept in a state, for the repetition penalty


def _check_temperature(name: str, value: Any) -> Any:
    """A number, or a tuple of several: samplers must be hashable."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        return checks.non_negative_number(name, value)
    if not value:
        raise ValueError(f"`{name}` must be a number of 0 or more, or several; received none.")
    return tuple(checks.non_negative_number(f"{name}[{n}]", one) for n, one in enumerate(value))


def _read_temperature(text: str) -> Any:
    """One number, or several separated by commas."""
    numbers = [float(part) for part in text.split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


def _check_penalty(name: str, value: Any) -> float:
    if checks.positive_number(name, value) < 1:
        raise ValueError(f"`{name}` must be a number of 1 or more; received {value!r}.")
    return float(value)


def _check_window(name: str, value: Any) -> int:
    if checks.positive_integer(name, value) > REMEMBERED:
        raise ValueError(f"`{name}` must be at most {REMEMBERED}, which a state remembers; received {value!r}.")
    return int(value)


def _check_stop(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (str, list, tuple)):
        raise TypeError(f"`{name}` must be a non-empty string or several of them; received {value!r}.")
    strings = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(text, str) and text for text in strings):
        raise ValueError(f"`{name}` must be a non-empty string or several of them; received {value!r}.")
    return strings


TEMPERATURE = Range(_check_temperature, _read_temperature, "X", "a number of 0 or more, or several")
PENALTY = Range(_check_penalty, float, "X", "a number of 1 or more")
WINDOW = Range(_check_window, int, "N", f"an integer from 1 to {REMEMBERED}")
STOP = Range(_check_stop, unescaped, "TEXT", "a string, or several", is_repeated=True)
CHARACTERS = Range(checks.string, unescaped, "CHARACTERS", "a string")


@options
class SamplingOptions(Options):
    """Options of drawing the next token; the filters apply in the order of the fields."""

    repetition_penalty: Annotated[
        float,
        option(
            PENALTY,
            "Divisor of the probability of recent tokens (after Keskar et al., 2019, arXiv 1909.05858, section 4.1).",
        ),
    ] = 1.0
    repetition_window: Annotated[
        int,
        option(
            WINDOW, "Number of recent tokens that the penalty covers, including those of the prompt and of a state."
        ),
    ] = 64
    temperature: Annotated[
        float | Sequence[float],
        option(
            TEMPERATURE,
            "Divisor of the logits: below 1 safer, above 1 wilder, 0 greedy; several, such as 0.5,1, take turns.",
        ),
    ] = 1.0
    top_k: Annotated[
        int | None,
        option(POSITIVE_INTEGER, "Number of likeliest tokens to draw from (Fan et al., 2018, arXiv 1805.04833)."),
    ] = None
    top_p: Annotated[
        float | None,
        option(
            SHARE,
            "Total probability of the likeliest tokens to draw from (Holtzman et al., 2020, arXiv 1904.09751).",
        ),
    ] = None
    min_p: Annotated[
        float | None,
        option(
            FRACTION,
            "Least probability of a token to draw, as a fraction of the likeliest token's (Nguyen et al., 2024, "
            "arXiv 2407.01082).",
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        temperatures = self.temperature if isinstance(self.temperature, Sequence) else (self.temperature,)
        for name in ("top_k", "top_p", "min_p"):
            if not any(temperatures) and getattr(self, name) is not None:
                raise ValueError(
                    f"`{name}` must be left out with temperature 0, which takes the likeliest token; "
                    f"received {getattr(self, name)!r}."
                )


@options
class GenerationConfig(SamplingOptions):
    """Options of generating texts."""

    length: Annotated[int, option(COUNT, "Most tokens to generate.", flags=("-n", "--max-new-tokens"))] = 400
    seed: Annotated[int | None, option(COUNT, "Seed of the draws; the same seed gives the same text.")] = None
    samples: Annotated[int, option(POSITIVE_INTEGER, "Number of texts.", flags=("--num-samples",))] = 1
    stop: Annotated[
        str | Sequence[str] | None,
        option(STOP, r"String that ends a text and is not part of it; \n is a line break in a shell."),
    ] = None
    beams: Annotated[
        int, option(POSITIVE_INTEGER, "Width of a beam search for the likeliest text; 1 draws a text.")
    ] = 1
    length_penalty: Annotated[
        float, option(NON_NEGATIVE_NUMBER, "Power of the length by which a beam search divides scores.")
    ] = 1.0
    allowed: Annotated[
        str | None,
        option(CHARACTERS, r"Characters allowed in the text; all by default. \n is a line break in a shell."),
    ] = None
    banned: Annotated[
        str | None, option(CHARACTERS, r"Characters banned from the text. \n is a line break in a shell.")
    ] = None
    include_prompt: Annotated[
        bool, option(SWITCH, "Whether the returned text begins with the prompt.", is_in_shell=False)
    ] = True
