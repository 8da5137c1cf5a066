"""Models and layers without this package: exported files, and files that Keras opens by itself."""

import functools
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn import layers, registration
from textrnn.layers import Bidirectional, GRUCell, LSTMCell, MinGRUCell, Recurrent, RNNCell
from textrnn.text import CharacterTokenizer

IDS = np.array([[1, 2, 3, 4, 0], [2, 3, 0, 0, 0]], "int32")
SERIES = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
SERIES[1, 3:] = 0
CELLS = {
    "rnn": lambda: RNNCell(4),
    "lstm": lambda: LSTMCell(4),
    "gru": lambda: GRUCell(4),
    "gru_reset_before": lambda: GRUCell(4, reset_after=False),
    "min_gru": lambda: MinGRUCell(4),
}


@functools.cache
def functional(name):
    """A model of one layer, but for the simple one's, which has another on top that reads both ways."""
    inputs = keras.Input([None, 3])
    entering, has_two = keras.layers.Masking()(inputs), name == "rnn"
    hidden = Recurrent(CELLS[name](), return_sequences=has_two)(entering, training=name == "lstm")
    return keras.Model(inputs, Bidirectional(Recurrent(CELLS[name]()))(hidden) if has_two else hidden)


@functools.cache
def language_model():
    tokenizer = CharacterTokenizer().fit("the sea")
    return textrnn.LanguageModel(tokenizer, cell="rnn", units=4, dropout=0.1)


@functools.cache
def classifier():
    return textrnn.TextClassifier(
        CharacterTokenizer().fit("the sea"), ["a", "b"], cell="rnn", units=4, ngram_buckets=7
    )


READ = """
import sys
import numpy as np, tensorflow as tf
for name in sys.argv[1:]:
    data = np.load(f"{name}.npz")
    inputs = tf.constant(data["inputs"])
    loaded = tf.saved_model.load(name)
    with tf.GradientTape() as tape:
        if "gradient" in data:
            tape.watch(inputs)
        (outputs,) = loaded.signatures["serving_default"](inputs).values()
    np.testing.assert_allclose(outputs, data["outputs"], rtol=0, atol=1e-5, err_msg=name)
    if "gradient" in data:
        np.testing.assert_allclose(tape.gradient(outputs, inputs), data["gradient"], rtol=0, atol=1e-5, err_msg=name)
assert "textrnn" not in sys.modules
print("read")
"""
LOAD = """
import sys
{imports}
import numpy as np
assert "textrnn.layers" not in sys.modules
data = np.load("data.npz")
model = keras.models.load_model("model.keras")
for got, expected in zip(model(data["ids"]), (data["logits"], data["answers"])):
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)
keras.models.clone_model(model)
print(*(type(keras.models.load_model(name)).__name__ for name in ("lm.keras", "classifier.keras")))
"""
LIGHT = "import textrnn; assert not {'keras', 'tensorflow'} & set(sys.modules)"
PROCESSES = {
    "textrnn": LOAD.format(imports=f"{LIGHT}; import keras"),
    "textrnn_then_tensorflow": LOAD.format(imports=f"{LIGHT}; import tensorflow as tf; keras = tf.keras"),
    "keras": READ + LOAD.format(imports="import keras; import textrnn"),
}
"""Programs by their first import; the last one begins without this package."""


def write_saved_models(folder):
    """Write SavedModels and their answers to `folder`; return the names."""
    names = []

    def keep(name, model, inputs, export):
        export(model, folder / name)
        inputs = tf.constant(inputs)
        with tf.GradientTape() as tape:
            if inputs.dtype.is_floating:
                tape.watch(inputs)
            outputs = model(inputs)
        kept = {"inputs": inputs, "outputs": outputs}
        if inputs.dtype.is_floating:
            kept["gradient"] = tape.gradient(outputs, inputs)
        np.savez(folder / f"{name}.npz", **kept)
        names.append(name)

    def export(model, path):
        model.export(path, verbose=False)

    def export_fixed(model, path):
        model.export(path, verbose=False, input_signature=[keras.InputSpec(shape=(2, 5), dtype="int32")])

    for name in CELLS:
        keep(name, functional(name), SERIES, export if name == "rnn" else tf.saved_model.save)
    keep("language_model", language_model(), IDS, export)
    keep("classifier", classifier(), IDS, export_fixed)
    keep("classifier_saved", classifier(), IDS, tf.saved_model.save)
    return names


