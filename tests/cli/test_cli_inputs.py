"""Inputs of the commands: texts and tables of every kind, from files and through pipes, with the same flags."""

import gzip
import io
import json
import sys
import types

import pytest

import textrnn
from textrnn.cli.main import main
from textrnn.text import CharacterTokenizer

TEXT = "the sea is a slow clock.\n" * 20
PACKED = gzip.compress(TEXT.encode("utf-16"))
NO_HEADER = "1;'a good; sea'\n0;'a bad rope'\n".replace("'", '"')
FORMAT = ["--delimiter", ";", "--columns", "stars,text"]
LABELS = ["--label-column", "stars", "--rename", "1.0=good", "--rename", "0=bad"]
TINY = ["--cell", "rnn", "--units", "4", "--embedding-dim", "4", "--batch-size", "4", "--quiet", "--epochs"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    textrnn.LanguageModel(CharacterTokenizer().fit(TEXT), units=4, embedding_dim=4).save(path / "lm.keras")
    source = (["a good sea", "a bad rope"] * 4, ["good", "bad"] * 4)
    small = textrnn.ClassifierOptions(ensemble_size=1, bidirectional=False, ngram_buckets=256)
    textrnn.train_classifier(source, cell="rnn", units=4, epochs=2, verbose=False, model=small).save(
        path / "mood.keras"
    )
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sea.txt").write_text(TEXT)
    (tmp_path / "packed").write_bytes(PACKED)
    (tmp_path / "stars").write_text(NO_HEADER)
    return tmp_path


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs a command on `data` as its input; gives its status, output and errors."""

    def run(*arguments, data=b""):
        data = data if isinstance(data, bytes) else data.encode()
        monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(data)))
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


TEXTS = {
    "score": ["score", "lm.keras", "FILE"],
    "score lines": ["score", "lm.keras", "FILE", "--per-line"],
    "evaluate": ["evaluate", "lm.keras", "FILE"],
    "a prompt": ["generate", "lm.keras", "--prompt", "FILE:FILE", "--length", "3", "--seed", "1"],
    "a corpus to copy from": ["generate", "lm.keras", "--length", "30", "--seed", "1", "--check-copy", "FILE"],
    "explain": ["explain", "mood.keras"],
    "lines to classify": ["classify", "mood.keras", "--file", "FILE", "--format", "txt"],
}


@pytest.mark.parametrize("command", TEXTS.values(), ids=TEXTS)
def test_every_command_reads_packed_and_wide_texts_from_files_and_from_the_input(models, run, command):
    def shown(name, data):
        arguments = [
            argument.replace("FILE", name, 1) if argument != "FILE:FILE" else f"FILE:{name}" for argument in command
        ]
        arguments[1] = models / arguments[1]
        status, out, errors = run(*arguments, data=data)
        assert status == 0, errors
        return out.replace("standard input" if name == "-" else name, "FILE")

    plain = shown("sea.txt", TEXT)
    assert shown("packed", PACKED) == plain
    assert shown("-", PACKED) == plain


def test_a_packed_text_is_compressed_and_comes_back_as_a_plain_one(models, folder, run):
    for source in ("packed", "-"):
        status, out, errors = run("compress", models / "lm.keras", source, "small", data=PACKED)
        assert status == 0, errors
        assert out.startswith(f"{len(PACKED)} bytes to ")
        assert errors == "`textrnn decompress` gives the text back as plain UTF-8\n"
        assert run("decompress", models / "lm.keras", "small", "again.txt")[0] == 0
        assert (folder / "again.txt").read_text() == TEXT
    assert run("compress", models / "lm.keras", "sea.txt", "small")[2] == ""


TABLES = {
    "evaluate": ["evaluate", "mood.keras", "FILE", *LABELS, "--precision", "float32"],
    "calibrate": ["calibrate", "mood.keras", "FILE", *LABELS, "--out", "new.keras"],
    "classify": ["classify", "mood.keras", "FILE"],
    "a file to score": ["classify", "mood.keras", "FILE", "--out", "out.csv", "--overwrite"],
}


@pytest.mark.parametrize("command", TABLES.values(), ids=TABLES)
def test_every_command_reads_tables_of_every_make(models, folder, run, command):
    with_header = "stars,text\n" + NO_HEADER.replace(";", ",", 1).replace("0;", "0,")
    (folder / "plain.csv").write_text(with_header)
    (folder / "stars.csv").write_text(NO_HEADER)
    (folder / "other.csv").write_text(NO_HEADER.replace("sea", "lamp").replace("rope", "loaf"))

    def shown(name, *options, data=""):
        status, out, errors = run(
            *(models / a if a.endswith("d.keras") else a.replace("FILE", name) for a in command), *options, data=data
        )
        assert status == 0 or "every text was classified correctly" in errors, errors  # as a calibration may find
        return out if name == "-" else out.replace(name, "FILE")

    expected = shown("plain.csv")
    assert shown("stars.csv", *FORMAT) == expected
    assert shown("stars", *FORMAT, "--format", "csv") == expected
    assert shown("-", *FORMAT, "--format", "csv", data=NO_HEADER) == expected
    if "evaluate" in command:
        assert "bigram baseline" in shown("stars.csv", *FORMAT, "--baseline", "other.csv")


def test_a_table_keeps_its_header_and_a_tsv_says_what_it_cannot_hold(models, folder, run):
    (folder / "a.csv").write_text('text,,\n"one ""two""",,x\n"with\ttab",,\n')
    status, _, errors = run("classify", models / "mood.keras", "a.csv", "--out", "b.tsv")
    assert status == 0, errors
    lines = (folder / "b.tsv").read_text().splitlines()
    assert lines[0] == "text\t\t\tpredicted_label\tpredicted_probability"
    assert lines[1].startswith('one "two"\t\tx\t')
    assert (
        r"a.csv, line 3: a field holds '\t', which a .tsv without quotes cannot; write .csv or .jsonl, or" in errors
    )
    assert errors.endswith("1 rows scored in b.tsv, 1 skipped\n")
    assert run("classify", models / "mood.keras", "b.tsv", "--column-prefix", "new_", "--out", "c.tsv")[0] == 0
    assert (folder / "c.tsv").read_text().splitlines()[1].startswith(lines[1] + "\t")


def test_a_job_with_other_quoting_is_not_resumed(models, folder, run):
    (folder / "a.tsv").write_text("text\ngood\n")
    command = ["classify", models / "mood.keras", "a.tsv", "--out", "b.csv"]
    assert run(*command)[0] == 0
    job = {"the options": {"text_column": None, "quoting": None}}
    (folder / "c.csv.part").write_bytes(b"")
    (folder / "c.csv.part.json").write_text(json.dumps({"job": job, "pieces": 0, "size": 0, "whole": False}))
    status, _, errors = run(*command[:-1], "c.csv", "--quoting", "minimal")
    assert status == 1
    assert "c.csv.part is the beginning of another result: the options" in errors


def test_a_model_is_trained_on_the_input_and_resumed_with_the_same_text(folder, run):
    train = ["train", "-", *TINY]
    status, _, errors = run(*train, "1", "--sequence-length", "16", data=PACKED)
    assert status == 0, errors
    settings = json.loads((folder / "runs/stdin/config.json").read_text())["settings"]
    assert settings["source"] == "-"
    status, _, errors = run("train", "--resume", "--out", "runs/stdin", "--epochs", "2", data=PACKED)
    assert status == 2
    assert (
        "CORPUS is needed: the run in runs/stdin was started with standard input; give the same text again" in errors
    )
    assert "train - --resume --out runs/stdin < FILE`, or the name of a file that holds it" in errors
    assert run("train", "-", "--resume", "--epochs", "2", "--quiet", data=TEXT)[0] == 0
    assert run("train", "sea.txt", "--resume", "--out", "runs/stdin", "--epochs", "3", "--quiet")[0] == 0
    assert len((folder / "runs/stdin/metrics.jsonl").read_text().splitlines()) == 3
    status, _, errors = run(*train, "1", data="")
    assert (status, errors) == (1, "textrnn: error: standard input is empty\n")
    assert [path.name for path in (folder / "runs").iterdir()] == ["stdin"]


def test_a_run_of_texts_in_memory_is_resumed_in_python(folder, run):
    options = {"cell": "rnn", "units": 4, "epochs": 1, "verbose": False}
    textrnn.train_language_model([TEXT] * 9, out="runs/memory", **options)
    status, _, errors = run("train", "--resume", "--out", "runs/memory", "--epochs", "2")
    assert status == 2
    assert "the run in runs/memory was started in Python with texts in memory (source): resume it in Python" in errors


def test_a_classifier_is_trained_on_a_table_of_any_make_and_resumed_with_it(folder, run):
    rows = NO_HEADER.replace("0;", "-1;") * 2
    train = ["train", "-", "--task", "classifier", "--ensemble-size", "1", "--ngram-buckets", "256", *TINY]
    status, _, errors = run(*train, "1", "--delimiter", ";", "--text-column", "2", "--label-column", "1", data=rows)
    assert status == 0, errors
    recorded = json.loads((folder / "runs/stdin/config.json").read_text())["settings"]
    assert recorded["delimiter"] == ";"
    assert (recorded["text_column"], recorded["label_column"]) == (2, 1)
    assert textrnn.load("runs/stdin").labels == ("-1", "1")
    assert run("train", "-", "--resume", "--epochs", "2", "--quiet", data=rows)[0] == 0
    status, _, errors = run("train", "-", "--resume", "--epochs", "3", "--quoting", "minimal", "--quiet", data=rows)
    assert status == 1
    assert "these differ: quoting: None then, 'minimal' here" in errors


def test_input_that_is_no_text_is_refused_by_every_command(models, folder, run):
    (folder / "rows.json").write_text('[{"text": "a", "label": 1}]')
    (folder / "wide.txt").write_bytes(TEXT.encode("utf-16-le"))
    for command in (
        ["train", "FILE"],
        ["score", models / "lm.keras", "FILE"],
        ["train", "FILE", "--task", "classifier"],
    ):
        status, _, errors = run(*("rows.json" if each == "FILE" else each for each in command))
        assert status == 1
        is_text = command[0] == "score"
        said = "is JSON, which is no running text" if is_text else "looks like a JSON array"
        assert f"rows.json {said}" in errors
        assert is_text or "makes a .jsonl of it" in errors
        if "classifier" not in command:
            status, _, errors = run(*("wide.txt" if each == "FILE" else each for each in command))
            assert status == 1
            assert "wide.txt looks like UTF-16 without a byte-order mark; encoding='utf-16-le'" in errors
            assert run("score", models / "lm.keras", "wide.txt", "--encoding", "utf-16-le")[0] == 0
