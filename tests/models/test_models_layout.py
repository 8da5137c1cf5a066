"""One layout names the weights of a model, of its file and of its NumPy model, which is built once."""

import concurrent.futures
import io
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn import runtime
from textrnn.models.snapshots import find_variables, read_weights
from textrnn.runtime.archive import read_archive
from textrnn.runtime.layout import parts_of
from textrnn.runtime.quantized import WEIGHTS, find_datasets
from textrnn.text import CharacterTokenizer

TOKENIZER = CharacterTokenizer().fit("the sea is a slow clock.")
SMALL = {"units": 5, "embedding_dim": 4}
DROPOUT = {"dropout": 0.1, "weight_drop": 0.1}  # their seeds lie in the file, too
LANGUAGE_MODELS = {
    **{cell: {"cell": cell, "num_layers": 2} for cell in ("rnn", "lstm", "gru", "min_gru")},
    "eleven_layers_with_norms": {"num_layers": 11, "layer_norm": True, **DROPOUT},
    "labels": {"labels": ["a", "b"], "input_dropout": 0.1, "embedding_dropout": 0.1},
    "tied": {"tie_embeddings": True, "embedding_dim": 5, "zoneout": 0.1},
    "tied_bottleneck": {"tie_embeddings": True, "layer_norm": True, "num_sampled": 3, "labels": ["a"]},
}
CLASSIFIERS = {
    **{cell: {"cell": cell, "num_layers": 2} for cell in ("rnn", "lstm", "gru", "min_gru")},
    "bidirectional": {"bidirectional": True, "num_layers": 3, **DROPOUT},
    "ensemble": {"bidirectional": True, "num_layers": 2, "ensemble_size": 3, "token_dropout": 0.1},
    "reverse": {"bidirectional": False, "ensemble_size": 2, "reverse": [False, True]},
    "attention": {"bidirectional": False, "pooling": "attention", "num_layers": 2},
    "ngrams": {"ngrams": 3, "ngram_buckets": 7, "ensemble_size": 2},
    "wide": {"wide_ngrams": 3, "wide_buckets": 7, "ensemble_size": 2},
    "wide_tokens": {"wide_ngrams": 1},
    "small_ngrams": {"ngram_buckets": 7, "ngram_dim": 3, "pooling": "attention"},
}
KINDS = {
    **{f"language_model_{name}": ("LanguageModel", options) for name, options in LANGUAGE_MODELS.items()},
    **{f"classifier_{name}": ("TextClassifier", options) for name, options in CLASSIFIERS.items()},
}


def make(kind, options):
    labels = {"labels": ["no", "yes"]} if kind == "TextClassifier" else {}
    model = getattr(textrnn, kind)(TOKENIZER, **{**SMALL, **labels, **options})
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(generator.normal(size=weight.shape))
    return model


@pytest.mark.parametrize(("kind", "options"), KINDS.values(), ids=KINDS)
def test_layout_file_and_model_agree(kind, options, tmp_path):
    model = make(kind, options)
    model.save(tmp_path / "model.keras")
    parts = list(parts_of(kind, model.get_config(), TOKENIZER.vocabulary_size))
    found = {part.name: find_variables(model, part.name) for part in parts}

    listed = [variable for variables in found.values() for variable in variables]
    assert len(listed) == len({id(variable) for variable in listed}) == len(model.weights)
    assert {id(variable) for variable in listed} == {id(variable) for variable in model.weights}

    with zipfile.ZipFile(tmp_path / "model.keras") as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
        stored = {path: np.asarray(dataset) for path, dataset in find_datasets(file).items()}
    for part in parts:
        for number, (variable, shape) in enumerate(zip(found[part.name], part.shapes, strict=True)):
            values = stored.pop(f"{part.path}/vars/{number}".removeprefix("/"))
            assert values.shape == shape == tuple(variable.shape)
            np.testing.assert_array_equal(values, variable.numpy())
    assert {values.dtype.kind for values in stored.values()} <= {"u"}, "all else are the states of random generators"

    for weights in (read_archive(tmp_path / "model.keras").weights, read_weights(model, kind, model.get_config())):
        assert list(weights) == [part.name for part in parts]
        for name, arrays in weights.items():
            for array, variable in zip(arrays, found[name], strict=True):
                np.testing.assert_array_equal(array, variable.numpy())


def train(variable, *, is_sparse=False, jit_compile=False):
    gradient = tf.ones(variable.shape)
    if is_sparse:
        gradient = tf.IndexedSlices(gradient[:1], tf.constant([1]), tf.constant(variable.shape))
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build([variable])
    tf.function(lambda: optimizer.apply([gradient], [variable]), jit_compile=jit_compile)()


CHANGES = {
    "assign": lambda variable: variable.assign(variable.numpy() + 1),
    "assign_add": lambda variable: variable.value.assign_add(tf.ones(variable.shape)),
    "optimizer": train,
    "compiled optimizer": lambda variable: train(variable, jit_compile=True),
    "sparse gradient": lambda variable: train(variable, is_sparse=True),
    "scatter": lambda variable: variable.value.scatter_nd_add([[2]], tf.ones([1, variable.shape[1]])),
}


@pytest.mark.parametrize("kind", ["LanguageModel", "TextClassifier"])
def test_the_numpy_model_is_rebuilt_only_when_weights_change(kind):
    model = make(kind, {})
    embedding = model.embedding if kind == "LanguageModel" else model.text_encoders[0].embedding
    for name, change in [*CHANGES.items(), *CHANGES.items()]:  # a scatter changes how TensorFlow reads a variable
        before = model.to_numpy()
        assert model.to_numpy() is before, name
        held = {part: [np.array(array) for array in arrays] for part, arrays in model.snapshots.made[1].items()}
        weights = model.snapshots.made[1]
        change(embedding.embeddings)
        assert model.to_numpy() is not before, name
        assert model.to_numpy() is model.to_numpy(), name
        for part, arrays in weights.items():  # what was read stays
            for array, copy in zip(arrays, held[part], strict=True):
                np.testing.assert_array_equal(array, copy)


def test_a_classifier_explains_with_its_current_weights_and_temperature():
    model = make("TextClassifier", {"bidirectional": False})
    first, stream = model.explain("the sea", "yes"), model.stream()
    model.temperature = 2.0
    assert model.explain("the sea", "yes").difference == pytest.approx(first.difference / 2)
    model.text_encoders[0].head.bias.assign([0.0, 100.0])
    assert model.explain("the sea", "yes").difference > 40
    assert model.stream().feed("the sea").label == "yes"
    before = stream.feed("the sea").probabilities  # a stream keeps the weights it began with
    assert np.log(before["yes"] / before["no"]) == pytest.approx(first.difference, abs=1e-5)


def test_threads_share_one_numpy_model(monkeypatch):
    model, made = make("TextClassifier", {"bidirectional": False}), []
    make_one = model.snapshots.make
    monkeypatch.setattr(model.snapshots, "make", lambda *given: made.append(given) or make_one(*given))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: model.explain("the sea", "yes").difference, range(16)))
    assert len(made) == 1
    assert len(set(told)) == 1
    assert isinstance(model.to_numpy(), runtime.TextClassifier)
