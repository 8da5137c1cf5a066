"""Validation data in a file of the user's own."""

import json

import keras
import numpy as np
import pytest
from killed import CopyAfter

import textrnn
from textrnn.cli.main import main
from textrnn.options.tasks import CLASSIFIER, LANGUAGE_MODEL, arguments_for
from textrnn.training import RunFolder

WORDS = ("bad", "fair", "good")
ROWS = [(f"number {n} was {WORDS[(n + (n % 6 == 0)) % 3]}", WORDS[n % 3]) for n in range(120)]
TEXTS, LABELS = ([row[part] for row in ROWS[:66]] for part in (0, 1))
ASIDE = tuple([row[part] for row in ROWS[66:]] for part in (0, 1))
SMALL = {"cell": "min_gru", "units": 4, "embedding_dim": 4, "ensemble_size": 1, "bidirectional": False, "seed": 1}
SMALL |= {
    "ngram_buckets": 0,
    "batch_size": 16,
    "learning_rate": 0.03,
    "precision": "float32",
    "checkpoint_seconds": 0,
}
LANGUAGE = {
    "units": 8,
    "embedding_dim": 4,
    "batch_size": 4,
    "sequence_length": 16,
    "epochs": 1,
    "precision": "float32",
}


def classify(**options):
    return textrnn.train_classifier(
        (TEXTS, LABELS), **arguments_for(CLASSIFIER, **{**SMALL, "epochs": 3, "verbose": False, **options})
    )


def test_a_classifier_is_chosen_and_calibrated_on_the_file_and_resumed_with_it(tmp_path, capsys):
    (tmp_path / "moods.csv").write_text("\n".join(["text,label", *map(",".join, ROWS[:66])]))
    (tmp_path / "aside.csv").write_text("\n".join(["text,label", *map(",".join, ROWS[66:])]))
    options = {"validation_data": tmp_path / "aside.csv", "patience": 3}
    run, killed = tmp_path / "run", tmp_path / "killed"
    whole = classify(out=run, callbacks=[CopyAfter(6, run, killed)], **options)  # in the second epoch
    flags = [str(tmp_path / "moods.csv"), "--out", str(killed), "--resume", "--quiet"]
    assert main(["train", *flags]) == 0  # the file is recorded
    resumed = textrnn.load(killed)
    for one, other in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    config = json.loads((killed / "config.json").read_text())
    assert config["settings"]["validation_data"] == str(tmp_path / "aside.csv")
    assert config["corpus"]["validation_texts"] == config["calibration"]["texts"] == 54
    assert whole.temperature == resumed.temperature != 1
    best = max(line["val_accuracy"] for line in RunFolder(killed).history())
    assert resumed.evaluate_texts(*ASIDE).accuracy == pytest.approx(best)
    classify(**{**options, "validation_data": ASIDE}, out=run, resume=True)  # the same texts
    (tmp_path / "aside.csv").write_text("text,label\nnumber 7 was good,good\n")
    assert main(["train", *flags]) == 1
    assert "the corpus must be the one" in capsys.readouterr().err
    assert main(["train", *flags, "--validation", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


def test_texts_that_are_trained_on_too_are_reported():
    with pytest.warns(UserWarning, match="2 of the 3 held-out texts are also trained on"):
        classify(validation_data=([*TEXTS[:2], "another"], [*LABELS[:2], "good"]), epochs=1)


def test_a_language_model_is_validated_on_the_documents_of_the_file(tmp_path):
    (tmp_path / "aside.txt").write_text("a rope, a loaf\n\nthe sea\n")
    (tmp_path / "sea.txt").write_text("the sea is a slow clock\na rope, a lamp\nthe sea\n" * 8)
    options = {**LANGUAGE, "tokenizer": "byte_pair", "documents": "line", "validation_data": tmp_path / "aside.txt"}
    with pytest.warns(UserWarning, match="1 of the 2 held-out texts are also trained on"):
        model = textrnn.train_language_model(
            tmp_path / "sea.txt", **arguments_for(LANGUAGE_MODEL, out=tmp_path / "run", verbose=False, **options)
        )
    (line,) = RunFolder(tmp_path / "run").history()
    scores = [model.evaluate_text(text) for text in ("a rope, a loaf", "the sea")]
    nats, tokens = -sum(s.log_probabilities.sum() for s in scores), sum(len(s.log_probabilities) for s in scores)
    assert line["val_loss"] == pytest.approx(nats / tokens, rel=1e-5)
    assert line["val_bits_per_character"] == pytest.approx(nats / np.log(2) / len("a rope, a loafthe sea"), rel=1e-5)
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["settings"]["validation_split"] == 0
    assert config["corpus"]["validation_tokens"] == tokens
    assert sorted(path.name for path in (tmp_path / "run").glob("*.bin")) == ["ids.bin", "validation.bin"]


def test_a_continuous_text_is_validated_on_another():
    source = ["The sea is a slow clock, and the light that turns on it a slower one.\n" * 9]
    aside = ["The sea is one light.\n" * 9]
    logs = []
    record = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, line: logs.append(line["val_loss"]))
    model = textrnn.train_language_model(
        source, **arguments_for(LANGUAGE_MODEL, validation_data=aside, callbacks=[record], verbose=False, **LANGUAGE)
    )
    score = model.evaluate_text(aside[0])
    assert logs == [pytest.approx(-score.log_probabilities[1:].mean(), rel=0.02)]  # the first token is not predicted
    with pytest.warns(UserWarning, match=r"100% of `validation_data` also stands in `source`, in passages of 100"):
        textrnn.find_learning_rate(source, validation_data=source, steps=20, verbose=False, **LANGUAGE)


def test_labels_that_a_model_is_conditioned_on_are_those_of_the_training(tmp_path):
    (tmp_path / "moods.csv").write_text("text,mood\n" + "a lamp,good\na rope,bad\n" * 4)
    (tmp_path / "aside.csv").write_text("text,mood\na lamp,fair\n")
    options = {**LANGUAGE, "condition_column": "mood", "validation_data": tmp_path / "aside.csv", "verbose": False}
    with pytest.raises(ValueError, match="labels that `source` has, bad, good; received also 'fair'"):
        textrnn.train_language_model(tmp_path / "moods.csv", **arguments_for(LANGUAGE_MODEL, **options))
    with pytest.raises(
        TypeError,
        match=r"`validation_data` must be a path or a list of strings; .* such as validation_data\[\"text\"\]",
    ):
        textrnn.train_language_model(
            ["the sea"],
            **arguments_for(LANGUAGE_MODEL, **{**options, "condition_column": None, "validation_data": {}}),
        )
