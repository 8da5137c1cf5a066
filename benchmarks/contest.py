"""Contestants: processes that run their steps in turn, for every benchmark of speed."""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

WORKERS = Path(__file__).parent / "workers"
sys.path.insert(0, str(WORKERS))

from protocol import Case  # noqa: E402

SECONDS_A_ROUND = 1.0


class Contestant:
    """A process that holds one model and runs steps on request."""

    def __init__(self, python: str, worker: str, case: Case, environment: dict[str, str]) -> None:
        self.characters = case.batch * case.steps
        self.process = subprocess.Popen(
            [python, str(WORKERS / worker), json.dumps(dataclasses.asdict(case))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **environment},
        )
        self.rates: list[float] = []
        self.first_seconds = self._answer()["seconds"]
        self.step_seconds = self._run(1)  # not counted: memory is allocated and caches are filled

    @property
    def rate(self) -> float:
        """Median characters per second of the rounds."""
        return statistics.median(self.rates)

    def play_round(self) -> None:
        self.rates.append(self.characters / self._run(max(1, round(SECONDS_A_ROUND / self.step_seconds))))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _run(self, steps: int) -> float:
        """Seconds per step."""
        assert self.process.stdin is not None
        print(steps, file=self.process.stdin, flush=True)
        answer = self._answer()
        self.peak_megabytes = answer["peak_megabytes"]
        return answer["seconds"] / steps

    def _answer(self) -> dict[str, float]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker ended without an answer: {self.process.args!r}")
        answer: dict[str, float] = json.loads(line)
        return answer


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
