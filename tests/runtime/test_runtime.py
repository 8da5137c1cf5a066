"""A model run with NumPy alone equals the model in TensorFlow."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import textrnn
from textrnn import runtime
from textrnn.options.tasks import GENERATION, arguments_for
from textrnn.text import BytePairTokenizer, ByteTokenizer, CharacterTokenizer, WordTokenizer

TEXT = "the sea is a slow clock.\nthe light turns.\n"
LANGUAGE_MODELS = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "min_gru": {"cell": "min_gru"},
    "eleven_layers": {"num_layers": 11, "layer_norm": True},  # names in the file are sorted as numbers
    "zoneout": {"zoneout": 0.3},
    "residual": {"residual": True, "dropout": 0.4, "weight_drop": 0.3, "input_dropout": 0.1},
    "tied": {"tie_embeddings": True, "embedding_dim": 8},
    "tied_projected": {"tie_embeddings": True, "embedding_dim": 5, "layer_norm": True, "num_sampled": 4},
    "labels": {"labels": ["bad", "good"]},
    "end_of_text": {"end_of_text": True},
    "bfloat16": {"dtype": "mixed_bfloat16"},
}
CLASSIFIERS = {
    "rnn": {"cell": "rnn"},
    "lstm_one_way": {"cell": "lstm", "bidirectional": False},
    "lstm": {"cell": "lstm", "num_layers": 2},
    "gru_ngrams": {"cell": "gru", "ngrams": 5, "ngram_buckets": 17},
    "small_ngrams": {"cell": "min_gru", "bidirectional": False, "ngrams": 3, "ngram_buckets": 17, "ngram_dim": 3},
    "attention": {"cell": "gru", "pooling": "attention"},
    "min_gru_members": {"cell": "min_gru", "ensemble_size": 2, "ngram_buckets": 5},
    "wide": {"cell": "rnn", "wide_ngrams": 3, "wide_buckets": 17},
    "wide_members": {"wide_ngrams": 1, "ensemble_size": 2, "temperature": 0.3},
    "calibrated_members": {"ensemble_size": 3, "temperature": 0.3},
}


def shaken(model):
    """Every weight moved, so that zeros and ones at the start hide nothing."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight.numpy() + generator.normal(scale=0.1, size=weight.shape))
    return model


def both(model, folder):
    """The model as TensorFlow and as NumPy read it."""
    model.save(folder / "model.keras")
    return textrnn.load(folder / "model.keras"), runtime.load(folder / "model.keras")


def make_language_model(tokenizer=None, **options):
    tokenizer = tokenizer or CharacterTokenizer().fit(TEXT)
    return shaken(textrnn.LanguageModel(tokenizer, **{"units": 8, "embedding_dim": 6, "num_layers": 2, **options}))


@pytest.mark.parametrize("options", LANGUAGE_MODELS.values(), ids=LANGUAGE_MODELS)
def test_logits_and_states_of_a_language_model_are_those_of_tensorflow(options, tmp_path):
    slow, fast = both(make_language_model(**options), tmp_path)
    ids = np.stack([slow.tokenizer.encode(TEXT[n : n + 20]) for n in range(3)])
    labels = [1, 0, 1] if slow.labels else 0
    expected, states = slow.step(ids, slow.initial_states(3, labels))
    logits, own_states = fast.step(ids, fast.initial_states(3, labels))
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    assert len(own_states) == len(states)
    for own, state in zip(own_states, states, strict=True):
        np.testing.assert_allclose(own, state, atol=1e-5)
    one, _ = fast.step(ids[:, :1], own_states)
    np.testing.assert_allclose(one, slow.step(ids[:, :1], states)[0], atol=1e-5)


@pytest.mark.parametrize("tokenizer", [CharacterTokenizer, ByteTokenizer, BytePairTokenizer, WordTokenizer])
def test_a_seed_writes_the_same_text_without_tensorflow(tokenizer, tmp_path):
    slow, fast = both(make_language_model(tokenizer().fit(TEXT), cell="gru"), tmp_path)
    options = {"length": 60, "seed": 3, "temperature": 0.9, "top_p": 0.95, "samples": 3}
    assert fast.generate("the ", **arguments_for(GENERATION, **options)) == slow.generate(
        "the ", **arguments_for(GENERATION, **options)
    )
    assert "".join(fast.stream("the ", length=30, seed=1)) == slow.generate("the ", length=30, seed=1)


