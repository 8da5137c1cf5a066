"""Encoding of output: UTF-8 in a file whatever the locale, on a terminal the characters that it can show."""

import os
import pty
import re
import subprocess
import sys

import pytest

import textrnn
from textrnn.cli.encoding import read_arguments_as_utf8
from textrnn.text import CharacterTokenizer, WordTokenizer

TEXT = "☃ naïve 😀"
LOCALES = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252:strict"},
    "C without UTF-8 mode": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    tokenizer = WordTokenizer().fit(TEXT)
    textrnn.TextClassifier(tokenizer, ["schön", "häßlich"], units=4, embedding_dim=4).save(path / "classifier.keras")
    textrnn.LanguageModel(CharacterTokenizer().fit(TEXT), units=4, embedding_dim=4).save(path / "lm.keras")
    (path / "text.txt").write_text(TEXT, encoding="utf-8")
    (path / "other.txt").write_text(TEXT + "☂", encoding="utf-8")
    return path


@pytest.mark.parametrize("variables", LOCALES.values(), ids=LOCALES)
def test_output_into_a_pipe_is_utf8_whatever_the_locale(folder, variables):
    def run(command):
        arguments = [sys.executable, "-m", "textrnn", *command.split()]
        environment = {**os.environ, **variables}
        return subprocess.run(
            arguments, cwd=folder, input=TEXT.encode(), capture_output=True, env=environment, check=False
        )

    done = run("classify classifier.keras")
    assert re.fullmatch(
        r"float32, \d+ threads?, at most \d+ texts a batch: .* texts per second\n", done.stderr.decode()
    )
    label, _, text = done.stdout.decode().removesuffix("\n").split("\t")
    assert label in ("schön", "häßlich")
    assert text == TEXT
    done = run("generate lm.keras -n 1 --prompt FILE:other.txt")
    assert done.stdout.decode().startswith(f"{TEXT}☂")
    assert done.stderr.decode() == "warning: `prompt` holds '☂', which the model never saw: read as unknown\n"
    done = run("write lm.keras --seed 1 -n 2")
    assert f"\n{TEXT} " in done.stdout.decode()


def test_a_terminal_that_cannot_show_a_character_is_given_another_and_told_once(folder):
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update(LOCALES["ascii"])
        command = [sys.executable, "-m", "textrnn", "generate", "lm.keras", "-n", "0", "--prompt", "FILE:text.txt"]
        os.execv(sys.executable, command)
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the process has closed its end
            break
    assert os.waitpid(pid, 0)[1] == 0
    warning, text = shown.decode("ascii").splitlines()
    assert warning == "warning: '\\u2603' cannot be shown in ascii: ? stands for it and other such characters"
    assert text == "? na?ve ?"


def test_arguments_are_utf8_in_a_locale_that_cannot_read_them(tmp_path, monkeypatch):
    def typed(text):
        return text.encode().decode("ascii", "surrogateescape")  # as Python reads an argument in such a locale

    monkeypatch.chdir(tmp_path)
    (tmp_path / "naïve.txt").write_text(TEXT, encoding="utf-8")
    name = os.fsencode("naïve.txt").decode("ascii", "surrogateescape")
    given = {
        "texts": [typed(TEXT), name],
        "rename": [(typed("schön"), "1")],
        "prompt": f"FILE:{name}",
        "stop": [typed("ä")],
        "out": typed("ö.csv"),
        "top_k": 3,
    }
    read_arguments_as_utf8(given)
    assert given == {
        "texts": [TEXT, name],
        "rename": [("schön", "1")],
        "prompt": f"FILE:{name}",
        "stop": ["ä"],
        "out": typed("ö.csv"),
        "top_k": 3,
    }
    kept = {"text": "\udcff\ud800", "condition": "ä"}  # bytes that are no UTF-8, and a text that was read
    read_arguments_as_utf8(kept)
    assert kept == {"text": "\udcff\ud800", "condition": "ä"}
