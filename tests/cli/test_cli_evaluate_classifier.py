"""`textrnn evaluate`, `calibrate` and `explain` for a classifier."""

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import textrnn
from textrnn.cli.main import main
from textrnn.runtime.quantized import is_quantized
from textrnn.text import WordTokenizer

WORDS = ("bad", "fair", "good")


def write_table(path, rows, seed):
    """Texts that say their label, one in five of them another one."""
    generator = np.random.default_rng(seed)
    lines = ["text,label"]
    for n in range(rows):
        label = WORDS[n % 3]
        said = generator.choice(WORDS) if generator.random() < 0.2 else label
        lines.append(f"text {seed} number {n} was {said} {'and so on ' * 30},{label}")
    path.write_text("\n".join(lines))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("classifier")
    write_table(path / "train.csv", 150, seed=0)
    write_table(path / "aside.csv", 150, seed=1)
    write_table(path / "test.csv", 90, seed=2)
    textrnn.train_classifier(
        path / "train.csv",
        cell="rnn",
        units=4,
        epochs=6,
        learning_rate=0.03,
        dropout=0.0,
        verbose=False,
        model=textrnn.ClassifierOptions(ensemble_size=1, ngram_buckets=4096),
    ).save(path / "model.keras")
    return path


def run(capsys, *arguments):
    assert main([str(argument) for argument in arguments]) == 0, capsys.readouterr().err
    return capsys.readouterr()


