"""Wrong input, and its messages: which argument, what was expected, what arrived."""

import errno
import json
import os
import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import textrnn
from textrnn.cli.main import main
from textrnn.layers import GRUCell, LSTMCell, Recurrent, RNNCell
from textrnn.options.tasks import CLASSIFIER, GENERATION, LANGUAGE_MODEL, arguments_for
from textrnn.text import CharacterTokenizer, WordTokenizer

TEXT = "the sea is a slow clock.\n" * 20
LABELED = (["good sea", "bad sea", "good rope", "bad rope"], ["good", "bad", "good", "bad"])


def train(source=(TEXT,), **options):
    return textrnn.train_language_model(
        source,
        **arguments_for(LANGUAGE_MODEL, **{"cell": "rnn", "units": 4, "epochs": 1, "verbose": False, **options}),
    )


def classify(**options):
    source = options.pop("source", LABELED)
    return textrnn.train_classifier(
        source, **arguments_for(CLASSIFIER, **{"units": 4, "epochs": 1, "verbose": False, **options})
    )


@pytest.fixture(scope="module")
def model():
    return textrnn.LanguageModel(CharacterTokenizer().fit(TEXT), units=4, embedding_dim=4)


@pytest.fixture(scope="module")
def classifier():
    return textrnn.TextClassifier(WordTokenizer().fit("good bad"), ["good", "bad"], units=4, embedding_dim=4)


