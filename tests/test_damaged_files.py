"""Damaged files load correctly or raise one error, which names the file and calls it damaged."""

import collections
import errno
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import damage
import h5py
import numpy as np
import pytest

import textrnn
from textrnn import runtime
from textrnn.cli.main import main
from textrnn.files import refuse_damage
from textrnn.generation import Session, State
from textrnn.options import TrainingOptions
from textrnn.training import NextToken, RunFolder, Trainer
from textrnn.training.runs import claim_run
from textrnn.training.streams import StreamBatches

TEXT = "the sea is a slow clock.\nthe light turns, the sea waits.\n"
V = len(set(TEXT)) + 3
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
    options = {"units": 4, "embedding_dim": 4, "ensemble_size": 2, "bidirectional": False, "pooling": "attention"}
    textrnn.TextClassifier(words, labels, **options).save(folder / "encoders.keras")
    options = {"units": 4, "embedding_dim": 16, "ngram_buckets": 9, "ngram_dim": 3, "cell": "min_gru"}
    bytewise = textrnn.TextClassifier(textrnn.text.ByteTokenizer(), labels, **options)
    bytewise.save(folder / "quantized.keras", quantized=True)
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


def with_config(**changes):
    """A change of the config of a model's file."""

    def change(members):
        saved = json.loads(members["config.json"])
        saved["config"] = {key: value for key, value in {**saved["config"], **changes}.items() if value != "gone"}
        members["config.json"] = json.dumps(saved).encode()

    return change


def with_weight(name, **dataset):
    """Another dataset in the place of a weight."""

    def change(members):
        stream = io.BytesIO(members["model.weights.h5"])
        with h5py.File(stream, "r+") as stored:
            del stored[name]
            if dataset:
                stored.create_dataset(name, **dataset)
        members["model.weights.h5"] = stream.getvalue()

    return change


def with_member(name, data):
    return lambda members: members.update({name: data})


DAMAGE = {
    "a million million units": (with_config(units=10**12), r"cell/vars/0 must have .* \(5, 4000000000000\)"),
    "endless layers": (with_config(num_layers=10**12), "it lacks the weight layers/recurrent_1/cell"),
    "a list for a fraction": (with_config(dropout=[0.5]), r"`dropout` must be a number .*received \[0.5\]"),
    "a number beyond numbers": (with_config(zoneout=10**400), "`zoneout` must be a number of 0 or more and below 1"),
    "a word for a number": (with_config(units="6"), "`units` must be a positive integer; .* '6'"),
    "no cell": (with_config(cell="gone"), "its config lacks `cell`"),
    "of a later version": (with_config(attention=True), "its config has `attention`, which this version"),
    "a class for a type": (with_config(dtype={"class_name": "Popen"}), "`dtype` must be one of"),
    "another vocabulary": (with_config(tokenizer={"kind": "byte"}), r"embedding/vars/0 must .* \(259, 5\)"),
    "no vocabulary": (with_config(tokenizer=None), "must be a dict with the key 'kind'; received None"),
    "a weight gone": (with_weight("head/vars/1"), "it lacks the weight head/vars/1, which its"),
    "a weight transposed": (with_weight("embedding/vars/0", data=np.zeros((5, V))), r"it has \(5, 22\)"),
    "no number": (with_weight("head/vars/1", data=np.full(V, np.nan, "f4")), "vars/1 must hold finite numbers"),
    "words for weights": (with_weight("head/vars/1", data=np.full(V, b"x")), "head/vars/1 must hold numbers"),
    "a claim": (
        with_weight("head/vars/0", shape=(10**6, 10**6), dtype="f4", chunks=(10, 10)),
        "head/vars/0 must be stored whole; of 4000000000000 bytes 0 are",
    ),
    "zeros without end": (with_member("config.json", bytes(1 << 24)), "config.json must unpack to what"),
    "weights twice": (with_member("model.weights.int8.h5", b""), "it must hold weights once"),
    "brackets": (with_member("config.json", b"[" * 100_000), "RecursionError"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), DAMAGE.values(), ids=DAMAGE)
