"""Commands and code of the README and of the pages in docs/ are run."""

import asyncio
import importlib.util
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from commands import ROOT, script_here
from follow_pages import blocks, small_python

import textrnn
from textrnn.options import options_of

README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIALS = sorted((ROOT / "docs/tutorials").glob("*.md"))
GUIDES = ("classification.md", "scoring_files.md")


def read_page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def follow(pages, folder):
    """Run the blocks of pages."""
    done = script_here(ROOT / "tests/follow_pages.py", *pages, cwd=folder)
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def lines_of(page):
    """The shell commands of a page."""
    return [line for block in blocks(page, "sh") for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path):
    """With the beginnings of the corpora."""
    (tmp_path / "corpora").mkdir()
    for path in (ROOT / "corpora").iterdir():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / "corpora" / path.name).write_text("".join(lines[:401]), encoding="utf-8")
    return tmp_path


def test_the_readme_is_short():
    assert len(README.split()) <= 600


def test_the_ten_lines_and_the_shell_commands_run(folder):
    (code,) = blocks(README, "python")
    assert small_python(code).count("units=8") == 2
    output = follow([ROOT / "README.md"], folder)
    assert "Prediction(label=" in output
    assert output.count("$ textrnn ") >= 7


def test_code_of_the_page_on_generation_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tokenizer = textrnn.text.CharacterTokenizer().fit("ISELIN:\nThe tide is late.")
    shown = {"textrnn": textrnn, "lm": textrnn.LanguageModel(tokenizer, units=8)}
    for block in blocks(read_page("generation.md"), "python"):
        exec(block, shown)
    assert textrnn.State.load(tmp_path / "here.state") == shown["state"]
    np.testing.assert_allclose(shown["first"].state.logits, shown["lm"].read("The tide is ").logits, atol=1e-5)


def test_the_tutorials_and_code_of_the_pages_on_classification_and_files_run(folder, monkeypatch):
    assert len(TUTORIALS) == 4
    for name in ("aside.csv", "reviews.csv"):
        (folder / name).symlink_to(ROOT / "corpora/sentences_test.csv")
    follow(TUTORIALS, folder)
    pytest.importorskip("sklearn")
    (folder / "scored.csv").unlink()
    done = {line for page in TUTORIALS for line in lines_of(page.read_text(encoding="utf-8"))}
    shell = [line for name in GUIDES for line in lines_of(read_page(name)) if line not in done]
    (folder / "shell.md").write_text("\n".join(["```sh", *shell, "```\n"]))
    assert follow(["shell.md"], folder).count("$ textrnn ") >= 4
    monkeypatch.chdir(folder)
    test = textrnn.text.read_labeled("aside.csv")
    shown = {"classifier": textrnn.load("runs/sentences"), "texts": test.texts[:100], "labels": test.labels[:100]}
    shown["more_texts"] = test.texts[100:120]
    for name in (*GUIDES, "input_files.md", "reference/options.md"):
        for block in blocks(read_page(name), "python"):
            exec(block, shown)
    assert textrnn.load("calibrated.keras").temperature == shown["classifier"].temperature
    assert 0 < shown["accuracy"] < 1


def test_code_of_the_page_on_processes_runs(tmp_path):
    *pools, wsgi, asgi = blocks(read_page("processes.md"), "python")
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


def test_the_page_of_options_has_a_table_for_every_public_class_of_options():
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs/hooks.py")
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    names = hooks.TABLE.findall(read_page("reference/options.md"))
    assert sorted(names) == sorted({name for name in textrnn.__all__ if name in textrnn.options.__all__})
    for name in names:
        _, _, *rows = hooks.table_of(getattr(textrnn.options, name)).splitlines()
        told = options_of(getattr(textrnn.options, name))
        for row, one in zip(rows, told, strict=True):
            assert row.startswith(f"| `{one.name}` |")
            assert one.help.replace("|", "\\|") in row


def test_every_file_that_the_page_on_the_architecture_names_is_there():
    named = re.findall(r"`([a-z_]+/[a-z_/]*\.py)`", read_page("architecture.md") + read_page("masking.md"))
    assert len(named) > 50
    places = (ROOT / "textrnn", ROOT)
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


@pytest.mark.slow
def test_the_main_command_reaches_the_loss_in_the_readme(tmp_path):
    output = run([sys.executable, str(ROOT / "train.py"), str(ROOT / "corpora/plays.txt")], tmp_path)
    reached = [float(bits) for bits in re.findall(r"validation: .*?bits per character ([\d.]+)", output)]
    assert min(reached) <= 2.0


@pytest.mark.slow
def test_the_classifier_reaches_the_accuracy_in_the_readme(tmp_path):
    train, test = str(ROOT / "corpora/sentences_train.csv"), str(ROOT / "corpora/sentences_test.csv")
    run([sys.executable, "-m", "textrnn", "train", train, "--out", "run"], tmp_path)
    output = run([sys.executable, "-m", "textrnn", "evaluate", "run", test], tmp_path)
    print(output)
    assert float(re.search(r"accuracy ([\d.]+)", output)[1]) >= 0.72