TRAINING = {
    "units of zero": ({"units": 0}, ValueError, "`units` must be a positive integer; received 0"),
    "units of words": ({"units": "many"}, TypeError, "`units` must be a positive integer; received 'many'"),
    "half a layer": ({"num_layers": 0.5}, TypeError, "`num_layers` must be a positive integer; received 0.5"),
    "no embedding": ({"embedding_dim": -1}, ValueError, "`embedding_dim` must be a positive integer; received -1"),
    "unknown cell": (
        {"cell": "transformer"},
        ValueError,
        "`cell` must be one of 'rnn', 'lstm', 'gru', 'min_gru'; received",
    ),
    "unknown precision": (
        {"precision": "half"},
        ValueError,
        "`precision` must be one of 'auto', 'float32', 'bfloat16'; received",
    ),
    "unknown tokenizer": (
        {"tokenizer": "bpe"},
        ValueError,
        "`tokenizer` must be one of 'character', 'byte', 'byte_pair', 'word'",
    ),
    "dropout of one": ({"dropout": 1.0}, ValueError, "`dropout` must be a number of 0 or more and below 1; received"),
    "dropout of NaN": ({"dropout": float("nan")}, ValueError, "`dropout` must be .* received nan"),
    "dropout too large for a float": (
        {"dropout": 10**400},
        ValueError,
        "`dropout` must be a number of 0 or more and below",
    ),
    "too many num_sampled": (
        {"num_sampled": 1000},
        ValueError,
        "`num_sampled` must be 0, or 2 or more and less than the .* tokens of the vocabulary; received 1000",
    ),
    "num_sampled of one": ({"num_sampled": 1}, ValueError, "`num_sampled` must be 0, or 2 or more .*; received 1"),
    "tie_embeddings not boolean": (
        {"tie_embeddings": "yes"},
        TypeError,
        "`tie_embeddings` must be True or False; received 'yes'",
    ),
    "unknown recipe": (
        {"recipe": "slow"},
        ValueError,
        "`recipe` must be one of 'quick', 'standard', 'best'; received",
    ),
    "unknown schedule": (
        {"schedule": "steps"},
        ValueError,
        "`schedule` must be one of 'cosine', 'one_cycle', 'constant'; received 'steps'",
    ),
    "all weights dropped": ({"weight_drop": 1}, ValueError, "`weight_drop` must be .* below 1; received 1"),
    "weight_averaging of one": (
        {"weight_averaging": 1.0},
        ValueError,
        "`weight_averaging` must be .* below 1; received 1.0",
    ),
    "negative penalty": (
        {"temporal_activation_regularization": -1},
        ValueError,
        "`temporal_activation_regularization` must be a number of 0 or more",
    ),
    "layer_norm not boolean": ({"layer_norm": 1}, TypeError, "`layer_norm` must be True or False; received 1"),
    "condition_column without a table": (
        {"condition_column": "label"},
        ValueError,
        "`condition_column` needs `source` to be the path of a table",
    ),
    "text_column without a table": ({"text_column": "text"}, ValueError, "`text_column` needs `condition_column`"),
    "table options without a table": (
        {"table": textrnn.text.TableFormat(delimiter=";")},
        ValueError,
        "`table` needs `condition_column`, the column of labels, or `documents='row'`",
    ),
    "a JSON array": (
        {"source": "JSON"},
        ValueError,
        "rows.json is JSON, .* text; save its texts as .txt",
    ),
    "a text with a NUL": ({"source": "NUL"}, ValueError, "nul.txt, line 2: holds a NUL byte"),
    "init_from a number": ({"init_from": 5}, TypeError, "`init_from` must be a language model or the path of one"),
    "no tokenizer": ({"tokenizer": ""}, ValueError, "`tokenizer` must be one of 'character', 'byte', 'byte_pair'"),
    "weight_drop without a recurrent kernel": (
        {"cell": "min_gru", "weight_drop": 0.1},
        ValueError,
        "`weight_drop` must be 0 for MinGRUCell, which has no recurrent kernel; received 0.1",
    ),
    "a callback that sets the learning rate": (
        {"callbacks": [keras.callbacks.ReduceLROnPlateau()]},
        ValueError,
        "`callbacks` must leave the learning rate to `schedule`, .*; received a ReduceLROnPlateau",
    ),
    "init_from a missing file": ({"init_from": "nowhere.keras"}, FileNotFoundError, "nowhere.keras does not exist"),
    "no epochs": ({"epochs": 0}, ValueError, "`epochs` must be a positive integer; received 0"),
    "boolean epochs": ({"epochs": True}, TypeError, "`epochs` must be a positive integer; received True"),
    "no batch": ({"batch_size": 0}, ValueError, "`batch_size` must be a positive integer; received 0"),
    "no window": ({"sequence_length": 0}, ValueError, "`sequence_length` must be a positive integer; received 0"),
    "negative rate": (
        {"learning_rate": -1e-3},
        ValueError,
        "`learning_rate` must be a positive number; received -0.001",
    ),
    "infinite learning rate": (
        {"learning_rate": float("inf")},
        ValueError,
        "`learning_rate` must be a positive number",
    ),
    "negative decay": ({"weight_decay": -1}, ValueError, "`weight_decay` must be a number of 0 or more; received -1"),
    "no clipping": ({"clip_norm": 0}, ValueError, "`clip_norm` must be a positive number; received 0"),
    "warmup of one": (
        {"warmup": 1.0},
        ValueError,
        "`warmup` must be a number of 0 or more and below 1; received 1.0",
    ),
    "no patience": ({"patience": 0}, ValueError, "`patience` must be a positive integer; received 0"),
    "validation_split of one": (
        {"validation_split": 1.0},
        ValueError,
        "`validation_split` must be .* below 1; received 1.0",
    ),
    "negative seed": ({"seed": -1}, ValueError, "`seed` must be a non-negative integer; received -1"),
    "negative checkpoint_seconds": (
        {"checkpoint_seconds": -1},
        ValueError,
        "`checkpoint_seconds` must be a number of 0",
    ),
    "unknown documents": ({"documents": "page"}, ValueError, "documents"),
    "documents='file' without a path": (
        {"documents": "file"},
        ValueError,
        "`documents='file'` needs a path; received an iterable of",
    ),
    "unknown encoding": (
        {"source": "FILE", "encoding": "utf-99"},
        ValueError,
        "`encoding` must name .*; received 'utf-99'",
    ),
    "resume without out": ({"resume": True}, ValueError, "`resume` needs `out`.*received out=None"),
    "a window too long": (
        {"sequence_length": 10_000},
        ValueError,
        r"longer than one window of `sequence_length` 10000; it has \d+ tokens",
    ),
    "too little to validate": (
        {"validation_split": 0.001},
        ValueError,
        "`validation_split` must leave at least 2 tokens",
    ),
    "no file": ({"source": "nowhere.txt"}, FileNotFoundError, "no such file or folder.*'nowhere.txt'"),
    "an empty file": ({"source": "EMPTY"}, ValueError, "empty.txt is empty"),
    "a folder without text": ({"source": "FOLDER"}, ValueError, r"folder holds no \.txt file"),
    "no strings": ({"source": []}, ValueError, "`source` must hold at least one character; received none"),
    "numbers for strings": ({"source": [1, 2]}, TypeError, r"`source\[0\]` must be a string; received 1"),
    "a number for a source": (
        {"source": 7},
        TypeError,
        "`source` must be a path or a list of strings; received 7 of type int",
    ),
    "a dict of columns": (
        {"source": {"text": [TEXT]}},
        TypeError,
        r'`source` must be a path or a list of strings; received a table \(dict\): .*, such as source\["text"\]',
    ),
    "wrong bytes": ({"source": "LATIN"}, ValueError, r"latin.txt.*2.*encoding"),
    "one document": ({"source": ["abc"], "documents": "string"}, ValueError, "at least 2 documents.*it holds 1"),
}


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "text.txt").write_text(TEXT)
    (tmp_path / "latin.txt").write_bytes("fine\nnaïve\n".encode("latin-1"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "rows.json").write_text("[]")
    (tmp_path / "nul.txt").write_text("fine\n\0\n")
    names = {
        "JSON": "rows.json",
        "NUL": "nul.txt",
        "EMPTY": "empty.txt",
        "FILE": "text.txt",
        "LATIN": "latin.txt",
        "FOLDER": "folder",
    }
    return {name: tmp_path / file for name, file in names.items()}


@pytest.mark.parametrize(("options", "error", "message"), TRAINING.values(), ids=TRAINING)
def test_training_a_language_model(options, error, message, paths):
    options = {"units": 4, "epochs": 1, "verbose": False, **options}
    source = options.pop("source", [TEXT])
    with pytest.raises(error, match=message):
        textrnn.train_language_model(
            paths.get(source, source) if isinstance(source, str) else source,
            **arguments_for(LANGUAGE_MODEL, **options),
        )


CLASSIFYING = {
    "single tokens as n-grams": (
        {"ngrams": 1},
        ValueError,
        "`ngrams` must be an integer of at least 2; received 1",
    ),
    "n-grams without vectors": (
        {"ngram_buckets": 0, "ngrams": 3},
        ValueError,
        "`ngrams` needs `ngram_buckets`; received ngrams=3 without",
    ),
    "ngram_dim of zero": (
        {"ngram_buckets": 8, "ngram_dim": 0},
        ValueError,
        "`ngram_dim` must be a positive integer; received 0",
    ),
    "ngram_dim without ngram_buckets": (
        {"ngram_buckets": 0, "ngram_dim": 3},
        ValueError,
        "`ngram_dim` needs `ngram_buckets`; received ngram_dim=3 without",
    ),
    "one label": (
        {"source": (["a", "b"], ["x", "x"])},
        ValueError,
        "at least two different labels; it holds only 'x'",
    ),
    "a label seen once": (
        {"source": (["a", "b", "c"], ["x", "x", "y"]), "validation_split": 0.1},
        ValueError,
        "2 texts labeled 'y'.*it holds 1",
    ),
    "fewer labels than texts": ({"source": (["a", "b"], ["x"])}, ValueError, "received 2 texts and 1 labels"),
    "no texts": ({"source": ([], [])}, ValueError, "at least one; received 0 texts and 0 labels"),
    "numbers for texts": ({"source": ([1, 2], ["x", "y"])}, TypeError, r"`texts\[0\]` must be a string; received 1"),
    "a list of texts alone": ({"source": ["a", "b", "c"]}, TypeError, r"a path or a pair \(texts, labels\)"),
    "a text file": ({"source": "reviews.txt"}, ValueError, "reviews.txt.*csv"),
    "no label column": (
        {"source": "reviews.csv"},
        ValueError,
        "reviews.csv: no column 'label' or 'sentiment'; it has 'text', 'stars'",
    ),
    "a missing label": (
        {"source": (["a", "b"], ["x", float("nan")])},
        ValueError,
        r"`labels\[1\]` is missing \(NaN\); every text needs a label",
    ),
    "a list as a label": (
        {"source": (["a", "b"], ["x", ["y"]])},
        TypeError,
        r"`labels\[1\]` must be a string, a number or a truth value; received \['y'\] of type list",
    ),
    "a format by its name": (
        {"source": "reviews.csv", "table": "csv"},
        TypeError,
        "`table` must be a textrnn.TableOptions; received 'csv'",
    ),
    "a column neither name nor integer": (
        {"source": "reviews.csv", "text_column": 1.5},
        TypeError,
        "a column must be a name, or a number from 1; received 1.5",
    ),
    "semicolons": (
        {"source": "semicolons.csv"},
        ValueError,
        r"it has 'text;label'; if ';' separates its columns, delimiter=';' \(--delimiter ';'\) says so",
    ),
    "a part held out beside a file of one's own": (
        {"validation_data": (["fine"], ["x"]), "validation_split": 0.1},
        ValueError,
        "`validation_data` takes the place of what `validation_split` holds out.*received validation_split=0.1",
    ),
    "labels to validate on that none has learned": (
        {"validation_data": (["fine", "fair"], ["good", "middling"])},
        ValueError,
        "`validation_data` must have labels that `source` has, bad, good; received also 'middling'",
    ),
    "texts to validate on without labels": (
        {"validation_data": ["fine", "fair", "bad"]},
        TypeError,
        r"`validation_data` must be a path or a pair \(texts, labels\), such as .*; received list",
    ),
    "weights for others": (
        {"class_weight": {"good": 1}},
        ValueError,
        r"`class_weight` must be.*received \{'good': 1\}",
    ),
    "weights of zero": (
        {"class_weight": {"good": 1, "bad": 0}},
        ValueError,
        r"class_weight\['bad'\]` must be a positive",
    ),
    "unknown weights": ({"class_weight": "fair"}, ValueError, "`class_weight` must be.*received 'fair'"),
    "bidirectional not boolean": (
        {"bidirectional": 2},
        TypeError,
        "`bidirectional` must be True or False; received 2",
    ),
}


@pytest.mark.parametrize(("options", "error", "message"), CLASSIFYING.values(), ids=CLASSIFYING)
def test_training_a_classifier(options, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("reviews.txt").write_text("good")
    Path("reviews.csv").write_text("text,stars\nfine,5\n")
    Path("semicolons.csv").write_text("text;label\nfine, really;5\n")
    with pytest.raises(error, match=message):
        classify(**options)


GENERATING = {
    "a negative length": ({"length": -1}, ValueError, "`length` must be a non-negative integer; received -1"),
    "half a length": ({"length": 2.5}, TypeError, "`length` must be a non-negative integer; received 2.5"),
    "negative temperature": ({"temperature": -0.1}, ValueError, "`temperature` must be a number of 0 or more"),
    "temperature NaN": ({"temperature": float("nan")}, ValueError, "`temperature` must be .*received nan"),
    "top-k of zero": ({"top_k": 0}, ValueError, "`top_k` must be a positive integer; received 0"),
    "top-k above all": (
        {"top_k": 999},
        ValueError,
        r"`top_k` must be at most the vocabulary size, \d+; received 999",
    ),
    "top-p of zero": ({"top_p": 0.0}, ValueError, "`top_p` must be a number above 0 and of 1 or less; received 0.0"),
    "min-p of one": ({"min_p": 1.0}, ValueError, "`min_p` must be a number of 0 or more and below 1; received 1.0"),
    "no samples": ({"samples": 0}, ValueError, "`samples` must be a positive integer; received 0"),
    "a seed of words": ({"seed": "lucky"}, TypeError, "`seed` must be a non-negative integer; received 'lucky'"),
    "an empty stop": ({"stop": ""}, ValueError, "`stop` must be a non-empty string or several of them; received ''"),
    "stops of numbers": ({"stop": [1]}, ValueError, r"`stop` must be a non-empty string or several.*received \[1\]"),
    "a prompt of bytes": ({"prompt": b"the"}, TypeError, "`prompt` must be a string; received b'the' of type bytes"),
    "a state of text": ({"state": "the"}, TypeError, "`state` must be a State, as `read` returns it; received 'the'"),
}


@pytest.mark.parametrize(("options", "error", "message"), GENERATING.values(), ids=GENERATING)
def test_generating(options, error, message, model):
    with pytest.raises(error, match=message):
        model.generate(**arguments_for(GENERATION, **options))
    if "samples" not in options:  # at the call, not at the first piece
        with pytest.raises(error, match=message):
            model.stream(**options)


def test_other_calls(model, classifier, tmp_path):
    with pytest.raises(TypeError, match="`text` must be a string; received 3"):
        model.score(3)
    with pytest.raises(
        ValueError, match="`protocol` must be one of 'stateful', 'blocks', 'dynamic'; received 'whole'"
    ):
        model.evaluate_text("the", "whole")
    with pytest.raises(
        TypeError, match=r"`texts` must be a list of strings; received one string: wrap it as \['fine'\]"
    ):
        classifier.classify("fine")
    with pytest.raises(TypeError, match=r"`texts\[1\]` must be a string; received None"):
        classifier.classify(["fine", None])
    with pytest.raises(ValueError, match="`batch_size` must be a positive integer; received 0"):
        classifier.classify(["fine"], batch_size=0)
    with pytest.raises(ValueError, match="`labels` must be of good, bad; received also 'fair'"):
        classifier.evaluate_texts(["fine", "fair"], ["good", "fair"])
    with pytest.raises(ValueError, match="texts of two labels or more; all 2 are 'good'"):
        classifier.calibrate(["fine", "fair"], ["good", "good"])
    with pytest.raises(ValueError, match="`temperature` must be a positive number; received 0"):
        textrnn.TextClassifier(classifier.tokenizer, ["x", "y"], temperature=0)
    with pytest.raises(ValueError, match=r"`filepath` must end in .keras; received .*model.h5"):
        model.save(tmp_path / "model.h5")
    with pytest.raises(ValueError, match=r"`labels` must be two or more distinct strings; received \['x', 'x'\]"):
        textrnn.TextClassifier(classifier.tokenizer, ["x", "x"])
    with pytest.raises(TypeError, match=r"`labels` must be distinct strings; received 5"):
        textrnn.LanguageModel(model.tokenizer, labels=5)
    with pytest.raises(ValueError, match="`ngrams` must be an integer from 2 to 64; received 1000000"):
        textrnn.TextClassifier(classifier.tokenizer, ["x", "y"], ngrams=10**6, ngram_buckets=9)
    with pytest.raises(TypeError, match="`reverse` must be True or False, or a list of them; received 1"):
        textrnn.TextClassifier(classifier.tokenizer, ["x", "y"], reverse=1)
    with pytest.raises(TypeError, match="`tokenizer` must be a fitted tokenizer; received 'character'"):
        textrnn.LanguageModel("character")


def test_layers():
    with pytest.raises(ValueError, match='`activation` must be "tanh" or "relu"; received \'gelu\''):
        RNNCell(4, activation="gelu")
    with pytest.raises(ValueError, match="`units` must be a positive integer; received -3"):
        LSTMCell(-3)
    with pytest.raises(TypeError, match=r"`cell` must be a recurrent cell with `state_size`.*received 'lstm'"):
        Recurrent("lstm")
    with pytest.raises(ValueError, match=r"`sequence` must have shape \[B, T, D\]; received shape \(2, 3\)"):
        Recurrent(GRUCell(4))(np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match=r"`initial_state` must hold 2 tensor\(s\) for LSTMCell; received 1"):
        Recurrent(LSTMCell(4))(np.zeros((2, 3, 1), "float32"), initial_state=np.zeros((2, 4), "float32"))


def truncated(path, model):
    model.save(path)
    path.write_bytes(path.read_bytes()[:-200])


def foreign(path, model):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"registered_name": "Sequential"}))


