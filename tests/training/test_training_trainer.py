"""The training loop: the weights it saves, when it stops, and exact resuming."""

import functools
import gc
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from killed import CopyAfter
from untrained import make_language_model

import textrnn
from textrnn.options.tasks import LANGUAGE_MODEL, arguments_for
from textrnn.text import WordTokenizer
from textrnn.training import RunFolder, Trainer, traced_steps

TEXTS = ["the sea is a slow clock.\n", "the light turns, the sea waits.\n", "a rope, a lamp, a loaf of bread.\n"] * 8
SMALL = {"cell": "rnn", "units": 8, "embedding_dim": 4, "batch_size": 4, "sequence_length": 16, "verbose": False}


def train(**options):
    return textrnn.train_language_model(TEXTS, **arguments_for(LANGUAGE_MODEL, **{**SMALL, "epochs": 2, **options}))


def weights(model):
    return [variable.numpy() for variable in model.weights]


def assert_same(models):
    for a, b in zip(*map(weights, models), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A model and its run of two epochs."""
    out = tmp_path_factory.mktemp("finished")
    return train(out=out, precision="float32"), out


@pytest.fixture
def run(finished, tmp_path):
    """A copy of the finished run."""
    return shutil.copytree(finished[1], tmp_path / "run")


def test_a_stopped_run_with_labels_and_averages_resumes_to_the_same_weights(tmp_path):
    rows = ["text,label", *['"☃ ' + text.strip() + '",' + text[:3] for text in TEXTS]]
    (tmp_path / "moods.csv").write_text("\n".join(rows))
    parent = textrnn.LanguageModel(textrnn.text.CharacterTokenizer().fit("".join(TEXTS)), units=8, embedding_dim=4)
    parent.save(tmp_path / "parent.keras")
    options = {**SMALL, "cell": "lstm", "epochs": 2, "condition_column": "label", "checkpoint_seconds": 0}
    options |= {"recipe": "standard", "validation_split": 0}
    options |= {"init_from": tmp_path / "parent.keras", "weight_averaging": 0.8, "zoneout": 0.1, "num_layers": 1}

    def run(**more):
        with pytest.warns(UserWarning, match="1 tokens are new"):
            return textrnn.train_language_model(
                tmp_path / "moods.csv", **arguments_for(LANGUAGE_MODEL, **options, **more)
            )

    whole = run(out=tmp_path / "run", callbacks=[CopyAfter(20, tmp_path / "run", tmp_path / "killed")])
    (tmp_path / "parent.keras").unlink()
    resumed = textrnn.train_language_model(
        tmp_path / "moods.csv", **arguments_for(LANGUAGE_MODEL, **options, out=tmp_path / "killed", resume=True)
    )
    assert_same([resumed, whole])


@pytest.mark.parametrize(
    ("documents", "steps", "model"), [(None, 1, {"cell": "gru", "num_layers": 2}), ("string", 13, {})]
)
def test_a_stopped_run_resumes_to_the_same_weights(tmp_path, documents, steps, model):
    options = {"documents": documents, "checkpoint_seconds": 0, "dropout": 0.3, **model}
    run, killed = tmp_path / "run", tmp_path / "killed"
    whole = train(out=run, callbacks=[CopyAfter(steps, run, killed)], **options)
    assert_same([train(out=killed, resume=True, **options), whole])
    assert [line["epoch"] for line in RunFolder(killed).history()] == [1, 2]


def test_a_run_resumes_with_its_own_text_and_parent_alone(finished, run, tmp_path):
    parent, _ = finished
    parent.save(tmp_path / "parent.keras")
    parent.save(tmp_path / "other.keras")
    spelled_otherwise = [text.replace("w", "z") for text in TEXTS]  # the same ids, another vocabulary
    options = {**SMALL, "epochs": 3, "precision": "float32", "out": run, "resume": True}
    with pytest.raises(ValueError, match="the corpus must be the one"):
        textrnn.train_language_model(spelled_otherwise, **arguments_for(LANGUAGE_MODEL, **options))
    train(out=tmp_path / "begun", epochs=1, init_from=tmp_path / "parent.keras")
    train(out=tmp_path / "begun", epochs=2, init_from=tmp_path / "other.keras", resume=True)
    named = json.loads((tmp_path / "begun/config.json").read_text())["settings"]["init_from"]
    assert named.endswith("parent.keras")


def test_more_epochs_resume_a_finished_run(run):
    train(out=run, epochs=3, precision="float32", resume=True)
    assert [line["epoch"] for line in RunFolder(run).history()] == [1, 2, 3]


def test_damaged_best_weights_are_not_resumed_from(run):
    best = RunFolder(run).best
    best.write_bytes(best.read_bytes()[:200])
    with pytest.raises(textrnn.DamagedFileError, match=r"best\.npz must hold the best weights of a run"):
        train(out=run, epochs=3, precision="float32", resume=True)


def test_the_run_folder_explains_itself(finished):
    model, out = finished
    config = json.loads((out / "config.json").read_text())
    assert config["settings"]["units"] == 8
    assert config["settings"]["precision"] == "float32"
    assert config["precision"] == "float32"
    assert config["parameters"] == model.count_params()
    assert "--- epoch 1 ---" in (out / "samples.txt").read_text()
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert_same([textrnn.load(out), model])


def test_bfloat16_products_reach_the_loss_of_float32(tmp_path):
    losses = []
    for precision in ("float32", "bfloat16"):
        train(out=tmp_path / precision, precision=precision, learning_rate=0.01)
        losses.append(RunFolder(tmp_path / precision).history()[-1]["val_loss"])
    config = json.loads((tmp_path / "bfloat16" / "config.json").read_text())
    assert (config["settings"]["precision"], config["precision"]) == ("bfloat16", "mixed_bfloat16")
    assert losses[0] == pytest.approx(losses[1], abs=0.02)


def test_the_best_weights_on_validation_are_kept(tmp_path):
    class SpoilTheLast(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                self.best = [weight.numpy() for weight in self.model.weights]
                for weight in self.model.trainable_weights:
                    weight.assign(10 * weight)

    spoil = SpoilTheLast()
    model = train(out=tmp_path, learning_rate=0.01, epochs=4, callbacks=[spoil])
    assert [line["is_best"] for line in RunFolder(tmp_path).history()] == [True, True, True, False]
    for kept in (model, textrnn.load(tmp_path)):
        for weight, best in zip(kept.weights, spoil.best, strict=True):
            np.testing.assert_array_equal(weight, best)


def test_patience_stops_early(tmp_path):
    train(out=tmp_path, learning_rate=0.2, epochs=30, patience=2, clip_norm=100.0)
    history = RunFolder(tmp_path).history()
    assert len(history) < 30
    assert not any(line["is_best"] for line in history[-2:])


def test_without_validation_the_last_weights_are_kept(tmp_path):
    train(out=tmp_path, validation_split=0, epochs=2)
    assert all(line["is_best"] and "val_loss" not in line for line in RunFolder(tmp_path).history())


def test_a_diverged_run_names_the_step_and_keeps_the_best_weights(tmp_path):
    class Poison(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 3:
                self.model.head.kernel.assign(self.model.head.kernel * np.nan)

    message = (
        r"diverged at step 4 of epoch 1: loss nan, learning rate 0\.00\d+, gradient norm nan.*lower `learning_rate`"
    )
    with pytest.raises(textrnn.TrainingDivergedError, match=message):
        train(out=tmp_path, callbacks=[Poison()])
    with np.load(RunFolder(tmp_path).checkpoint) as stored:
        assert all(np.isfinite(stored[name]).all() for name in stored.files if name.startswith("model"))


def test_keras_callbacks_see_the_usual_logs(tmp_path):
    seen = []
    callbacks = [
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        keras.callbacks.TensorBoard(str(tmp_path / "board")),
        keras.callbacks.EarlyStopping("val_loss", patience=1),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(set(logs))),
    ]
    train(callbacks=callbacks)
    assert {"loss", "val_loss", "bits_per_character", "learning_rate"} <= seen[0]
    header, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert "val_bits_per_character" in header
    assert len(rows) == 2
    assert list((tmp_path / "board" / "train").glob("events*"))
    assert list((tmp_path / "board" / "validation").glob("events*"))


def test_a_callback_can_stop_training(tmp_path):
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(stop.model, "stop_training", True))
    train(out=tmp_path, epochs=5, callbacks=[stop])
    assert len(RunFolder(tmp_path).history()) == 1


def test_padding_and_batch_neighbors_do_not_change_the_loss():
    # One document a batch needs no padding; all in one batch need much: the first gradient is the same.
    options = {"documents": "string", "validation_split": 0, "epochs": 1, "learning_rate": 1e-9, "dropout": 0.0}
    texts = ["a", "the sea is slow", "", "a loaf of bread and a lamp"]
    logs = []
    for batch_size in (1, 4):
        record = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs_: logs.append(logs_["loss"]))
        textrnn.train_language_model(
            texts,
            **arguments_for(LANGUAGE_MODEL, **{**SMALL, **options, "batch_size": batch_size, "callbacks": [record]}),
        )
    assert logs[0] == pytest.approx(logs[1], rel=1e-6)


REPLICAS = """
import sys, traceback
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import textrnn
from textrnn.api.process import skip_slow_passes
skip_slow_passes()
texts = ["the sea is a slow clock.\\n", "a rope, a lamp, a loaf of bread.\\n"] * 12
run = textrnn.RunOptions(precision="float32")
common = dict(cell="rnn", units=8, num_layers=1, dropout=0.0, epochs=1, batch_size=4, validation_split=0)
common |= dict(verbose=False, run=run)
def train(kind):
    if kind == "labels":
        return textrnn.train_classifier((texts, ["a", "b", "b"] * 8), class_weight={"a": 0.2, "b": 5.0}, **common,
            model=textrnn.ClassifierOptions(ensemble_size=1, bidirectional=False, token_dropout=0.0, ngram_buckets=9),
            training=textrnn.ClassifierTraining(weight_averaging=0.5))
    documents = "string" if kind == "documents" else None
    return textrnn.train_language_model(texts, sequence_length=16, **common,
        model=textrnn.LanguageModelOptions(embedding_dim=4),
        training=textrnn.LanguageModelTraining(documents=documents, weight_averaging=0.5))
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
for kind in sys.argv[1:]:
    try:
        one = train(kind)
        with strategy.scope():
            two = train(kind)
        for a, b in zip(one.variables, two.variables, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-4, atol=2e-5)
        print(kind)
    except Exception:
        traceback.print_exc()
"""


@functools.cache
def run_replicas(*kinds):
    """A process in which one replica and two train a model of each of `kinds`; it prints those that agree."""
    return subprocess.run([sys.executable, "-c", REPLICAS, *kinds], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", ["labels", "documents", pytest.param("text", marks=pytest.mark.slow)])
def test_two_replicas_train_to_the_weights_of_one(kind):
    done = run_replicas("text") if kind == "text" else run_replicas("labels", "documents")
    assert kind in done.stdout.split(), done.stderr[-2000:]


def test_stopping_in_an_epoch_stops_at_once(tmp_path):
    seen = []
    stop = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: (seen.append(batch), setattr(stop.model, "stop_training", batch >= 1))
    )
    train(out=tmp_path, epochs=3, callbacks=[stop])
    assert seen == [0, 1]


def test_a_single_step_moves_the_weights():
    trained = train(epochs=1, sequence_length=400, batch_size=64, validation_split=0)
    fresh = textrnn.LanguageModel(trained.tokenizer, cell="rnn", units=8, embedding_dim=4)
    assert any((a != b).any() for a, b in zip(weights(trained), weights(fresh), strict=True))


@pytest.mark.usefixtures("finished")
def test_a_finished_training_leaves_nothing_behind():
    def living():
        gc.collect()
        return sum(type(thing) is Trainer for thing in gc.get_objects())

    before = living()
    train(epochs=1)
    assert living() <= max(before, 1)  # Keras keeps the last


def test_trainer_takes_float64_and_numpy_numbers(tmp_path):
    keras.config.set_dtype_policy("float64")
    try:
        model = train(out=tmp_path, units=np.int64(8), epochs=1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.embedding.embeddings.dtype == "float64"


def test_a_run_resumes_with_a_corpus_that_was_moved(tmp_path, monkeypatch):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/sea.txt").write_text("".join(TEXTS))
    options = {**SMALL, "epochs": 1, "out": tmp_path / "corpus/run"}  # the run's samples.txt is no part of the corpus
    textrnn.train_language_model(tmp_path / "corpus", **arguments_for(LANGUAGE_MODEL, **options))
    monkeypatch.chdir(tmp_path)
    textrnn.train_language_model("corpus", **arguments_for(LANGUAGE_MODEL, resume=True, **{**options, "epochs": 2}))
    assert [line["epoch"] for line in RunFolder(options["out"]).history()] == [1, 2]


def test_a_refused_run_leaves_no_trace(run, tmp_path):
    ids = (run / "ids.bin").read_bytes()
    options = {**SMALL, "epochs": 2, "precision": "float32", "out": run, "resume": True}
    with pytest.raises(ValueError, match="the corpus must be the one"):
        textrnn.train_language_model(TEXTS[:3], **arguments_for(LANGUAGE_MODEL, **options))
    assert (run / "ids.bin").read_bytes() == ids
    with pytest.raises(ValueError, match="longer than one window"):
        textrnn.train_language_model(
            ["short"], **arguments_for(LANGUAGE_MODEL, **SMALL, epochs=1, out=tmp_path / "short")
        )
    assert not (tmp_path / "short").exists()


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_whose_checkpoint_was_removed_is_not_overwritten(run, resume):
    RunFolder(run).checkpoint.unlink()
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    with pytest.raises(FileExistsError, match="holds a run without its checkpoint"):
        train(out=run, precision="float32", resume=resume)
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


def test_somebody_elses_files_are_not_overwritten(tmp_path):
    (tmp_path / "config.json").write_text('{"mine": true}')
    (tmp_path / "samples.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds other files by the names config.json, samples.txt"):
        train(out=tmp_path)
    assert (tmp_path / "samples.txt").read_text() == "mine"


def test_temporary_files_of_a_killed_process_are_removed(run):
    leftover = run / "checkpoint/.textrnn-state-abc.npz"
    leftover.write_bytes(b"half")
    train(out=run, precision="float32", resume=True)
    assert not leftover.exists()


def test_bits_per_character_count_the_ends_of_documents_against_the_characters(tmp_path):
    texts = ["ab", "abc", "a", "abcd"] * 6
    model = textrnn.train_language_model(
        texts,
        **arguments_for(
            LANGUAGE_MODEL,
            documents="string",
            out=tmp_path,
            validation_split=0.2,
            precision="float32",
            **SMALL,
            epochs=1,
        ),
    )
    held_out = [texts[row] for row in np.random.default_rng(0).permutation(24)[19:]]
    scores = [model.evaluate_text(text) for text in held_out]
    nats = -sum(score.log_probabilities.sum() for score in scores)
    tokens = sum(len(score.log_probabilities) for score in scores)
    (line,) = RunFolder(tmp_path).history()
    assert line["val_loss"] == pytest.approx(nats / tokens, rel=1e-5)
    ratio = sum(len(text) + 1 for text in texts) / sum(map(len, texts))
    assert line["val_bits_per_character"] == pytest.approx(line["val_loss"] / np.log(2) * ratio, rel=1e-6)


@pytest.mark.parametrize("documents", [None, "line"])
def test_sharding_a_batch_over_cores_changes_no_weights(documents, monkeypatch):
    models = []
    for count in (1, 2):
        monkeypatch.setattr(traced_steps, "count_shards", lambda rows, count=count: count)
        options = {"cell": "rnn", "units": 8, "epochs": 1, "batch_size": 5, "sequence_length": 20, "dropout": 0.0}
        options |= {"precision": "float32", "validation_split": 0, "verbose": False}
        texts = ["The tide is late.\n", "A gull.\n", "So it goes, they said, and went.\n"] * 20
        models.append(
            textrnn.train_language_model(
                texts, **arguments_for(LANGUAGE_MODEL, documents="string" if documents else None, **options)
            )
        )
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_given_tokenizer_is_not_changed():
    tokenizer = WordTokenizer()
    options = {**SMALL, "tokenizer": tokenizer, "documents": "string"}
    models = [make_language_model([text] * 4, **options) for text in ("the sea", "a rope")]
    assert not tokenizer.is_fitted
    assert [model.tokenizer.to_dict()["words"] for model in models] == [["sea", "the"], ["a", "rope"]]