def test_error_of_a_damaged_model_file_states_the_problem(change, message, originals, tmp_path):
    members = dict(damage.members_of(originals / "model.keras"))
    change(members)
    damage.write_members(tmp_path / "model.keras", members.items())
    for load in (runtime.load, textrnn.load):
        with pytest.raises(textrnn.DamagedFileError, match=f"model.keras must be a whole .keras file; .*{message}"):
            load(tmp_path / "model.keras")


def test_a_file_that_is_no_model_is_distinguished_from_a_damaged_one(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({"registered_name": None, "class_name": "Sequential"}))
    with pytest.raises(
        textrnn.DamagedFileError, match=r"other.keras must hold a textrnn model; .* not written by textrnn"
    ):
        textrnn.load(tmp_path / "other.keras")


def test_a_file_without_read_permission_is_not_called_damaged(originals, tmp_path):
    (tmp_path / "state.npz").mkdir()
    with pytest.raises(FileNotFoundError, match=r"must be a file that `State.save` wrote"):
        State.load(tmp_path / "state.npz")
    with pytest.raises(FileNotFoundError):
        Session.load(tmp_path / "nowhere.json", runtime.load(originals / "model.keras"))
    with pytest.raises(OSError, match="Input/output error"), refuse_damage("model.keras", "be whole"):
        raise OSError(errno.EIO, "Input/output error")


STATES = {
    "no number": ("0", lambda logits: logits * np.nan, r"its logits must be finite numbers \[V\]; they are float32"),
    "an id beyond the vocabulary": ("1", lambda recent: recent + 99, "its last tokens must be 256 ids of"),
    "two rows": ("2", lambda tensor: np.repeat(tensor, 2, 0), r"its states must be finite numbers .*\(2, 6\)"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "change", "message"), STATES.values(), ids=STATES)
def test_error_of_a_damaged_state_states_the_problem(name, change, message, originals, tmp_path):
    with np.load(originals / "state.npz") as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "state.npz", **{**arrays, name: change(arrays[name])})
    with pytest.raises(textrnn.DamagedFileError, match=rf"state\.npz must hold a whole state; .*{message}"):
        State.load(tmp_path / "state.npz")


SESSIONS = {
    "pieces that are no list": ({"pieces": "the"}, "`pieces` must be a list of strings"),
    "half a draw": ({"drawn": 0.5}, "`drawn` must be a non-negative integer; received 0.5"),
    "a cold option": ({"options": {"temperature": -1}}, "`temperature` must be .*; received -1"),
    "more than is known": ({"color": 5}, "it must hold fingerprint, .* and nothing else"),
}


@pytest.mark.parametrize(("changes", "message"), SESSIONS.values(), ids=SESSIONS)
def test_error_of_a_damaged_session_states_the_problem(changes, message, originals, tmp_path):
    facts = json.loads((originals / "session.json").read_text())
    (tmp_path / "session.json").write_text(json.dumps({**facts, **changes}))
    with pytest.raises(textrnn.DamagedFileError, match=rf"session\.json must hold a session; .*{message}"):
        Session.load(tmp_path / "session.json", runtime.load(originals / "model.keras"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": 5}, "config.json must hold the settings of a run; .* 'source' cannot be 5"),
        ({"source": "text.txt", "color": 5}, "config.json must hold the settings of a run; it has color, which"),
        (
            {"source": "text.txt", "precision": {}},
            "config.json must .*: `precision` must be .*; received {}",
        ),
        ([], r"config.json must hold the settings of a run; .* its settings must be an object; they are \[\]"),
    ],
)
def test_a_run_whose_settings_are_damaged_is_not_resumed(settings, message, tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"settings": settings}))
    assert main(["train", "--resume", "--out", str(tmp_path)]) == 1
    assert re.search(message, capsys.readouterr().err)


