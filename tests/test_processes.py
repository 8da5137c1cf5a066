"""Forks and threads: a fork that would hang raises an error, and threads answer like one."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from commands import Fork

import textrnn
from textrnn import runtime

TEXT = "the sea is a slow clock.\nthe light turns, the sea waits.\n"

FORKS = """
import json, os, signal, sys
import numpy as np

path = sys.argv[1]
ids = np.full([40, 60], 5, np.int32)

def texts(module):
    return str(module.load(f"{path}/lm.keras").generate("the", length=5, seed=1))

def labels(module):
    return [answer.label for answer in module.load(f"{path}/classifier.keras").classify(["the sea", "a clock"])]

def outcome(work):
    # What a forked child says of its work, or that it had to be killed.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            said = repr(work())[:60]
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    status = os.waitpid(child, 0)[1]
    return os.read(reading, 9999).decode() if status == 0 else f"ended with {status}"

import textrnn
import keras, tensorflow as tf  # to import them is no work yet

said = {"without": outcome(lambda: (texts(textrnn), labels(textrnn)))}
tf.constant(1.0) + 1
said["runtime"] = outcome(lambda: (texts(textrnn.runtime), labels(textrnn.runtime)))
said["foreign work"] = outcome(lambda: textrnn.load(f"{path}/lm.keras"))
lm, classifier = (textrnn.load(f"{path}/{name}.keras") for name in ("lm", "classifier"))
for model in (lm, classifier):
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
layer, cell = textrnn.layers.Recurrent(textrnn.layers.LSTMCell(99)), textrnn.layers.GRUCell(4)
state = lm.read("the sea")
lm(ids), lm.predict(ids, verbose=0), classifier.classify(["the sea"])
works = {
    "call": lambda: lm(ids),
    "forward": lambda: lm.forward(ids, lm.initial_states(40)),
    "predict": lambda: lm.predict(ids, verbose=0),
    "predict_on_batch": lambda: lm.predict_on_batch(ids),
    "fit": lambda: lm.fit(ids, ids, verbose=0),
    "evaluate": lambda: classifier.evaluate(ids, ids[:, 0] * 0, verbose=0),
    "generate": lambda: lm.generate("the", length=3, seed=1),
    "stream": lambda: "".join(lm.stream("the", length=3, seed=1)),
    "read": lambda: lm.read("the sea"),
    "score": lambda: lm.score("the sea", state),
    "rank": lambda: lm.rank(["the sea"]),
    "evaluate_text": lambda: lm.evaluate_text("the sea" * 200, "blocks"),
    "dynamic": lambda: lm.evaluate_text("the sea" * 20, "dynamic"),
    "compress": lambda: lm.compress("the sea"),
    "pool": lambda: textrnn.StreamPool(lm).add("the sea"),
    "classify": lambda: classifier.classify(["the sea"]),
    "explain": lambda: classifier.explain("the sea"),
    "encoder": lambda: classifier.stream(),
    "calibrate": lambda: classifier.calibrate(["the", "sea"], ["no", "yes"]),
    "layer": lambda: layer(np.zeros([2, 3, 4], "float32")),
    "cell": lambda: cell(np.zeros([2, 3], "float32"), [np.zeros([2, 4], "float32")]),
    "load": lambda: textrnn.load(f"{path}/lm.keras"),
    "make": lambda: textrnn.LanguageModel(lm.tokenizer, units=4),
    "train": lambda: textrnn.train_language_model(["the sea is a slow clock. " * 99], units=4, verbose=False),
    "teach": lambda: textrnn.train_classifier((["a", "b"] * 9, ["x", "y"] * 9), units=4, verbose=False),
}
said |= {name: outcome(work) for name, work in works.items()}
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A language model and a classifier, in files."""
    folder = tmp_path_factory.mktemp("models")
    tokenizer = textrnn.text.CharacterTokenizer().fit(TEXT)
    textrnn.LanguageModel(tokenizer, units=6, embedding_dim=5).save(folder / "lm.keras")
    options = {"units": 4, "bidirectional": False, "embedding_dim": 4}
    textrnn.TextClassifier(tokenizer, ["no", "yes"], **options).save(folder / "classifier.keras")
    return folder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_answers_or_says_at_once_why_it_cannot(models, tmp_path):
    status, shown = Fork("-c", FORKS, models, cwd=tmp_path).end()
    assert status == 0, shown[-2000:]
    said = json.loads(shown.splitlines()[-1])
    assert said.pop("without") == said.pop("runtime")  # before TensorFlow has worked, a child may use it
    for words in ("TensorFlow cannot work in this process", "`textrnn.runtime.load`", "'spawn'"):
        assert not {name: answer for name, answer in said.items() if words not in answer}


@pytest.mark.parametrize("load", [runtime.load, textrnn.load], ids=["runtime", "Keras"])
def test_eight_threads_answer_like_one(load, models):
    lm, classifier = load(models / "lm.keras"), load(models / "classifier.keras")

    def work(number):
        text = TEXT[number:]
        written = lm.generate(text[:9], length=20, seed=number)
        several = lm.generate(text[:5], length=9, seed=number, samples=3, top_k=2 + number % 6)
        labels = [answer.probability for answer in classifier.classify([text, text[:9]])]
        return written, several, lm.score(text).nats_per_character, labels, lm.decompress(lm.compress(text[:20]))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(16)))
    lm, classifier = load(models / "lm.keras"), load(models / "classifier.keras")
    for answer, expected in zip(answers, map(work, range(16)), strict=True):
        assert answer[:2] == expected[:2]
        np.testing.assert_allclose(answer[2], expected[2], rtol=1e-6)
        np.testing.assert_allclose(answer[3], expected[3], rtol=1e-5)
        assert answer[4] == expected[4]