def test_a_report_with_the_worst_mistakes(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    page = run(capsys, "evaluate", "model.keras", "test.csv", "--mistakes", 2).out
    assert re.match(r"90 texts, accuracy 0\.\d{4}, macro F1 0\.\d{4}\n", page)
    assert "truth \\ answer  bad  fair  good\n" in page
    assert re.search(r"not calibrated: run `.*textrnn calibrate model\.keras TABLE` with", page)
    mistakes = page.partition("worst mistakes: truth, answer, its probability\n")[2].splitlines()
    assert len(mistakes) == 2
    assert all(
        re.fullmatch(r"  (\w+)  (?!\1)\w+  0\.\d{3}  text 2 number \d+ was .*\.\.\.", line) for line in mistakes
    )


def test_the_same_as_json_with_a_baseline_beside_it(folder, capsys, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(folder)
    arguments = ["evaluate", "model.keras", "test.csv", "--baseline", "train.csv"]
    facts = json.loads(run(capsys, *arguments, "--json", "--mistakes", 3).out)
    page = run(capsys, *arguments).out
    assert f"90 texts, accuracy {facts['accuracy']:.4f}, macro F1 {facts['macro_f1']:.4f}" in page
    assert facts["baseline"]["accuracy"] > 0.7
    shown = [f"{facts['baseline'][name]:.4f}" for name in ("accuracy", "macro_f1")]
    assert re.search(r"bigram baseline +(\S+) +(\S+)\n", page).groups() == tuple(shown)
    first = facts["mistakes"][0]
    assert len(facts["mistakes"]) == 3
    assert first["text"] == textrnn.text.read_labeled("test.csv").texts[first["row"] - 1]
    assert first["label"] != first["answer"]


@pytest.mark.filterwarnings("always")
def test_a_baseline_that_was_trained_on_the_test_is_named(folder, capsys, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(folder)
    warned = run(capsys, "evaluate", "model.keras", "train.csv", "--baseline", "train.csv").err
    assert "warning: 150 of the 150 texts are also in train.csv\n" in warned


def test_without_scikit_learn_the_baseline_says_how_to_get_it(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    assert main(["evaluate", "model.keras", "test.csv", "--baseline", "train.csv"]) == 1
    assert "the baseline needs scikit-learn: pip install 'textrnn[baseline]'" in capsys.readouterr().err


def test_calibrating_writes_the_model_with_its_temperature(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    said = run(capsys, "calibrate", "model.keras", "aside.csv", "--out", "calibrated.keras").out
    found = re.fullmatch(
        r"150 texts, temperature (\S+): expected calibration error (\S+) before, (\S+) after; "
        r"negative log likelihood (\S+) before, (\S+) after\nsaved in calibrated\.keras\n",
        said,
    )
    assert float(found[5]) <= float(found[4])
    before, after = textrnn.load("model.keras"), textrnn.load("calibrated.keras")
    assert before.temperature == 1
    assert f"{after.temperature:.3f}" == found[1]
    assert "not calibrated" not in run(capsys, "evaluate", "calibrated.keras", "test.csv").out


def test_calibrating_overwrites_no_preset_and_keeps_quantization(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        main(["calibrate", "sentiment-en", "aside.csv"])
    assert "--out is needed: sentiment-en comes with the package" in capsys.readouterr().err
    textrnn.load("model.keras").save("small.keras", quantized=True)
    run(capsys, "calibrate", "small.keras", "aside.csv")
    assert is_quantized(Path("small.keras"))
    assert textrnn.load("small.keras").temperature != 1


def test_a_line_of_the_input_ends_at_line_breaks_alone(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("it was\x0cgood\nbad\u2028\n".encode())))
    assert (
        run(capsys, "classify", "model.keras", "-").out.count("\t") == 2 * 2
    )  # of two texts: behind label and number


def test_below_the_threshold_there_is_a_dash(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    lines = run(capsys, "classify", "model.keras", "it was good", "--threshold", "1").out.splitlines()
    assert re.fullmatch(r"-\t[01]\.\d{3}\tit was good", lines[0])
    assert run(capsys, "classify", "model.keras", "it was good", "--threshold", "0.01").out.startswith("good\t")


def test_a_label_the_test_or_the_baseline_lacks_is_no_obstacle(tmp_path, capsys, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    textrnn.TextClassifier(WordTokenizer().fit(" ".join(WORDS)), WORDS, units=4).save("model.keras")
    (tmp_path / "test.csv").write_text("text,label\nit was good,good\nso good,good\nso fair,fair\n")
    (tmp_path / "train.csv").write_text("text,label\ngood,good\ngood one,good\nfair,fair\n")
    page = run(capsys, "evaluate", "model.keras", "test.csv", "--baseline", "train.csv").out
    assert re.search(r"^bad +\S+ +- +\S+ +0$", page, re.MULTILINE)
    assert "bigram baseline    1.0000    1.0000" in page


def test_an_explanation_is_printed_and_written_as_a_page(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    shown = run(capsys, "explain", "model.keras", "text 9 was good", "--label", "good", "--html", "why.html").out
    headline, *rows = shown.splitlines()
    assert re.fullmatch(r"good rather than (bad|fair), log odds [+-]\d\.\d\d \(base [+-]\d\.\d\d\)", headline)
    assert any(re.fullmatch(r" +\+\d\.\d{3}  'good'", row) for row in rows)
    assert headline in (folder / "why.html").read_text(encoding="utf-8")
    assert main(["explain", "model.keras", "text", "--label", "superb"]) == 1
    assert "`label` must be one of" in capsys.readouterr().err


def test_a_table_with_labels_of_other_names(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    table = (folder / "test.csv").read_text()
    (folder / "numbered.csv").write_text(
        re.sub(r",(bad|good)$", lambda m: f",{WORDS.index(m[1])}", table, flags=re.M)
    )
    renamed = run(capsys, "evaluate", "model.keras", "numbered.csv", "--rename", "0=bad", "--rename", "2=good").out
    assert renamed == run(capsys, "evaluate", "model.keras", "test.csv").out
    assert main(["evaluate", "model.keras", "numbered.csv", "--rename", "0=bad"]) == 1
    assert "it also holds 2 (--rename OLD=NEW gives the model's name for a label)" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["evaluate", "model.keras", "numbered.csv", "--rename", "0"])
    assert "must be OLD=NEW, such as 1=positive; received '0'" in capsys.readouterr().err


def test_options_of_continuous_texts_are_refused_for_a_classifier(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    for flag, value in (("last", "0.5"), ("protocol", "blocks"), ("documents", "row"), ("condition", "bad")):
        with pytest.raises(SystemExit):
            main(["evaluate", "model.keras", "test.csv", f"--{flag}", value])
        assert f"--{flag} does not apply to a classifier" in capsys.readouterr().err