def test_a_damaged_file_of_compressed_text_is_named(originals, tmp_path, capsys):
    damaged = tmp_path / "text.packed"
    damaged.write_bytes((originals / damaged.name).read_bytes()[:-9])
    command = ["decompress", str(originals / "model.keras"), str(damaged), str(tmp_path / "text.txt")]
    assert main(command) == 1
    assert re.search(r"text\.packed must be what `compress` returned; .* checksum", capsys.readouterr().err)


def assert_only(outcomes, *, refused):
    """Nothing but what is allowed, and so many refused at least that the damage was worth it."""
    allowed = {"refused", "served", "another model", "the same"}
    assert not set(outcomes) - allowed, "\n".join(set(outcomes) - allowed)
    assert outcomes["refused"] >= refused, outcomes


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")
def test_damaged_files_load_or_raise_one_error_in_little_memory(originals):
    command = [sys.executable, str(Path(damage.__file__)), str(originals), "500", "19"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert_only(collections.Counter(json.loads(done.stdout)), refused=330)


def test_keras_opens_no_damaged_file(originals, tmp_path):
    names, outcomes = ("labels", "quantized"), collections.Counter()
    for number in range(40):
        name = f"{names[number % len(names)]}.keras"
        rng = np.random.default_rng([19, number])
        data = (originals / name).read_bytes()
        outcomes[damage.try_out(tmp_path / name, textrnn.load, data, rng)] += 1
    assert_only(outcomes, refused=25)


def test_a_damaged_checkpoint_is_not_resumed_from(tmp_path):
    tokenizer = textrnn.text.CharacterTokenizer().fit(TEXT)
    model, ids = textrnn.LanguageModel(tokenizer, units=6, embedding_dim=5), tokenizer.encode(TEXT)
    batches, settings = StreamBatches(ids, 2, 8), TrainingOptions(epochs=2, learning_rate=0.01, weight_averaging=0.9)
    trainer = Trainer(model, NextToken(), batches, None, settings, run=RunFolder(tmp_path), is_shown=False)
    trainer.states, trainer.position.step = model.initial_states(2), 1
    trainer.checkpoint()
    path, outcomes = RunFolder(tmp_path).checkpoint, collections.Counter()
    data = path.read_bytes()
    for number in range(80):
        rng = np.random.default_rng([19, number])
        outcomes[damage.try_out(path, lambda path: trainer.restore(), data, rng)] += 1
    assert_only(outcomes, refused=50)
    path.write_bytes(data)
    trainer.restore()
    assert trainer.position.step == 1


def test_a_run_that_has_lost_lines_says_so(tmp_path):
    run = RunFolder(tmp_path)
    run.metrics.write_text('{"epoch": 1}\n{"epoch"')
    with pytest.warns(UserWarning, match=r"metrics\.jsonl holds 21 of the 26 bytes .*; the run resumes"):
        run.cut_back({"metrics.jsonl": 26})
    assert run.history() == [{"epoch": 1}]
    with pytest.warns(UserWarning, match=r"samples\.txt holds 0 of the 9 bytes"):
        run.cut_back({"metrics.jsonl": 13, "samples.txt": 9})
    run.cut_back({})
    assert run.history() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"textrnn": "0.', ""), ('{"textrnn": "0", "precision": {}}', "its value 'precision' cannot be {}")],
)
def test_the_damaged_config_of_a_run_is_named(text, message, tmp_path):
    run = RunFolder(tmp_path)
    run.checkpoint.parent.mkdir(exist_ok=True)
    run.checkpoint.write_bytes(b"")
    run.config.write_text(text)
    with pytest.raises(textrnn.DamagedFileError, match=rf"config\.json must hold the settings of a run.*{message}"):
        claim_run(tmp_path, resume=True)
