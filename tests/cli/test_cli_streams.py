"""Closed outputs: a training runs to its end without them, and the exit status is right."""

import json
import shlex
import subprocess
import sys

import pytest

TEXT = "The sea is a slow clock.\nA rope, a lamp, a loaf of bread.\n" * 20
FLAGS = "--cell rnn --units 8 --embedding-dim 4 --batch-size 4 --sequence-length 16 --epochs 2 --out run"


def shell(line, folder):
    """The line's exit status, that of its first failing command, and what it printed."""
    line = line.replace("textrnn ", f"{shlex.quote(sys.executable)} -m textrnn ")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("closing", ["| head -n 1", "2>&1 | true", "<&- >&- 2>&-"])
def test_a_training_whose_output_is_closed_trains_to_its_end(closing, tmp_path):
    (tmp_path / "sea.txt").write_text(TEXT)
    done = shell(f"textrnn train sea.txt {FLAGS} {closing}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len((tmp_path / "run/metrics.jsonl").read_text().splitlines()) == 2
    assert json.loads((tmp_path / "run/config.json").read_text())["settings"]["epochs"] == 2
    assert (tmp_path / "run/model.keras").exists()


def test_a_script_whose_output_is_closed_trains_to_its_end(tmp_path):
    (tmp_path / "script.py").write_text(
        "import os, textrnn\n"
        f"textrnn.train_language_model({TEXT.splitlines()}, cell='rnn', units=8, epochs=2, batch_size=4,\n"
        "    sequence_length=16, out='run')\n"
        "open('status', 'w').write('trained')\n"
        "os._exit(0)  # Python itself would complain of what is left to be printed\n"
    )
    done = shell(f"{shlex.quote(sys.executable)} script.py 2>&1 | true", tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "status").read_text() == "trained"


@pytest.mark.parametrize("closing", ["2>&1 | true", ">&- 2>&-"])
def test_a_failure_with_closed_output_exits_with_an_error(closing, tmp_path):
    assert shell(f"textrnn train missing.txt --out run {closing}", tmp_path).returncode == 1


@pytest.mark.parametrize("arguments", ["generate plays-en --length 50", "classify sentiment-en many.txt"])
def test_other_commands_end_quietly_when_their_output_is_closed(arguments, tmp_path):
    (tmp_path / "many.txt").write_text(f"{'x' * 1000}\n" * 100)  # more than a pipe holds
    done = shell(f"textrnn {arguments} | true", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