def without_weights(path, model):
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)


FILES = {
    "no file": (lambda path, model: None, FileNotFoundError, "must be a .keras file, a run folder.*does not exist"),
    "a truncated file": (truncated, ValueError, "must be a whole .keras file; reading it failed"),
    "a text file": (lambda path, model: path.write_text("hello"), ValueError, "must be a whole .keras file"),
    "another model": (foreign, ValueError, "must hold a textrnn model; it holds 'Sequential'"),
    "no weights": (
        without_weights,
        ValueError,
        "must be a whole .keras file.*hold model.weights.h5 once; .* 0 times",
    ),
    "an empty folder": (lambda path, model: path.mkdir(), FileNotFoundError, "model.keras does not exist"),
}


@pytest.mark.parametrize(("prepare", "error", "message"), FILES.values(), ids=FILES)
def test_loading(prepare, error, message, model, tmp_path):
    prepare(tmp_path / "model.keras", model)
    with pytest.raises(error, match=message):
        textrnn.load(tmp_path / "model.keras")


def test_a_finished_run_is_not_overwritten_nor_resumed_as_another(tmp_path):
    train(out=tmp_path)
    before = (tmp_path / "model.keras").read_bytes()
    with pytest.raises(FileExistsError, match="already holds a run: pass resume=True"):
        train(out=tmp_path)
    with pytest.raises(ValueError, match=r"these differ: units: 4 then, 5 here"):
        train(out=tmp_path, resume=True, units=5)
    with pytest.raises(ValueError, match="the corpus must be the one"):
        train(source=[TEXT[::-1]], out=tmp_path, resume=True)
    (tmp_path / "checkpoint/state.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"state.npz must be a whole checkpoint; reading it failed"):
        train(out=tmp_path, resume=True)
    assert (tmp_path / "model.keras").read_bytes() == before


def test_an_output_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        train(out=tmp_path / "file" / "run")


def test_a_full_disk_while_training_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    train(out=tmp_path)
    good = (tmp_path / "checkpoint/state.npz").read_bytes()
    real, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*'\nThe checkpoint before is whole: .*--resume"):
        train(out=tmp_path, epochs=9, resume=True)
    monkeypatch.undo()
    assert len((tmp_path / "checkpoint/state.npz").read_bytes()) == len(good)
    train(out=tmp_path, epochs=9, resume=True)
    assert not list(tmp_path.rglob(".*"))


COMMANDS = {
    "no command": ([], 2, "the following arguments are required: COMMAND"),
    "an unknown command": (["paint"], 2, "invalid choice: 'paint'"),
    "no corpus": (["train"], 2, "CORPUS is needed"),
    "units of minus three": (["train", "text.txt", "--units", "-3"], 2, "must be a positive integer; received -3"),
    "units of words": (["train", "text.txt", "--units", "many"], 2, "must be a positive integer; received 'many'"),
    "dropout of two": (["train", "text.txt", "--dropout", "2"], 2, "must be a number of 0 or more and below 1"),
    "a flag for the other kind": (
        ["train", "text.txt", "--bidirectional"],
        2,
        "--bidirectional does not apply to a language",
    ),
    "a window for a classifier": (
        ["train", "r.csv", "--seq_length", "9"],
        2,
        "--sequence-length does not apply to a class",
    ),
    "no such corpus": (["train", "nowhere.txt"], 1, "No such file or directory: nowhere.txt"),
    "a corpus too short": (["train", "short.txt"], 1, "longer than one window of `sequence_length`"),
    "an empty corpus": (["train", "empty.txt"], 1, "empty.txt is empty"),
    "wrong bytes": (["train", "latin.txt"], 1, "latin.txt.*encoding"),
    "no label column": (["train", "stars.csv"], 1, "stars.csv: no column 'label' or 'sentiment'"),
    "one label": (["train", "one.csv"], 1, "at least two different labels"),
    "two delimiters": (["train", "one.csv", "--delimiter", "||"], 2, r"must be one character.*'\|\|'"),
    "other quotes": (["evaluate", "classifier.keras", "one.csv", "--quoting", "all"], 2, "invalid choice: 'all'"),
    "a table for one long text": (
        ["evaluate", "lm.keras", "text.txt", "--delimiter", ";"],
        2,
        "--delimiter does not apply to a model of one long text",
    ),
    "no such model": (["generate", "nowhere.keras"], 1, "nowhere.keras does not exist"),
    "a text for a model": (["generate", "text.txt"], 1, "must be a whole .keras file"),
    "a classifier to generate": (
        ["generate", "classifier.keras"],
        1,
        "must be a language model; .* holds a classifier",
    ),
    "a language model to classify": (
        ["classify", "lm.keras", "fine"],
        1,
        "must be a classifier; .* a language model",
    ),
    "temperature below zero": (["generate", "lm.keras", "--temperature", "-1"], 2, "must be a number of 0 or more"),
    "temperature NaN": (["generate", "lm.keras", "--temperature", "nan"], 2, "must be a number of 0 or more"),
    "top-k above all": (["generate", "lm.keras", "--top-k", "999"], 1, "`top_k` must be at most the vocabulary size"),
    "a part without a character": (
        ["evaluate", "lm.keras", "text.txt", "--last", "1e-9"],
        1,
        "characters in text.txt leaves none",
    ),
    "mistakes of a language model": (
        ["evaluate", "lm.keras", "text.txt", "--mistakes", "2"],
        2,
        "--mistakes does not apply to a language model",
    ),
    "lines of one text": (
        ["evaluate", "lm.keras", "text.txt", "--documents", "file"],
        2,
        "--documents does not apply to a model of one long text",
    ),
    "n-grams of one token": (
        ["train", "reviews.csv", "--ngrams", "1"],
        2,
        "--ngrams: must be an integer of at least 2",
    ),
    "layerwise-lr-decay above one": (
        ["train", "reviews.csv", "--layerwise-lr-decay", "1.5"],
        2,
        "layerwise-lr-decay",
    ),
    "no such prompt": (["generate", "lm.keras", "--prompt", "FILE:nowhere"], 1, "No such file or directory: nowhere"),
    "a file for a text": (["classify", "classifier.keras", "god.csv"], 2, r"did you mean 'good\.csv'\?"),
    "both TEXT and --file": (
        ["classify", "classifier.keras", "fine", "--file", "one.csv"],
        2,
        "either TEXT or --file",
    ),
    "no file to classify": (["classify", "classifier.keras", "--file", "nowhere.csv"], 1, "nowhere.csv"),
    "no file to score": (["score", "lm.keras", "nowhere.txt"], 1, "nowhere.txt"),
    "labels of another": (
        ["evaluate", "classifier.keras", "other.csv"],
        1,
        "only the labels good, bad; it also holds x, y",
    ),
    "a test without labels": (["evaluate", "classifier.keras", "stars.csv"], 1, "no column 'label' or 'sentiment'"),
    "a baseline of other labels": (
        ["evaluate", "classifier.keras", "good.csv", "--baseline", "other.csv"],
        1,
        "other.csv must hold only the labels good, bad; it also holds x, y",
    ),
    "a baseline of one label": (
        ["evaluate", "classifier.keras", "good.csv", "--baseline", "praise.csv"],
        1,
        "the baseline needs texts of two labels or more; all are 'good'",
    ),
    "a baseline for a language model": (
        ["evaluate", "lm.keras", "text.txt", "--baseline", "good.csv"],
        2,
        "--baseline does not apply to a language model",
    ),
    "a threshold of two": (
        ["classify", "classifier.keras", "fine", "--threshold", "2"],
        2,
        "of 1 or less; received 2",
    ),
    "calibrating on one label": (["calibrate", "classifier.keras", "good.csv"], 1, "texts of two labels or more"),
    "calibrating a language model": (["calibrate", "lm.keras", "good.csv"], 1, "must be a classifier"),
    "calibrating into a text": (
        ["calibrate", "classifier.keras", "good.csv", "--out", "model.txt"],
        2,
        "--out must end in .keras; received 'model.txt'",
    ),
    "a part of too few documents": (
        ["evaluate", "lines.keras", "text.txt", "--documents", "line", "--last", "0.01"],
        1,
        r"--last 0\.01 of the 20 documents in text.txt leaves none",
    ),
    "a part above all": (
        ["evaluate", "lm.keras", "text.txt", "--last", "2"],
        2,
        "must be a number above 0 and of 1 or less",
    ),
    "compressing with a classifier": (
        ["compress", "classifier.keras", "text.txt", "out"],
        1,
        "must be a language model; .* holds a classifier",
    ),
    "compressing other bytes": (["compress", "lm.keras", "latin.txt", "out"], 1, "latin.txt must be UTF-8 text"),
    "compressing nothing": (["compress", "lm.keras", "nowhere.txt", "out"], 1, "No such file or directory"),
    "compressing with a label without labels": (
        ["compress", "lm.keras", "text.txt", "out", "--condition", "good"],
        1,
        "`condition` must be None: this model has no labels; received 'good'",
    ),
    "decompressing a text": (["decompress", "lm.keras", "text.txt", "out"], 1, "must be what `compress` returned"),
    "the write command with a classifier": (
        ["write", "classifier.keras"],
        1,
        "must be a language model; .* a classifier",
    ),
    "resuming a missing session": (["write", "lm.keras", "--session", "nowhere"], 1, "No such file or directory"),
    "resuming a text file": (["write", "lm.keras", "--session", "text.txt"], 1, "text.txt must hold a session"),
    "a session and a seed": (
        ["write", "lm.keras", "--session", "text.txt", "--seed", "1"],
        2,
        "leave --condition and --seed out",
    ),
    "no proposals": (["write", "lm.keras", "--proposals", "0"], 2, "must be a positive integer; received 0"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, model, classifier):
    path = tmp_path_factory.mktemp("commands")
    model.save(path / "lm.keras")
    classifier.save(path / "classifier.keras")
    textrnn.LanguageModel(model.tokenizer, units=4, end_of_text=True).save(path / "lines.keras")
    (path / "text.txt").write_text(TEXT)
    (path / "short.txt").write_text("short")
    (path / "empty.txt").write_text("")
    (path / "latin.txt").write_bytes("naïve".encode("latin-1"))
    (path / "stars.csv").write_text("text,stars\nfine,5\n")
    (path / "one.csv").write_text("text,label\nfine,x\nfair,x\n")
    (path / "other.csv").write_text("text,label\nfine,x\nfair,y\n")
    (path / "good.csv").write_text("text,label\nfine,good\nfair,good\n")
    (path / "praise.csv").write_text("text,label\nsplendid,good\n")
    return path


@pytest.mark.parametrize(("arguments", "status", "message"), COMMANDS.values(), ids=COMMANDS)
def test_the_command_line(arguments, status, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    errors = capsys.readouterr().err
    assert code == status
    assert "Traceback" not in errors
    assert re.search(message, errors), errors


def test_there_are_at_least_sixty():
    assert sum(map(len, (TRAINING, CLASSIFYING, GENERATING, FILES, COMMANDS))) >= 60
