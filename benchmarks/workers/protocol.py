"""Protocol between benchmark and worker: a case in JSON comes in, seconds and megabytes go out.

It imports the standard library alone, since PyTorch's environment does not have textrnn.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

VOCABULARY = 65  # tokens, as in tinyshakespeare


@dataclass(frozen=True)
class Case:
    """A model and its task.

    Attributes:
        task: `"train"`: forward, backward, clipping and Adam; `"fit"`: the same within `keras.Model.fit`, without
            clipping; `"score"`: forward alone; `"generate"`: one token after another.
        cell: `"rnn"`, `"lstm"`, `"gru"` or `"min_gru"`.
        units: H; the embedding has as many.
        layers: Number of recurrent layers.
        batch: B, the batch size.
        steps: T, the sequence length; for `"generate"` the tokens generated in a call.
        precision: `"float32"` or `"bfloat16"`; textrnn also takes `"auto"`.
    """

    task: str
    cell: str
    units: int
    layers: int
    batch: int
    steps: int
    precision: str = "float32"


def serve(make: Callable[[Case], Callable[[], Any]]) -> None:
    """Build the step of the case in the first argument, run it once, then as many times as each input line states."""

    def make_timed(case: Case) -> Callable[[int], float]:
        step = make(case)

        def run(times: int) -> float:
            began = time.perf_counter()
            for _ in range(times):
                step()
            return time.perf_counter() - began

        return run

    serve_timed(make_timed)


def serve_timed(make: Callable[[Case], Callable[[int], float]]) -> None:
    """As `serve`, for a worker that runs a number of steps and measures their seconds itself."""
    run = make(Case(**json.loads(sys.argv[1])))
    _answer(run(1))
    for line in sys.stdin:
        _answer(run(int(line)))


def _answer(seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kilobytes on Linux
    print(json.dumps({"seconds": seconds, "peak_megabytes": peak / 1024}), flush=True)
