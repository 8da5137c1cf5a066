"""The examples and experiments run as their docstrings say."""

import json
import re

from commands import ROOT, script_here

LINES = ["The sea is a slow clock.", "The light turns, the sea waits.", "A rope, a lamp, a loaf of bread."]


def run(*arguments, folder):
    done = script_here(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_cell_with_gates_solves_a_short_adding_problem(tmp_path):
    options = ["--cells", "gru", "--steps", 10, "--units", 32, "--learning-rate", 0.02, "--seconds", 120]
    shown = run(ROOT / "examples/long_memory.py", "adding", *options, folder=tmp_path)
    assert re.search(r"\| T = 10 \| gru \| 0\.0\d+ \| [\d,]+ \| \d+ \| solved \|", shown), shown


def test_the_copy_problem_and_the_gradients_are_shown(tmp_path):
    options = ["--units", 8, "--seconds", 0.1]
    shown = run(
        ROOT / "examples/long_memory.py", "copy", "--cells", "lstm_spread", "--steps", 5, *options, folder=tmp_path
    )
    assert "| T = 5 | lstm_spread |" in shown
    assert "not solved" in shown
    shown = run(ROOT / "examples/long_memory.py", "gradients", "--steps", 40, "--units", 8, folder=tmp_path)
    assert shown.startswith("| cell | 1 back | 3 back | 10 back | 30 back |")
    assert len(shown.strip().splitlines()) == 2 + 8


def test_a_custom_cell_is_trained_saved_and_loaded_in_both_models(tmp_path):
    shown = run(ROOT / "examples/custom_cell.py", "--units", 16, "--epochs", 3, folder=tmp_path)
    assert re.search(r"custom_cell>MinimalGatedCell: \d\.\d\d bits a character; 'The .+'", shown), shown
    assert re.search(r"custom_cell>MinimalGatedCell: (good|bad), probability 0\.\d\d", shown), shown
    assert {file.name for file in (tmp_path / "runs").iterdir()} == {"mgu.keras", "mgu_classifier.keras"}


def test_ladder_trains_a_rung_once_and_then_only_evaluates_it(tmp_path):
    (tmp_path / "sea.txt").write_text("\n".join(LINES * 40))
    command = [ROOT / "experiments/ladder.py", "sea.txt", "--rungs", "10 s", "--out", "runs"]
    first, second = (run(*command, folder=tmp_path).splitlines()[-1] for _ in range(2))
    row = r"\| 10 s \| [\d,]+ \| \d+ \| (\d\.\d+) \| (\d\.\d+) \|  \|"
    assert re.fullmatch(row, first), first
    assert first == second


def test_a_classifier_learns_from_the_predictions_of_teachers(tmp_path):
    for name, texts in (("sentences_train.csv", 400), ("sentences_test.csv", 100)):
        lines = (ROOT / "corpora" / name).read_text(encoding="utf-8").splitlines()
        (tmp_path / name).write_text("\n".join(lines[: texts + 1]), encoding="utf-8")
    command = [ROOT / "experiments/sentiment.py", "sentences_train.csv", "--held-out", 100, "--calibration", 60]
    teachers = ["--unlabeled", "sentences_test.csv", "--teachers", "sentiment-en", "sentiment-en"]
    shown = run(*command, *teachers, "--out", "runs", folder=tmp_path)
    assert re.search(r"^100 texts, accuracy 0\.\d+", shown, re.MULTILINE), shown
    config = json.loads((tmp_path / "runs/classifier/config.json").read_text())
    assert config["corpus"]["texts"] == 400 - 160 + 80
