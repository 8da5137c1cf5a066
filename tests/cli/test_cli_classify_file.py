"""`textrnn classify MODEL FILE --out OUT`: any rows in the file, and a process killed at any time."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import textrnn
from textrnn.classification import Prediction
from textrnn.cli import classify_file
from textrnn.cli.classify_file import ScoringJob
from textrnn.cli.main import main
from textrnn.cli.unfinished import Unfinished
from textrnn.text import open_rows

WORDS = ["the", "sea", "was", "good", "lamp", "of", "bread", "bad", "rope", "lay"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "mood.keras"
    source = (["a good sea", "a bad rope"] * 4, ["good", "bad"] * 4)
    small = textrnn.ClassifierOptions(ensemble_size=1, ngram_buckets=256)
    textrnn.train_classifier(source, units=4, epochs=1, verbose=False, model=small).save(path)
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


IN_SMALL_CHUNKS = """
import sys
from textrnn.cli import classify_file, main
classify_file.CHUNK_ROWS = 512
sys.exit(main.main())
"""


def classify(*arguments):
    """The command, a file of a few thousand rows in several chunks."""
    return [sys.executable, "-c", IN_SMALL_CHUNKS, "classify", *map(str, arguments)]


def run(*arguments, **options):
    return subprocess.run(classify(*arguments), capture_output=True, text=True, check=False, **options)


def reports(done):
    """The lines of standard error but the last but one, which says how the rows were scored."""
    *lines, computed, count = done.stderr.splitlines()
    assert re.fullmatch(
        r"b?float\d\d, \d+ threads?, at most (64|256) texts a batch: [\d,.]+ texts per second", computed
    )
    return [*lines, count]


def write_reviews(path, rows, seed=0):
    random = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows([n, " ".join(random.choice(WORDS, random.integers(60)))] for n in range(rows))


def read_csv(path):
    limit = csv.field_size_limit(1 << 20)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    finally:
        csv.field_size_limit(limit)


GOOD = {
    "1": "Fine.",
    "3": 'over\ntwo, "lines"',
    "5": "",
    "7": "🙂 <b>très</b> 很好",
    "12": "long " * 30_000,
    "13": "end",
}
BAD = [
    (b"2,too few\n", 3, "must have 3 fields, as the header has; received 2"),
    (b"4,too,many,fields\n", 6, "must have 3 fields, as the header has; received 4"),
    (b"6,na\xefve,x\n", 8, "byte 0xef is not valid in the encoding of the file"),
    (b'8,"open,x\n', 10, "not a valid row (',' expected after '\"')"),
    (b"9,a\0b,x\n", 11, "holds a NUL character"),
]


def test_bad_rows_are_reported_and_skipped_and_all_others_scored(model, folder):
    lines = {key: f'{key},"{text.replace(chr(34), chr(34) * 2)}",x\r\n'.encode() for key, text in GOOD.items()}
    lines |= {bad[0].split(b",")[0].decode(): bad[0] for bad in BAD}
    content = b"\xef\xbb\xbfid,review,label\r\n" + b"".join(lines[key] for key in sorted(lines, key=int))
    (folder / "reviews.csv").write_bytes(content)
    done = run(model, "reviews.csv", "--out", "scored.csv", "--probabilities")
    assert done.returncode == 0, done.stderr
    assert reports(done) == [
        "warning: reviews.csv: a quoted field spans lines 4-5; if a quote there is a character like any other, the "
        "field took in rows, which quoting='none' (--quoting none) keeps apart",
        *(f"reviews.csv, line {line}: {problem}; skipped" for _, line, problem in BAD),
        "6 rows scored in scored.csv, 5 skipped",
    ]
    assert done.stdout == ""
    rows = read_csv(folder / "scored.csv")
    assert {row["id"]: row["review"] for row in rows} == GOOD
    assert [*rows[0]][3:] == [
        f"predicted_{name}" for name in ("label", "probability", "probability_bad", "probability_good")
    ]
    answers = textrnn.load(model).classify([*GOOD.values()][:4])
    for row, answer in zip(rows, answers, strict=False):
        assert row["predicted_label"] == answer.label
        assert float(row["predicted_probability"]) == pytest.approx(answer.probability, abs=1e-5)
        assert float(row["predicted_probability_bad"]) == pytest.approx(answer.probabilities["bad"], abs=1e-5)
    assert sorted(os.listdir()) == ["reviews.csv", "scored.csv"]


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    """A file, and what a run that nobody stopped makes of it."""
    path = tmp_path_factory.mktemp("whole") / "reviews.csv"
    write_reviews(path, 6_000)
    path.write_bytes(path.read_bytes().replace(b"\r\n700,", b"\r\nlost\r\n700,"))
    done = run(model, path, *SLOWLY, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return path


SLOWLY = ("--out", "scored.csv", "--batch-size", 32)  # so that a fast machine is not done before it is stopped


def test_a_job_killed_again_and_again_ends_with_the_same_bytes(model, whole, folder):
    random = np.random.default_rng(0)
    for _ in range(3):
        process = subprocess.Popen(classify(model, whole, *SLOWLY), stderr=subprocess.PIPE, text=True)
        before = pieces(folder)
        while pieces(folder) == before and process.poll() is None:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, errors
    with (folder / "scored.csv.part").open("ab") as part:
        part.write(b'11,"a torn row')
    done = run(model, whole, *SLOWLY)
    assert done.returncode == 0, done.stderr
    assert (folder / "scored.csv").read_bytes() == whole.with_name("scored.csv").read_bytes()
    assert "6,000 rows scored in scored.csv, 1 skipped" in done.stderr
    assert os.listdir() == ["scored.csv"]


def pieces(folder):
    notes = folder / "scored.csv.part.json"
    return json.loads(notes.read_text())["pieces"] if notes.exists() else 0


def test_ctrl_c_says_that_the_same_command_resumes(model, whole, folder):
    process = subprocess.Popen(classify(model, whole, *SLOWLY), stderr=subprocess.PIPE, text=True)
    while pieces(folder) < 2 and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert re.search(r"textrnn: stopped behind row [\d,]+; the same command resumes there\n$", errors), errors


def predict(windows):
    """A classifier that thinks every text is long."""
    return ([Prediction("long", 1.0, {"long": 1.0, "short": 0.0}) for _ in texts] for texts in windows)


@pytest.mark.parametrize("last_step", ["append", "rename", "unlink"])
def test_a_job_killed_at_its_very_end_loses_nothing(folder, monkeypatch, last_step):
    write_reviews(folder / "a.csv", 600)

    def score():
        with open_rows("a.csv") as rows, Unfinished(folder / "out.csv", {"the input": 1}) as unfinished:
            if not unfinished.is_finished:
                ScoringJob(rows, unfinished).run(predict)
            unfinished.finish()

    def killed(path, *arguments, **options):
        if last_step != "rename" or path.suffix == ".part":
            raise SystemExit
        os.replace(path, *arguments)

    with monkeypatch.context() as context:
        if last_step == "append":
            context.setattr(Unfinished, "finish", killed)
        elif last_step == "rename":
            context.setattr(Path, "replace", killed)
        else:
            context.setattr("textrnn.cli.unfinished.flush_to_disk", killed)
        with pytest.raises(SystemExit):
            score()
    assert (folder / "out.csv").exists() == (last_step == "unlink")
    score()
    assert len(read_csv(folder / "out.csv")) == 600
    assert sorted(os.listdir()) == ["a.csv", "out.csv"]


def test_a_job_of_another_input_model_or_option_is_not_resumed(model, whole, folder, capsys):
    notes = folder / "scored.csv.part.json"
    write_reviews(folder / "a.csv", 600)
    process = subprocess.Popen(classify(model, whole, *SLOWLY), stderr=subprocess.DEVNULL)
    while not pieces(folder) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert main(["classify", str(model), "a.csv", "--out", "scored.csv", "--probabilities"]) == 1
    assert (
        "scored.csv.part is the beginning of another result: the input and the options changed since; --overwrite, "
        "or removing scored.csv.part.json, starts again"
    ) in capsys.readouterr().err
    assert notes.exists()
    assert main(["classify", str(model), "a.csv", "--out", "scored.csv", "--overwrite"]) == 0
    assert len(read_csv(folder / "scored.csv")) == 600
    assert not notes.exists()


def test_memory_does_not_grow_with_the_file(folder, monkeypatch):
    monkeypatch.setattr(classify_file, "CHUNK_ROWS", 512)
    peaks = []
    for rows in (2_000, 20_000):
        write_reviews(folder / "a.csv", rows)
        tracemalloc.start()
        with open_rows("a.csv") as stream, Unfinished(folder / f"{rows}.csv", None) as unfinished:
            job = ScoringJob(stream, unfinished)
            job.run(predict)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert job.count.scored == rows
    assert peaks[1] < 1.1 * peaks[0] < 4e6


def test_the_input_is_a_stream_too(model, folder):
    rows = [{"text": "good", "n": [1]}, {"n": 2}, {"text": 3}, {"text": "bad", "x": None}]
    data = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "rows.jsonl").write_text(data)
    for source, name, out in (("-", "standard input", "scored.jsonl"), ("rows.jsonl", "rows.jsonl", "scored.csv")):
        done = run(model, source, "--format", "jsonl", "--out", out, "--column-prefix", "my_", input=data)
        assert done.returncode == 0, done.stderr
        assert reports(done) == [
            f"{name}, line 2: no column 'text'; it has 'n'; skipped",
            f"{name}, line 3: 'text' must be a string; received 3; skipped",
            f"2 rows scored in {out}, 2 skipped",
        ]
    scored = [json.loads(line) for line in (folder / "scored.jsonl").read_text().splitlines()]
    assert [list(row) for row in scored] == [[*row, "my_label", "my_probability"] for row in (rows[0], rows[3])]
    assert [row["n"] for row in read_csv(folder / "scored.csv")] == ["[1]", ""]
    assert sorted(os.listdir()) == ["rows.jsonl", "scored.csv", "scored.jsonl"]


def test_a_file_is_distinguished_from_a_text(model, folder, capsys):
    (folder / "a.txt").write_text("good\n\nbad\n")
    assert main(["classify", str(model), "a.txt"]) == 0
    assert [line.split("\t")[2] for line in capsys.readouterr().out.splitlines()] == ["good", "", "bad"]
    for names in (["b.txt"], ["a.txt", "good"]):
        with pytest.raises(SystemExit):
            main(["classify", str(model), *names])
        assert "one FILE (.csv, .tsv, .jsonl, .txt) alone is read" in capsys.readouterr().err
    for texts in (["good"], ["good", "bad"], ["good\0"], ["x" * 5000]):
        assert main(["classify", str(model), *texts]) == 0
        assert len(capsys.readouterr().out.splitlines()) == len(texts)
    assert main(["classify", str(model), "--file", "a.txt", "--out", "b.tsv"]) == 0
    assert [row.split("\t")[0] for row in (folder / "b.tsv").read_text().splitlines()] == ["text", "good", "", "bad"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["stars.csv", "--out", "o.csv"], 1, "stars.csv: no column 'text' or .*; it has 'words', 'stars'; name one"),
        (
            ["scored.csv", "--out", "o.csv"],
            1,
            "there is a column 'predicted_label' already; name .* with --column-prefix",
        ),
        (["scored.csv", "--out", "stars.csv"], 1, "stars.csv exists; --overwrite replaces it"),
        (["scored.csv", "--out", "./scored.csv", "--overwrite"], 2, "--out must be another file than FILE"),
        (["scored.csv", "--out", "o.parquet"], 2, "--out must end in .csv, .tsv, .jsonl; received 'o.parquet'"),
        (["nowhere.csv", "--out", "o.csv"], 1, "nowhere.csv"),
        (["latin.txt", "--out", "o.csv"], 1, "none of the first 2 rows can be scored; look at its format, encoding"),
        (["empty.jsonl", "--out", "o.csv"], 1, "empty.jsonl holds no rows"),
        (["good", "bad", "--out", "o.csv"], 2, "--out takes one FILE, or - for standard input; several were given"),
        (["good", "--overwrite"], 2, "--probabilities and --overwrite go with --out"),
        (
            ["good.parquet", "--out", "o.csv"],
            1,
            "must end in .csv, .*, .json or .txt, .*; received '.parquet'",
        ),
    ],
)
def test_errors_come_before_anything_is_written(model, folder, capsys, arguments, status, message):
    (folder / "stars.csv").write_text("words,stars\nfine,5\n")
    (folder / "scored.csv").write_text("text,predicted_label\nfine,good\n")
    (folder / "latin.txt").write_bytes("très\nnaïf\n".encode("latin-1"))
    (folder / "empty.jsonl").write_text("\n")
    (folder / "good.parquet").write_text("")
    before = sorted(os.listdir())
    try:
        code = main(["classify", str(model), *arguments])
    except SystemExit as stop:
        code = stop.code
    errors = capsys.readouterr().err
    assert code == status
    assert re.search(message, errors), errors
    assert sorted(os.listdir()) == before


def test_the_output_names_the_precision(model, folder, capsys):
    write_reviews(folder / "a.csv", 20)
    scored = []
    for precision in ("bfloat16", "float32"):
        out = folder / f"{precision}.csv"
        assert main(["classify", str(model), "a.csv", "--out", str(out), "--precision", precision]) == 0
        assert capsys.readouterr().err.startswith(f"{precision}, ")
        scored.append([float(row["predicted_probability"]) for row in read_csv(out)])
    np.testing.assert_allclose(*scored, atol=0.01)
