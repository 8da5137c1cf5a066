"""Progress: a bar on a terminal, a line per minute elsewhere, nothing without `progress`."""

import sys

import pytest

from textrnn import progress
from textrnn.progress import Progress, describe_seconds


@pytest.fixture
def clock(monkeypatch):
    """The seconds that have passed, as a list of one number."""
    seconds = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    return seconds


def test_output_to_a_file_gets_a_line_per_minute(clock, capsys):
    with Progress(1000, "texts", description="reading") as shown:
        for _ in range(10):
            clock[0] += 30
            shown.update(50)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert lines[0] == "reading: 100 of 1,000 texts, 1.67 texts/s, 9 min 0 s left"
    assert lines[-1] == "reading: 500 of 1,000 texts, 1.67 texts/s, 5 min 0 s left"


def test_short_work_says_nothing(clock, capsys):
    assert list(Progress(3, "texts").over("abc")) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_progress_that_is_not_shown_says_nothing(clock, capsys):
    with Progress(None, "B", is_shown=False) as shown:
        clock[0] += 1000
        shown.update(1)
    assert capsys.readouterr().err == ""


def test_work_of_unknown_size_has_no_time_left(clock):
    shown = Progress(None, "B", done=500)
    clock[0] += 2
    shown.update(100)
    assert shown.line() == "600 B, 50 B/s"


def test_terminal_gets_a_bar(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress(10, "texts") as shown:
        assert shown.has_bar


def test_terminal_without_tqdm_gets_lines(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setitem(sys.modules, "tqdm", None)  # as Python marks what cannot be imported
    assert not Progress(10, "texts").has_bar


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")])
def test_seconds_in_words(seconds, words):
    assert describe_seconds(seconds) == words
