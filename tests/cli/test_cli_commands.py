"""The command line as a user runs it."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from commands import ROOT, Fork, textrnn_here

import textrnn
from textrnn.cli.main import main
from textrnn.training import RunFolder

LINES = ["The sea is a slow clock.", "The light turns, the sea waits.", "A rope, a lamp, a loaf of bread."]
TINY = ["--cell", "rnn", "--units", "8", "--embedding-dim", "4", "--batch-size", "4", "--seq_length", "16"]


def command(*arguments):
    return [sys.executable, *map(str, arguments)]


def run(*arguments, cwd=None):
    """Run a command in a process of its own."""
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "sea.txt"
    path.write_text("\n".join(LINES * 20))
    return path


@pytest.fixture(scope="module")
def trained(corpus):
    done = run(ROOT / "train.py", corpus.name, *TINY, "--epochs", 2, cwd=corpus.parent)
    assert done.returncode == 0, done.stderr
    return done


def test_training_shows_progress_and_result(trained, corpus):
    assert "device CPU" in trained.stdout
    assert re.search(r"precision (float32|mixed_bfloat16)\n", trained.stdout)
    assert re.search(r"rnn of 1 x 8, [\d,]+ parameters", trained.stdout)
    assert re.search(r"epoch 2/2 .*bits per character \d.*validation.*characters/s", trained.stdout)
    assert "--- a sample after epoch 1 ---" in trained.stdout
    assert "--- what it writes ---" in trained.stdout
    assert trained.stderr == ""  # neither a bar, where there is no terminal, nor TensorFlow's greetings
    assert (corpus.parent / "runs/sea/model.keras").exists()


def test_simultaneous_trainings_take_a_folder_each(corpus, tmp_path):
    both = [
        Fork("train", corpus, *TINY, "--epochs", 1, "--quiet", cwd=tmp_path, output=f"shown_{number}")
        for number in range(2)
    ]
    assert [process.end()[0] for process in both] == [0, 0]
    assert sorted(path.parent.name for path in tmp_path.glob("runs/*/model.keras")) == ["sea", "sea-2"]


def test_a_classifier_learns_from_texts_without_labels_too(tmp_path):
    rows = [f"{line},{mood}" for line, mood in (("a good lamp", "yes"), ("a bad rope", "no"))] * 4
    (tmp_path / "moods.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (tmp_path / "more.txt").write_text("a new lamp\na new rope\n")
    arguments = ["--cell", "min_gru", "--units", 4, "--ensemble-size", 1, "--ngram-buckets", 16, "--ngram-dim", 2]
    arguments += ["--ngrams", 3, "--vat-weight", 1, "--unlabeled", "more.txt", "--no-bidirectional"]
    done = textrnn_here("train", "moods.csv", *arguments, "--epochs", 1, "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    settings = json.loads((tmp_path / "runs/moods/config.json").read_text())["settings"]
    assert settings["unlabeled"] == str(tmp_path / "more.txt")
    assert (settings["ngrams"], settings["ngram_dim"]) == (3, 2)
    done = textrnn_here("train", "moods.csv", "--resume", "--epochs", 2, "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "runs/moods/metrics.jsonl").read_text().splitlines()) == 2


def test_a_training_that_cannot_begin_leaves_no_folder(tmp_path):
    (tmp_path / "stars.csv").write_text("text,stars\ngood,5\n")
    done = textrnn_here("train", "stars.csv", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert not list(tmp_path.glob("runs/*"))


def test_generate_streams_the_prompt_and_more(trained, corpus):
    arguments = ["runs/sea", "--primetext", "The ", "-n", "20", "--seed", "1"]
    script = run(ROOT / "generate.py", *arguments, cwd=corpus.parent)
    module = run("-m", "textrnn", "generate", *arguments, cwd=corpus.parent)
    assert script.returncode == 0, script.stderr
    assert script.stdout.startswith("The ")
    assert len(script.stdout) == len("The ") + 20 + len("\n")
    assert module.stdout == script.stdout


def test_a_prompt_can_come_from_a_file_and_unknown_characters_are_named(trained, corpus, tmp_path):
    (tmp_path / "prompt.txt").write_text("The ☃")
    done = textrnn_here("generate", corpus.parent / "runs/sea", "--start", f"FILE:{tmp_path}/prompt.txt")
    assert done.returncode == 0
    assert done.stdout.startswith("The ☃")
    assert done.stderr == "warning: `prompt` holds '☃', which the model never saw: read as unknown\n"


def test_score_and_evaluate_agree(trained, corpus):
    score = textrnn_here("score", "runs/sea", corpus, cwd=corpus.parent)
    evaluate = textrnn_here("evaluate", "runs/sea", corpus, cwd=corpus.parent)
    found = [re.search(r"([\d.]+) bits per character", done.stdout) for done in (score, evaluate)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0][1] == found[1][1]


def test_the_classifier_from_file_to_answers(tmp_path):
    rows = [f"the {noun} was {word},{word}" for noun in ("sea", "lamp", "rope", "play") for word in ("good", "bad")]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,label", *rows * 6]))
    done = textrnn_here(
        "train",
        "reviews.csv",
        "--cell",
        "rnn",
        "--units",
        8,
        "--ensemble-size",
        1,
        "--ngram-buckets",
        256,
        "--epochs",
        12,
        "--lr",
        "0.02",
        "--out",
        "run",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    done = textrnn_here("classify", "run", "the bread was good", "", cwd=tmp_path)
    assert done.stdout.splitlines()[0].split("\t")[0] == "good"
    assert len(done.stdout.splitlines()) == 2
    done = textrnn_here("evaluate", "run", "reviews.csv", cwd=tmp_path)
    assert "48 texts, accuracy 1.0000" in done.stdout


@pytest.mark.parametrize("script", ["train.py", "generate.py"])
def test_help_is_quick_and_imports_no_tensorflow(script):
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['{script}', '--help']\n"
        "try:\n"
        f"    runpy.run_path({str(ROOT / script)!r}, run_name='__main__')\n"
        "except SystemExit as stop:\n"
        "    assert stop.code == 0\n"
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)\n"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {script}")


def same_run(first, second):
    """Whether two runs ended with the same weights, optimizer, curves and samples."""
    a, b = (np.load(RunFolder(path).checkpoint) for path in (first, second))
    assert a.files == b.files
    for name in set(a.files) - {"position"}:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    for one, two in zip(textrnn.load(first).weights, textrnn.load(second).weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
    timed = {"seconds", "starting_seconds", "characters_per_second"}
    histories = [
        [{k: v for k, v in line.items() if k not in timed} for line in RunFolder(p).history()]
        for p in (first, second)
    ]
    assert histories[0] == histories[1]
    assert (first / "samples.txt").read_text() == (second / "samples.txt").read_text()


def start_training(corpus, out, *more):
    settings = ["--epochs", 6, "--checkpoint-seconds", 0, "--deterministic", "--num-layers", 2]
    random = ["--input-dropout", 0.1, "--dropout", 0.3, "--embedding-dropout", 0.1, "--weight-drop", 0.3]
    random += ["--zoneout", 0.1, "--random-offsets", "--weight-averaging", 0.9]
    return Fork("train", corpus, *TINY, *settings, *random, "--out", out, *more, cwd=out.parent)


def position_of(out):
    """Epoch and step of the last checkpoint of a run."""
    checkpoint = RunFolder(out).checkpoint
    if not checkpoint.exists():
        return 0, 0
    position = json.loads(str(np.load(checkpoint)["position"]))
    return position["epoch"], position["step"]


def wait_for_step(process, out, position):
    """Wait until a run has a checkpoint after `position`, on a machine of any speed."""
    while position_of(out) <= position:
        assert process.exitcode is None, "the run ended early"
        time.sleep(0.01)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_run_killed_then_stopped_by_ctrl_c_resumes_bit_for_bit(corpus, tmp_path, seed):
    whole, out = tmp_path / "whole", tmp_path / "run"
    assert start_training(corpus, whole).end()[0] == 0
    process = start_training(corpus, out)
    wait_for_step(process, out, (0, 5))
    time.sleep(np.random.default_rng(seed).uniform(0, 0.3))
    process.kill()
    assert process.end()[0] == -signal.SIGKILL, "the run ended before it was killed"
    killed_at = position_of(out)
    process = start_training(corpus, out, "--resume")
    wait_for_step(process, out, killed_at)
    os.kill(process.pid, signal.SIGINT)
    status, shown = process.end()
    assert status == 130
    assert "resuming from epoch" in shown
    assert "Traceback" not in shown
    assert re.search(r"stopped in epoch \d+; saved in .*run", shown)
    assert "--resume" in shown
    # Without the corpus or any setting: the run folder knows them.
    status, shown = Fork("train", "--resume", "--deterministic", "--out", out, cwd=tmp_path).end()
    assert status == 0, shown
    same_run(whole, out)


def test_a_learning_rate_is_found_without_leaving_a_run(corpus):
    done = textrnn_here("train", corpus.name, *TINY, "--find-learning-rate", "--out", "nowhere", cwd=corpus.parent)
    assert done.returncode == 0, done.stderr
    rate = float(re.search(r"the loss falls fastest at ([\d.e-]+)", done.stdout)[1])
    assert 1e-5 < rate < 1
    assert not (corpus.parent / "nowhere").exists()


def test_a_model_trained_on_a_labeled_table_writes_either_label(tmp_path):
    rows = ["text,mood", *["the sea is calm and blue,good", "a storm tore every sail,bad"] * 12]
    (tmp_path / "lines.csv").write_text("\n".join(rows))
    done = textrnn_here(
        "train",
        "lines.csv",
        *TINY,
        "--epochs",
        12,
        "--condition-column",
        "mood",
        "--lr",
        "0.05",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    arguments = ["generate", "runs/lines", "--temperature", "0.1", "--seed", "1"]
    good, bad = (textrnn_here(*arguments, "--condition", mood, cwd=tmp_path).stdout for mood in ("good", "bad"))
    assert good != bad
    done = textrnn_here("evaluate", "runs/lines", "lines.csv", "--label-column", "mood", cwd=tmp_path)
    assert done.stdout.startswith("24 documents, stateful"), done.stderr
    text = ["--text", "the sea is calm and blue"]
    likely, unlikely = (
        textrnn_here("score", "runs/lines", *text, "--condition", mood, cwd=tmp_path).stdout
        for mood in ("good", "bad")
    )
    bits = [float(re.search(r"([\d.]+) bits per character", shown)[1]) for shown in (likely, unlikely)]
    assert bits[0] < bits[1]
    done = textrnn_here(*arguments, "--condition", "ugly", cwd=tmp_path)
    assert done.returncode == 1
    assert "`condition` must be one of 'bad', 'good'; received 'ugly'." in done.stderr


def test_resuming_a_missing_run_trains_nothing(tmp_path):
    done = textrnn_here("train", "--resume", "--out", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert "CORPUS is needed" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_model_of_lines_is_evaluated_line_by_line(corpus, tmp_path):
    done = textrnn_here("train", corpus, *TINY, "--epochs", 1, "--documents", "line", "--out", tmp_path / "lines")
    assert done.returncode == 0, done.stderr
    done = textrnn_here("evaluate", tmp_path / "lines", corpus)
    assert done.stdout.startswith("60 documents, stateful")
    assert done.stderr == ""


def test_the_input_is_read_strictly(trained, corpus):
    arguments = command("-m", "textrnn", "score", corpus.parent / "runs/sea")
    good = subprocess.run(arguments, input=b"The sea\r\n", capture_output=True, check=False)
    assert good.stdout.startswith(b"8 tokens")
    none = subprocess.run(arguments, input=b"", capture_output=True, check=False)
    assert none.returncode == 2
    assert b"standard input is empty: give a FILE, --text TEXT or words on standard input" in none.stderr
    bad = subprocess.run(arguments, input="naïve".encode("latin-1"), capture_output=True, check=False)
    assert bad.returncode == 1
    assert b"standard input, line 1: byte 0xef is not valid utf-8" in bad.stderr


def read_all(terminal):
    """Everything that appears on a terminal until its other end is closed."""
    shown = b""
    with contextlib.suppress(OSError):  # it is closed
        while piece := os.read(terminal, 65536):
            shown += piece
    return shown.decode()


def test_on_a_terminal_a_bar_shows_how_far_it_is(corpus, tmp_path):
    terminal, other = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    with ThreadPoolExecutor(1) as pool:
        shown = pool.submit(read_all, terminal)
        with open(other, "w") as screen, contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
            assert main(["train", str(corpus), *TINY, "--epochs", "2", "--out", str(tmp_path / "run")]) == 0
    bar = re.search(
        r"epoch \d/2  loss [\d.]+, bits per character [\d.]+  [\d,]+ characters/s +\d+%.* left", shown.result()
    )
    assert bar is not None, shown.result()


def test_a_line_break_can_be_typed_in_a_prompt(trained, corpus):
    arguments = ["generate", "runs/sea", "-n", 0, "--prompt", r"The sea:\nA\\n"]
    assert textrnn_here(*arguments, cwd=corpus.parent).stdout == "The sea:\nA\\n\n"
    assert textrnn_here(*arguments, "--raw-prompt", cwd=corpus.parent).stdout == r"The sea:\nA\\n" + "\n"
    literal = ["generate", "runs/sea", "-n", 0, "--prompt", "FILE:a", "--raw-prompt"]
    assert textrnn_here(*literal, cwd=corpus.parent).stdout == "FILE:a\n"


def test_a_line_break_can_be_typed_wherever_characters_are(trained, corpus):
    arguments = ["generate", "runs/sea", "-n", 200, "--seed", 1, "--prompt", "T"]
    plain, stopped, banned = (
        textrnn_here(*arguments, *more, cwd=corpus.parent).stdout
        for more in ([], ["--stop", r"\n"], ["--banned", r"\n"])
    )
    assert plain.removesuffix("\n").count("\n") > 0
    assert stopped == plain.partition("\n")[0] + "\n"
    assert banned.count("\n") == 1
    assert "n" in banned


def test_one_text_is_written_without_tensorflow(trained, corpus):
    code = (
        "import sys; from textrnn.cli.main import main\n"
        "main(['generate', 'runs/sea', '-n', '20', '--seed', '1'])\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = run("-c", code, cwd=corpus.parent)
    assert done.returncode == 0, done.stderr
    several = textrnn_here("generate", "runs/sea", "-n", 700, "--seed", 1, "--samples", 100, cwd=corpus.parent)
    assert several.stdout.startswith("--- 1 ---\n" + done.stdout.strip())  # the same text, in a batch, by TensorFlow


def test_copied_passages_are_named(trained, corpus):
    done = textrnn_here(
        "generate",
        "runs/sea",
        "--prompt",
        LINES[0],
        "-n",
        9,
        "--check-copy",
        corpus,
        cwd=corpus.parent,
    )
    assert (
        f"copied from {corpus}: 0% in passages of 24 characters or more" in done.stdout
    )  # the prompt does not count
    beams = textrnn_here("generate", "runs/sea", "--beams", 3, "-n", 30, cwd=corpus.parent)
    assert beams.returncode == 0, beams.stderr


def test_lines_are_scored_ranked_and_searched_for_surprises(trained, corpus, tmp_path):
    (tmp_path / "lines.txt").write_text("\n".join([LINES[0], "", "zqxzqx zqx", LINES[1]]))
    score = ["score", corpus.parent / "runs/sea", tmp_path / "lines.txt"]
    facts = [json.loads(line) for line in textrnn_here(*score, "--per-line").stdout.splitlines()]
    assert [fact["line"] for fact in facts] == [1, 2, 3, 4]
    assert [fact["text"] for fact in facts] == [LINES[0], "", "zqxzqx zqx", LINES[1]]
    whole = re.search(r"([\d,]+) tokens, ([\d.]+) bits", textrnn_here(*score).stdout)
    assert sum(fact["tokens"] for fact in facts) == int(whole[1])
    assert sum(fact["bits"] for fact in facts) / int(whole[1]) == pytest.approx(float(whole[2]), abs=1e-3)
    ranked = textrnn_here(*score, "--rank").stdout.splitlines()
    assert ranked[-1].endswith("\tzqxzqx zqx")
    assert len(ranked) == 3
    surprising = textrnn_here(*score, "--most-surprising", 1).stdout.splitlines()[1]
    assert "zqx" in surprising


def test_a_file_is_compressed_and_comes_back_to_the_byte(trained, corpus, tmp_path):
    text = "\r\n".join(LINES * 3) + "\n☃"
    (tmp_path / "text.txt").write_bytes(text.encode())
    model = corpus.parent / "runs/sea"
    done = textrnn_here("compress", model, tmp_path / "text.txt", tmp_path / "small")
    assert re.search(r"bytes to [\d,]+: [\d.]+ bits per character", done.stdout), done.stderr
    done = textrnn_here("decompress", model, tmp_path / "small", tmp_path / "again.txt")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.txt").read_bytes() == text.encode()
    (tmp_path / "small").write_bytes((tmp_path / "small").read_bytes()[:-3])
    done = textrnn_here("decompress", model, tmp_path / "small", tmp_path / "never.txt")
    assert done.returncode == 1
    assert "its checksum is wrong" in done.stderr
    assert not (tmp_path / "never.txt").exists()


class Terminal:
    """A process that thinks it talks to a person."""

    def __init__(self, *arguments, cwd):
        self.end, other = pty.openpty()
        attributes = termios.tcgetattr(other)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(other, termios.TCSANOW, attributes)
        self.process = subprocess.Popen(
            command(*arguments), stdin=other, stdout=other, stderr=other, cwd=cwd, close_fds=True
        )
        os.close(other)

    def say(self, line, until):
        """Type a line and read until `until` has been shown."""
        os.write(self.end, f"{line}\n".encode())
        return self.read(until)

    def read(self, until):
        shown, deadline = "", time.monotonic() + 60
        while not re.search(until, shown):
            assert time.monotonic() < deadline, f"{until!r} did not come after {shown!r}"
            if select.select([self.end], [], [], 1)[0]:
                try:
                    shown += os.read(self.end, 4096).decode(errors="replace").replace("\r\n", "\n")
                except OSError:  # the process has gone
                    break
        assert re.search(until, shown), shown
        return shown


def test_the_write_command_in_a_terminal(trained, corpus, tmp_path):
    terminal = Terminal("-m", "textrnn", "write", corpus.parent / "runs/sea", "--seed", 1, "-n", 12, cwd=tmp_path)
    terminal.read("Enter lets the model write")
    terminal.say("+The sea", "The sea")
    proposed = re.findall(r"  \d: (.*)\n", terminal.say("?", r"  3: .*\n"))
    assert len(proposed) == 3
    terminal.say("2", re.escape(proposed[1]))
    terminal.say("/text", re.escape("The sea" + proposed[1]))
    terminal.say("/undo", re.escape(f"[took back {proposed[1]!r}]"))
    terminal.say("/text", "The sea\n")
    terminal.say("7", "7")  # nothing is proposed any more: it is text, with a token the model does not know
    terminal.say("/undo", "took back")
    terminal.say("/temperature nonsense", r"\[must be a number of 0 or more; received 'nonsense'")
    terminal.say("/temperature 0.5", "")
    before = terminal.say("/text", "The sea.*\n")
    terminal.say("", "")
    terminal.say("/undo", r"\[took back '.+'\]")  # what the model wrote
    terminal.say("", "")
    terminal.say("/nothing", "/undo +remove the last addition")
    terminal.say("/save session.json", r"\[saved in session\.json\]")
    text = terminal.say("/text", "The sea.+")
    terminal.say("/quit", "")
    assert terminal.process.wait(timeout=30) == 0
    saved = json.loads((tmp_path / "session.json").read_text())
    assert saved["pieces"][0] == "The sea"
    assert len(saved["pieces"]) == 2
    assert "The sea" in before
    assert saved["options"]["temperature"] == 0.5
    again = Terminal("-m", "textrnn", "write", corpus.parent / "runs/sea", "--session", "session.json", cwd=tmp_path)
    again.read(re.escape("".join(saved["pieces"]).rpartition("\n")[2]) or "Enter")
    again.say("/text", "The sea")
    time.sleep(1)
    again.process.send_signal(signal.SIGINT)  # Ctrl-C, a moment after the model was done
    again.read(r"\[/quit ends\]")
    again.say("/text", "The sea")
    os.write(again.end, b"\x04")  # the end of the input
    assert again.process.wait(timeout=30) == 0
    assert "The sea" in text
