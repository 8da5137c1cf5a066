"""Whatever has happened to a file, it serves, or one error says which file and that it is damaged."""

import collections
import json
import subprocess
import sys
from pathlib import Path

import damage
import numpy as np
import pytest

import textrnn
from textrnn import runtime
from textrnn.generation import Session

TEXT = "the sea is a slow clock.\nthe light turns, the sea waits.\n"
MODELS = {
    "model": {"units": 6, "embedding_dim": 5},
    "labels": {"units": 6, "cell": "gru", "num_layers": 2, "tie_embeddings": True, "layer_norm": True,
               "embedding_dim": 5, "labels": ["a", "b"], "weight_drop": 0.1},
}  # fmt: skip


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A small file of every kind but a checkpoint."""
    folder = tmp_path_factory.mktemp("originals")
    tokenizer = textrnn.text.CharacterTokenizer().fit(TEXT)
    for name, options in MODELS.items():
        textrnn.LanguageModel(tokenizer, **options).save(folder / f"{name}.keras")
    words, labels = textrnn.text.WordTokenizer().fit(TEXT), ["no", "yes"]
    options = {"units": 4, "embedding_dim": 4, "members": 2, "bidirectional": False, "pooling": "attention"}
    textrnn.TextClassifier(words, labels, **options).save(folder / "readers.keras")
    options = {"units": 4, "embedding_dim": 16, "ngram_buckets": 9, "ngram_dim": 3, "cell": "min_gru"}
    bytewise = textrnn.TextClassifier(textrnn.text.ByteTokenizer(), labels, **options)
    bytewise.save(folder / "quantised.keras", quantised=True)
    model = runtime.load(folder / "model.keras")
    model.read("the sea").save(folder / "state.npz")
    session = Session(model, seed=3, temperature=0.5)
    session.add("the sea")
    session.save(folder / "session.json")
    (folder / "text.packed").write_bytes(model.compress(TEXT + "☃"))
    settings = {"units": 6, "epochs": 2, "source": "text.txt"}
    (folder / "config.json").write_text(json.dumps({"settings": settings, "textrnn": "0.1.0"}))
    notes = {"job": {"the input": "x"}, "pieces": 0, "size": 0, "whole": False}
    (folder / "out.csv.part.json").write_text(json.dumps(notes))
    return folder


def assert_only(outcomes, *, refused):
    """Nothing but what is allowed, and so many refused at least that the damage was worth it."""
    allowed = {"refused", "served", "another model", "the same"}
    assert not set(outcomes) - allowed, "\n".join(set(outcomes) - allowed)
    assert outcomes["refused"] >= refused, outcomes


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")
def test_damaged_files_serve_or_are_refused_in_one_way_and_little_memory(originals):
    command = [sys.executable, str(Path(damage.__file__)), str(originals), "600", "19"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert_only(collections.Counter(json.loads(done.stdout)), refused=400)


def test_keras_is_given_no_damaged_file(originals, tmp_path):
    names, outcomes = ("labels", "quantised"), collections.Counter()
    for number in range(40):
        name = f"{names[number % len(names)]}.keras"
        rng = np.random.default_rng([19, number])
        data = (originals / name).read_bytes()
        outcomes[damage.try_out(tmp_path / name, textrnn.load, data, rng)] += 1
    assert_only(outcomes, refused=25)