def write_keras_files(folder):
    """Write a functional model of many layers, its answers, and a model of each kind to `folder`."""
    lm, labels = language_model(), classifier()
    ids = keras.Input([None], dtype="int32")
    cells = keras.layers.RNN([MinGRUCell(3), RNNCell(2)], return_sequences=True)
    hidden = cells(layers.NgramEmbedding(7, 4)(ids))
    hidden = layers.LockedDropout(0.1)(keras.layers.Concatenate()([lm(ids), hidden]))
    outputs, last = Recurrent(LSTMCell(4), True, True)(Bidirectional(Recurrent(GRUCell(4), True))(hidden))[:2]
    pooled = [layers.AttentionPooling()(outputs, last), layers.ConcatPooling()(outputs, last)]
    model = keras.Model(ids, [keras.layers.Concatenate()(pooled), labels(ids)])
    logits, answers = model(IDS)
    np.savez(folder / "data.npz", ids=IDS, logits=logits, answers=answers)
    for name, made in {"model": model, "lm": lm, "classifier": labels}.items():
        made.save(folder / f"{name}.keras")


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """Output and errors of each program of `PROCESSES`."""
    folder = tmp_path_factory.mktemp("files")
    names = write_saved_models(folder)
    write_keras_files(folder)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    runs = {
        first: subprocess.Popen([sys.executable, "-c", code, *names], cwd=folder, env=environment, text=True, **pipes)
        for first, code in PROCESSES.items()
    }
    return {first: run.communicate() for first, run in runs.items()}


def test_saved_models_answer_and_differentiate_the_same_without_this_package(processes):
    output, errors = processes["keras"]
    assert output.startswith("read\n"), errors[-2000:]


@pytest.mark.parametrize("first", PROCESSES)
def test_keras_opens_models_in_a_new_process_whichever_is_imported_first(first, processes):
    output, errors = processes[first]
    assert output.endswith("LanguageModel TextClassifier\n"), errors[-2000:]


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize("name", [*CELLS, "language_model", "classifier"])
def test_litert_answers_the_same_with_its_own_operations(name, tmp_path):
    models = {"language_model": language_model, "classifier": classifier}
    model, inputs = (models[name](), IDS) if name in models else (functional(name), SERIES)
    built_in = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    model.export(tmp_path / "model.tflite", format="litert", verbose=False, target_spec=built_in)
    interpreter = tf.lite.Interpreter(str(tmp_path / "model.tflite"))
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, inputs.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, inputs)
    interpreter.invoke()
    outputs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(outputs, model(inputs), rtol=0, atol=1e-5)


def test_a_model_with_labels_says_how_it_is_called(tmp_path):
    model = textrnn.LanguageModel(CharacterTokenizer().fit("the sea"), units=4, labels=["a", "b"])
    with pytest.raises(ValueError, match="a model with `labels` needs the label of each row"):
        model.export(tmp_path / "model", verbose=False)


def test_onnx_is_refused_with_other_formats(tmp_path):
    with pytest.raises(ValueError, match="`format` must be 'tf_saved_model' or 'litert'; received 'onnx'"):
        language_model().export(tmp_path / "model.onnx", format="onnx", verbose=False)


@pytest.mark.parametrize("make", [language_model, classifier])
def test_a_frozen_model_comes_back_frozen(make, tmp_path):
    model = type(make()).from_config({**make().get_config(), "trainable": False})
    model.save(tmp_path / "model.keras")
    for frozen in (model, textrnn.load(tmp_path / "model.keras")):
        assert not any(variable.trainable for variable in frozen.weights)
        frozen.trainable = True
        assert all(variable.trainable for variable in frozen.weights)


def test_every_class_that_files_name_is_registered():
    registered = {name for name in keras.saving.get_custom_objects() if name.startswith("textrnn>")}
    assert registered == {f"textrnn>{name}" for names in registration.HOMES.values() for name in names}