def test_scores_states_and_protocols_agree_with_tensorflow(tmp_path):
    slow, fast = both(make_language_model(labels=["bad", "good"]), tmp_path)
    np.testing.assert_allclose(
        fast.score(TEXT, condition="good").log_probabilities,
        slow.score(TEXT, condition="good").log_probabilities,
        atol=1e-5,
    )
    for protocol in ("stateful", "blocks"):
        own = fast.evaluate_text(TEXT * 20, protocol, condition="bad")
        assert own.nats_per_character == pytest.approx(
            slow.evaluate_text(TEXT * 20, protocol, condition="bad").nats_per_character, abs=1e-5
        )
    state = slow.read(TEXT[:20], condition="good")  # a state goes from one to the other
    np.testing.assert_allclose(
        fast.score(TEXT[20:], state).log_probabilities, slow.score(TEXT[20:], state).log_probabilities, atol=1e-5
    )


def test_a_large_vocabulary_is_projected_when_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime.language_model, "TABLE_AT_MOST", 1)
    slow, fast = both(make_language_model(), tmp_path)
    assert fast.table is None
    np.testing.assert_allclose(fast.score(TEXT).log_probabilities, slow.score(TEXT).log_probabilities, atol=1e-5)


@pytest.mark.parametrize("options", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_a_classifier_answers_as_with_tensorflow(options, tmp_path):
    tokenizer = WordTokenizer().fit(TEXT)
    model = textrnn.TextClassifier(tokenizer, ["no", "so so", "yes"], units=5, embedding_dim=6, **options)
    slow, fast = both(shaken(model), tmp_path)
    texts = ["the sea", "", "the light turns . is a clock what slow", "turns turns"]
    for own, expected in zip(fast.classify(texts, batch_size=3), slow.classify(texts), strict=True):
        assert own.label == expected.label
        assert own.probabilities == pytest.approx(expected.probabilities, abs=1e-5)


def test_runtime_imports_no_tensorflow(tmp_path):
    make_language_model().save(tmp_path / "model.keras")
    program = (
        "import sys, textrnn.runtime as runtime\n"
        f"print(len(runtime.load({str(tmp_path / 'model.keras')!r}).generate(length=9, seed=1)))\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules), sorted(sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("9\n", 0), ran.stderr


def test_a_file_that_is_no_whole_model_is_refused(tmp_path):
    make_language_model().save(tmp_path / "whole.keras")
    (tmp_path / "cut.keras").write_bytes((tmp_path / "whole.keras").read_bytes()[:3000])
    with zipfile.ZipFile(tmp_path / "whole.keras") as whole, zipfile.ZipFile(tmp_path / "other.keras", "w") as other:
        config = json.loads(whole.read("config.json"))
        other.writestr("model.weights.h5", whole.read("model.weights.h5"))
        other.writestr("config.json", json.dumps({**config, "registered_name": "keras>Sequential"}))
    with zipfile.ZipFile(tmp_path / "whole.keras") as whole, zipfile.ZipFile(tmp_path / "less.keras", "w") as less:
        config["config"]["num_layers"] = 3
        less.writestr("model.weights.h5", whole.read("model.weights.h5"))
        less.writestr("config.json", json.dumps(config))
    with zipfile.ZipFile(tmp_path / "whole.keras") as whole, zipfile.ZipFile(tmp_path / "bare.keras", "w") as bare:
        bare.writestr("model.weights.h5", whole.read("model.weights.h5"))
        bare.writestr("config.json", json.dumps({"registered_name": config["registered_name"]}))
    for name, message in {
        "bare": "must be a whole .keras file",
        "cut": "must be a whole .keras file",
        "other": "must hold a textrnn model; it holds 'keras>Sequential'",
        "less": "must be a whole .keras file; .* it lacks the weight layers/recurrent_2/cell/vars/0",
    }.items():
        with pytest.raises(ValueError, match=message):
            runtime.load(tmp_path / f"{name}.keras")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.keras does not exist"):
        runtime.load(tmp_path / "nowhere.keras")
    with pytest.raises(TypeError, match="`path` must be the path"):
        runtime.load(3)
