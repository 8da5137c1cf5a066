"""A full disk and Ctrl-C: the file that could not be written, the data that are kept, and how to resume."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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
    (path / "texts.txt").write_text("good\n" * 1200)
    return path


def run(folder, *arguments, room=None, **options):
    """A command, where no file may be larger than `room` bytes: a full disk says the same, with another number."""
    limits = None if room is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    options = {"capture_output": True, "text": True, "check": False, **options}
    return subprocess.run([sys.executable, "-m", "textrnn", *arguments], cwd=folder, preexec_fn=limits, **options)


def test_a_training_on_a_full_disk_names_the_file_and_resumes_when_there_is_room(folder):
    assert run(folder, "train", "sea.txt", "--out", "run", *SMALL, "--epochs", "1").returncode == 0
    checkpoint = folder / "run/checkpoint/state.npz"
    before, names = checkpoint.read_bytes(), sorted(folder.rglob("*"))
    resume = "\nThe checkpoint before is whole: free some space, then resume (resume=True, --resume).\n"
    repeat = "; make room, then run the same command again\n"
    for room, file, advice in ((9_000, "run/model.keras", resume), (30, "run/ids.new", repeat)):
        done = run(folder, "train", "--resume", "--out", "run", "--epochs", "2", room=room)
        assert done.returncode == 1
        assert f"textrnn: error: File too large: {file}{advice}" in done.stderr
        assert checkpoint.read_bytes() == before
        assert sorted(folder.rglob("*")) == names
    done = run(folder, "train", "--resume", "--out", "run", "--epochs", "2")
    assert done.returncode == 0, done.stderr
    assert len((folder / "run/metrics.jsonl").read_text().splitlines()) == 2


def test_labeling_on_a_full_disk_resumes_after_the_last_whole_part(folder):
    classify = ["classify", "classifier.keras", "texts.txt", "--out", "scored.csv"]
    done = run(folder, *classify, room=15_000)
    assert done.returncode == 1
    assert "error: File too large: scored.csv.part\nFree some space: the same command resumes there.\n" in (
        done.stderr
    )
    assert (folder / "scored.csv.part.json").exists()
    done = run(folder, *classify)
    assert done.stderr.endswith("1,200 rows scored in scored.csv, 0 skipped\n")
    assert len((folder / "scored.csv").read_text().splitlines()) == 1201


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_output_is_reported_once_by_name(folder):
    with open("/dev/full", "wb") as full:
        done = run(folder, "classify", "classifier.keras", "good", capture_output=False, stdout=full, stderr=-1)
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
