"""Generation with a Keras language model: one text through NumPy, many through one compiled function."""

import subprocess
import sys

import numpy as np
import pytest

import textrnn
from textrnn.generation import StreamPool, plan
from textrnn.models import language_model
from textrnn.options.tasks import GENERATION, arguments_for
from textrnn.text import CharacterTokenizer

TEXT = "the sea is a slow clock.\nthe light turns.\n"
CELLS = ("rnn", "lstm", "gru", "min_gru")
SAMPLING = {
    "plain": {},
    "filters": {"temperature": 0.8, "top_k": 9, "top_p": 0.9, "min_p": 0.01},
    "turns": {"temperature": [0, 1.5, 0.7], "banned": "e"},
    "penalty": {"repetition_penalty": 3.0, "repetition_window": 5},
}


def make(**options):
    model = textrnn.LanguageModel(
        CharacterTokenizer().fit(TEXT), **{"cell": "rnn", "units": 16, "embedding_dim": 6, "num_layers": 2, **options}
    )
    generator = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(weight.numpy() + generator.normal(scale=0.2, size=weight.shape))
    return model


@pytest.fixture
def compiles(monkeypatch):
    """Has every batch written by the compiled function."""
    monkeypatch.setattr(plan, "is_worth_compiling", lambda samples, length: samples > 1)


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("options", SAMPLING.values(), ids=SAMPLING)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_seed_writes_the_same_text_alone_and_in_a_batch(cell, options):
    model = make(cell=cell)
    texts = model.generate("the ", **arguments_for(GENERATION, length=150, seed=4, samples=6, **options))
    assert texts[0] == model.generate("the ", **arguments_for(GENERATION, length=150, seed=4, **options))
    assert texts[:3] == model.generate("the ", **arguments_for(GENERATION, length=150, seed=4, samples=3, **options))
    assert len(set(texts)) == 6


def test_a_large_batch_is_written_by_the_compiled_function(monkeypatch):
    model, steps = make(end_of_text=True), []
    numpy_model = model.to_numpy()
    monkeypatch.setattr(
        numpy_model, "step", lambda *read: steps.append(read) or type(numpy_model).step(numpy_model, *read)
    )
    texts = model.generate(length=1024, seed=1, samples=64, stop="th")
    assert len(steps) <= 1  # the one that reads the beginning
    assert all("th" not in text for text in texts)


MADE = {
    "rnn": {"cell": "rnn"},
    "min_gru": {"cell": "min_gru"},
    "layer_norm": {"cell": "lstm", "layer_norm": True, "residual": True, "embedding_dim": 16},
    "zoneout": {"cell": "lstm", "zoneout": 0.2},
    "tied": {"tie_embeddings": True},
}


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("options", MADE.values(), ids=MADE)
def test_every_cell_and_option_is_compiled_to_write_the_same(options):
    model = make(**options)
    texts = model.generate("the ", length=60, seed=4, samples=2)
    assert texts[0] == model.generate("the ", length=60, seed=4)


@pytest.mark.usefixtures("compiles")
def test_one_text_is_streamed_token_by_token_after_a_compiled_batch(monkeypatch):
    model = make()
    model.generate(length=10, seed=1, samples=2)
    monkeypatch.setattr(type(model.snapshot().write), "__call__", None)  # not called again
    assert len(list(model.stream(length=10, seed=1))) > 5


@pytest.mark.usefixtures("compiles")
def test_labels_go_through_the_compiled_function():
    model = make(labels=["bad", "good"])
    model.label_embedding.embeddings.assign(np.random.default_rng(1).normal(size=(2, 6)))
    good, bad = (model.generate(length=40, seed=1, samples=2, condition=label) for label in ("good", "bad"))
    assert good != bad
    assert good[0] == model.generate(length=40, seed=1, condition="good")


@pytest.mark.parametrize("cell", CELLS)
def test_short_and_long_texts_are_read_alike(cell, monkeypatch):
    model = make(cell=cell, zoneout=0.2, layer_norm=True, residual=True)
    step, ids = model.snapshot().step, model.tokenizer.encode(TEXT)
    rows, states = np.stack([ids, ids[::-1]]), model.initial_states(2)
    few, _ = step(rows, states)
    one, _ = step(rows[:1], model.initial_states(1))  # one text is NumPy's, however long
    monkeypatch.setattr(language_model, "MAX_NUMPY_TOKENS", 0)
    monkeypatch.setattr(model.snapshots.current()[0], "step", None)
    many, _ = step(rows, states)
    np.testing.assert_allclose(few, many, atol=1e-5)
    np.testing.assert_allclose(one, many[:1], atol=1e-5)


@pytest.mark.parametrize("cut", [1, 300, 700])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_text_read_in_two_parts_equals_the_whole_text(dtype, cut):
    model, text = make(dtype=dtype), TEXT * 20
    first, state = model.score_and_read(text[:cut])
    second = model.score(text[cut:], state)
    parts = np.concatenate([first.log_probabilities, second.log_probabilities])
    np.testing.assert_allclose(parts, model.score(text).log_probabilities, atol=1e-6)


def test_training_invalidates_the_numpy_snapshot():
    model = make()
    state, before = model.read("the "), model.score(TEXT).log_probabilities
    weight = model.recurrent_layers[1].cell.recurrent_kernel
    changed = weight.numpy()
    changed[5, 7] += 0.5
    weight.assign(changed)
    assert not np.allclose(model.score(TEXT).log_probabilities, before, atol=1e-6)
    with pytest.raises(ValueError, match="another model, or this one with other weights"):
        model.generate(state=state)


def test_a_pool_of_a_keras_model_reads_as_it_does(tmp_path):
    model = make()
    pool = StreamPool(model)
    streams = [pool.open() for _ in range(9)]
    for n, stream in enumerate(streams):
        stream.feed(TEXT[n : 2 * n])
    pool.run()
    for n, stream in enumerate(streams):
        np.testing.assert_allclose(stream.state.tensors[0], model.read(TEXT[n : 2 * n]).tensors[0], atol=1e-5)
    streams[8].state.save(tmp_path / "state")
    model.save(tmp_path / "model.keras")
    state = textrnn.State.load(tmp_path / "state")
    assert textrnn.runtime.load(tmp_path / "model.keras").generate(state=state, seed=1, length=20) == model.generate(
        state=state, seed=1, length=20
    )


def test_a_text_compressed_with_tensorflow_is_decompressed_without_it(tmp_path):
    model = make()
    model.save(tmp_path / "model.keras")
    data = model.compress(TEXT + "ü")
    assert textrnn.runtime.load(tmp_path / "model.keras").decompress(data) == TEXT + "ü"


@pytest.mark.slow
def test_a_prompt_of_ten_megabytes_is_read_in_little_memory():
    code = (
        "import resource, textrnn\n"
        "tokenizer = textrnn.text.CharacterTokenizer().fit('ab \\n')\n"
        "model = textrnn.LanguageModel(tokenizer, cell='min_gru', units=8)\n"
        "model.generate('a' * 100_000, length=1)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(len(model.generate('ab ' * 3_500_000, length=5, include_prompt=False)))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written, megabytes = map(int, done.stdout.split())
    assert written == 5
    assert (
        megabytes < 250
    )  # the text as UTF-32 and its ids are 40 MB each, and there is a moment with several of them
