"""What the README tells people to type is typed here."""

import asyncio
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import textrnn

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language, page=README):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def type_in(lines, folder):
    """Each line, small where it trains, as the shell would run it; one process, which starts TensorFlow once."""
    small = ["--units", "8", "--epochs", "1"]
    typed = [shlex.split(line)[1:] for line in lines]
    for words in typed:
        if words[0] == "train":
            words += [*small, "--ensemble-size", "1"] if words[1].endswith(".csv") else small
    code = "import json, sys\nfrom textrnn.cli.main import main\n"
    code += "for words in json.loads(sys.argv[1]):\n    assert main(words) == 0, words"
    return run([sys.executable, "-c", code, json.dumps(typed)], folder)


@pytest.fixture
def folder(tmp_path):
    """With the beginnings of the corpora."""
    (tmp_path / "corpora").mkdir()
    for path in (ROOT / "corpora").iterdir():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / "corpora" / path.name).write_text("".join(lines[:1001]), encoding="utf-8")
    return tmp_path


def test_the_ten_lines_run(folder):
    (code,) = blocks("python")
    small = re.sub(r"units=\d+, epochs=\d+", "units=16, epochs=1", code)
    small = small.replace('sentences_train.csv"', 'sentences_train.csv", units=8, epochs=1, ensemble_size=1')
    assert small.count("units=") == 2
    assert "Prediction(label=" in run([sys.executable, "-c", small], folder)


def test_the_shell_commands_run(folder):
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("textrnn ")]
    assert len(commands) >= 7
    type_in(commands, folder)


def test_what_the_page_on_generation_shows_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/generation.md").read_text(encoding="utf-8")
    tokenizer = textrnn.text.CharacterTokenizer().fit("ISELIN:\nThe tide is late.")
    shown = {"textrnn": textrnn, "lm": textrnn.LanguageModel(tokenizer, units=8)}
    for block in blocks("python", page):
        exec(block, shown)
    assert textrnn.State.load(tmp_path / "here.state") == shown["state"]
    np.testing.assert_allclose(shown["first"].state.logits, shown["lm"].read("The tide is ").logits, atol=1e-5)


def test_what_the_page_on_classification_shows_runs(folder, monkeypatch):
    pytest.importorskip("sklearn")
    page = (ROOT / "docs/classification.md").read_text(encoding="utf-8")
    (folder / "aside.csv").symlink_to(ROOT / "corpora/sentences_test.csv")
    type_in("".join(blocks("sh", page)).splitlines(), folder)
    monkeypatch.chdir(folder)
    test = textrnn.text.read_labelled("aside.csv")
    shown = {"classifier": textrnn.load("runs/sentences"), "texts": test.texts[:100], "labels": test.labels[:100]}
    shown["more_texts"] = test.texts[100:120]
    for block in blocks("python", page):
        exec(block, shown)
    assert textrnn.load("calibrated.keras").temperature == shown["classifier"].temperature


def test_what_the_page_on_processes_shows_runs(tmp_path):
    page = (ROOT / "docs/processes.md").read_text(encoding="utf-8")
    *pools, wsgi, asgi = blocks("python", page)
    for number, code in enumerate(pools):  # in a file, which a spawned process imports again
        (tmp_path / f"pool_{number}.py").write_text(code)
        assert run([sys.executable, f"pool_{number}.py"], tmp_path) == "['positive', 'negative']\n"
    serving, sent = {}, []
    exec(wsgi, serving)
    (body,) = serving["app"]({"QUERY_STRING": "text=A+joy."}, lambda status, headers: sent.append(status))
    assert json.loads(body)["positive"] > 0.5
    exec(asgi, serving)

    async def send(message):
        sent.append(message)

    asyncio.run(serving["app"]({"query_string": b"text=A+joy."}, None, send))
    assert (sent[0], sent[2]["body"]) == ("200 OK", body)


@pytest.mark.slow
def test_the_main_command_trains_as_far_as_it_says(folder):
    output = run([sys.executable, str(ROOT / "train.py"), "corpora/plays.txt"], folder)
    reached = [float(bits) for bits in re.findall(r"validation: .*?bits per character ([\d.]+)", output)]
    assert min(reached) <= 2.0


@pytest.mark.slow
def test_the_classifier_is_as_good_as_it_says(folder):
    run([sys.executable, "-m", "textrnn", "train", "corpora/sentences_train.csv", "--out", "run"], folder)
    output = run([sys.executable, "-m", "textrnn", "evaluate", "run", "corpora/sentences_test.csv"], folder)
    print(output)
    assert float(re.search(r"accuracy ([\d.]+)", output)[1]) >= 0.72
