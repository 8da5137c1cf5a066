"""A full disk and Ctrl-C: the file that could not be written, the data that are kept, and how to resume."""

import contextlib
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import textrnn_here

import textrnn
from textrnn.text import CharacterTokenizer, WordTokenizer

SMALL = ["--units", "8", "--embedding-dim", "4", "--batch-size", "4", "--sequence-length", "16", "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    classifier = textrnn.TextClassifier(WordTokenizer().fit("good bad"), ["no", "yes"], units=4, embedding_dim=4)
    classifier.save(path / "classifier.keras")
    textrnn.LanguageModel(CharacterTokenizer().fit("good\nbad"), units=4, embedding_dim=4).save(path / "lm.keras")
    (path / "sea.txt").write_text("The sea is a slow clock.\n" * 40)
    (path / "texts.txt").write_text("good\n" * 6000)
    return path


@contextlib.contextmanager
def only(room):
    """No file may be larger than `room` bytes here: a full disk says the same, with another number."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_training_on_a_full_disk_names_the_file_and_resumes_when_there_is_room(folder):
    done = textrnn_here("train", "sea.txt", "--out", "run", *SMALL, "--epochs", 1, cwd=folder)
    assert done.returncode == 0, done.stderr
    checkpoint = folder / "run/checkpoint/state.npz"
    before, names = checkpoint.read_bytes(), sorted(folder.rglob("*"))
    resume = "\nThe checkpoint before is whole: free some space, then resume (resume=True, --resume).\n"
    repeat = "; make room, then run the same command again\n"
    for room, file, advice in ((9_000, "run/model.keras", resume), (30, "run/ids.new", repeat)):
        with only(room):
            done = textrnn_here("train", "--resume", "--out", "run", "--epochs", 2, cwd=folder)
        assert done.returncode == 1
        assert f"textrnn: error: File too large: {file}{advice}" in done.stderr
        assert checkpoint.read_bytes() == before
        assert sorted(folder.rglob("*")) == names
    done = textrnn_here("train", "--resume", "--out", "run", "--epochs", 2, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert len((folder / "run/metrics.jsonl").read_text().splitlines()) == 2


def test_labeling_on_a_full_disk_resumes_after_the_last_whole_part(folder):
    classify = ["classify", "classifier.keras", "texts.txt", "--out", "scored.csv"]
    with only(90_000):
        done = textrnn_here(*classify, cwd=folder)
    assert done.returncode == 1
    assert "error: File too large: scored.csv.part\nFree some space: the same command resumes there.\n" in (
        done.stderr
    )
    assert (folder / "scored.csv.part.json").exists()
    done = textrnn_here(*classify, cwd=folder)
    assert done.stderr.endswith("6,000 rows scored in scored.csv, 0 skipped\n")
    assert len((folder / "scored.csv").read_text().splitlines()) == 6001


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_output_is_reported_once_by_name(folder):
    command = [sys.executable, "-m", "textrnn", "classify", "classifier.keras", "good"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("textrnn: error: No space left on device: the output")
    assert done.stderr.endswith("; make room, then run the same command again\n")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_ends_a_text_with_a_word_and_no_traceback(folder):
    command = [sys.executable, "-m", "textrnn", "generate", "lm.keras", "-n", "100000000", "--seed", "1"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "\ntextrnn: stopped by Ctrl-C before it was done\n"
