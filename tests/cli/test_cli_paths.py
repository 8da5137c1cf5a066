"""Texts that look like file names are refused, and commands in messages can be typed."""

import io
import shlex
import subprocess
import sys

import pytest
from commands import ROOT, script_here

import textrnn
from textrnn.cli.hints import command_line
from textrnn.cli.main import main
from textrnn.text import CharacterTokenizer, WordTokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("my models")
    classifier = textrnn.TextClassifier(WordTokenizer().fit("good bad"), ["no", "yes"], units=4, embedding_dim=4)
    classifier.save(path / "classifier.keras")
    textrnn.LanguageModel(CharacterTokenizer().fit("good bad docs"), units=4, embedding_dim=4).save(path / "lm.keras")
    for name in ("reviews.csv", "my reviews.csv"):
        (path / name).write_text("text,label\ngood,yes\n")
    (path / "notes").write_text("good")
    (path / "docs").mkdir()
    return path


@pytest.fixture
def say(folder, monkeypatch, capsys):
    """Status, output and errors of a command."""
    monkeypatch.chdir(folder)

    def run(*arguments, given=""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="ascii"))
        try:
            status = main(list(arguments))
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return run


PATHS = {
    "reveiws.csv": r"looks like a file, but there is none of this name (did you mean 'reviews.csv'?)",
    "my reveiws.csv": r"looks like a file, but there is none of this name (did you mean 'my reviews.csv'?)",
    "his report.docx": "looks like a file",
    "no such/my own reviews.csv": "looks like a file",
    "docs/reviews": "looks like a file, but there is none of this name;",
    "nowhere/reviews": "looks like a file",
    "./nowhere": "looks like a file",
    "~/nowhere here.txt": "looks like a file",
    "/nowhere/at/all": "looks like a file",
    "a\\b\\c.txt.gz": "looks like a file",
    "docs": "is a file or folder;",
    "notes": "is a file or folder;",
}
TEXTS = ["", "and/or", "I rate it 9/10.", "9/10", "24/7/365", "see www.example.com", "Visit site.com/page"]
TEXTS += ["a.com/b/c", "It ended.", "3.5", "either/or text", "w/o", "...", ":/", "\\o/", "good", "I read reviews.csv"]
TEXTS += ["x" * 9999, "I opened notes.txt"]


@pytest.mark.parametrize(("text", "message"), PATHS.items(), ids=PATHS)
def test_a_text_that_looks_like_a_path_is_refused_with_a_way_to_pass_it(say, text, message):
    echo = f"echo {shlex.quote(text)} | "
    for place, arguments, instead in (
        ("TEXT", ["classify", "classifier.keras", text], echo),
        ("TEXT", ["classify", "classifier.keras", "good", text], echo),
        ("TEXT", ["explain", "classifier.keras", text], echo),
        ("--text", ["score", "lm.keras", "--text", text], echo),
        ("--prompt", ["generate", "lm.keras", "--prompt", text, "-n", "1"], "--raw-prompt takes the words as typed"),
        ("--prompt", ["write", "lm.keras", "--prompt", text], "--raw-prompt takes the words as typed"),
    ):
        if place == "--prompt" and "\\" in text:
            continue  # there a backslash begins a line break or a tab
        status, shown, errors = say(*arguments)
        assert (status, shown) == (2, ""), arguments
        assert f"{place} {text!r} {message}" in errors, errors
        assert instead in errors


def test_commands_in_messages_work(say):
    assert say("classify", "classifier.keras", given="reveiws.csv\n")[1].endswith("\treveiws.csv\n")
    assert "'reveiws'" in say("explain", "classifier.keras", given="reveiws.csv\n")[1]
    assert say("score", "lm.keras", given="docs")[1].startswith("4 tokens")
    assert say("generate", "lm.keras", "--prompt", "docs", "--raw-prompt", "-n", "0")[1] == "docs\n"
    assert say("generate", "lm.keras", "--prompt", "FILE:notes", "-n", "0")[1] == "good\n"


@pytest.mark.parametrize("text", TEXTS)
def test_a_sentence_stays_a_text_whatever_it_holds(say, text):
    status, shown, errors = say("classify", "classifier.keras", text)
    assert (status, shown.split("\t")[2]) == (0, f"{text}\n"), errors


def test_a_missing_file_is_distinguished_from_an_existing_one(say):
    assert say("classify", "classifier.keras", "reviews.csv")[1].endswith("\tgood\n")
    missing = "No such file or directory: reveiws.csv (did you mean 'reviews.csv'?)"
    for arguments in (["evaluate", "classifier.keras", "reveiws.csv"], ["train", "reveiws.csv"]):
        status, _, errors = say(*arguments)
        assert status == 1
        assert missing in errors, errors
    for file in ("reveiws.csv", "It was good."):
        status, _, errors = say("score", "lm.keras", file)
        assert status == 1
        assert f"no such file or folder (--text TEXT scores words): {file}" in errors


def test_a_hint_names_an_existing_command_and_quotes_for_the_shell(tmp_path, monkeypatch):
    words = ["classify", "my models", "It's good"]
    quoted = "classify 'my models' 'It'\"'\"'s good'"
    programs = tmp_path / "bin dir"
    programs.mkdir()
    (programs / "textrnn").write_text("#!/bin/sh\n")
    (programs / "textrnn").chmod(0o755)
    monkeypatch.setattr(sys, "orig_argv", ["python3"])
    monkeypatch.setattr(sys, "argv", [str(programs / "textrnn")])
    monkeypatch.setenv("PATH", str(programs))
    assert command_line(*words) == f"textrnn {quoted}"
    monkeypatch.setenv("PATH", "")  # called by its path, as in a virtual environment that is not active
    assert command_line(*words) == f"'{programs}/textrnn' {quoted}"
    for called in ("/site-packages/textrnn/__main__.py", "-c", "/somewhere/train.py"):
        monkeypatch.setattr(sys, "argv", [called])
        assert command_line(*words) == f"python3 -m textrnn {quoted}"
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    monkeypatch.setenv("PATH", str(programs))
    assert command_line(*words) == f"textrnn {quoted}"
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    assert command_line("generate", "my run") == "python3 generate.py 'my run'"


def test_training_ends_with_a_command_that_can_be_typed(tmp_path):
    (tmp_path / "the sea.txt").write_text("the sea is a slow clock.\n" * 20)
    small = ["--units", "4", "--embedding-dim", "4", "--batch-size", "4", "--sequence-length", "16", "--epochs", "1"]
    done = script_here(ROOT / "textrnn/__main__.py", "train", "the sea.txt", *small, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    hint = done.stdout.splitlines()[-1].removeprefix("more of it:  ")
    assert "generate 'runs/the sea' --temperature 0.7" in hint
    again = subprocess.run(hint, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert len(again.stdout) == 400 + len("\n")
