"""Models quantized to eight bits, and the presets."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import textrnn
from textrnn import runtime
from textrnn.runtime.archive import PRESETS, presets
from textrnn.text import CharacterTokenizer, WordTokenizer

TEXT = "the sea is a slow clock.\nthe light turns.\n"


def make_language_model():
    return textrnn.LanguageModel(CharacterTokenizer().fit(TEXT), units=64, embedding_dim=48, num_layers=2)


def make_classifier():
    return textrnn.TextClassifier(WordTokenizer().fit(TEXT), ["a", "b"], units=48, ngram_buckets=300, temperature=2.0)


@pytest.mark.parametrize("make", [make_language_model, make_classifier])
def test_a_quantized_file_is_smaller_and_both_read_the_same_from_it(make, tmp_path):
    model = make()
    model.save(tmp_path / "whole.keras")
    model.save(tmp_path / "small.keras", quantized=True)
    sizes = [(tmp_path / name).stat().st_size for name in ("small.keras", "whole.keras")]
    assert sizes[0] < 0.5 * sizes[1]
    slow, fast = textrnn.load(tmp_path / "small.keras"), runtime.load(tmp_path / "small.keras")
    assert slow.get_config() == model.get_config()
    for own, before in zip(slow.weights, model.weights, strict=True):
        step = np.abs(before.numpy()).max() / 127
        assert np.abs(own.numpy() - before.numpy()).max() <= step / 2 * 1.001
    if isinstance(model, textrnn.LanguageModel):
        np.testing.assert_allclose(slow.score(TEXT).log_probabilities, fast.score(TEXT).log_probabilities, atol=1e-5)
        assert slow.read(TEXT).fingerprint == fast.read(TEXT).fingerprint
    else:
        probabilities = [each.classify([TEXT])[0].probabilities for each in (slow, fast)]
        assert probabilities[0] == pytest.approx(probabilities[1], abs=1e-5)


def test_each_row_of_a_quantized_weight_has_its_own_scale(tmp_path):
    tokens = "".join(map(chr, range(33, 127)))
    model = textrnn.LanguageModel(CharacterTokenizer().fit(tokens), units=8, embedding_dim=48)
    size = np.logspace(-4, 2, model.tokenizer.vocabulary_size)
    model.embedding.embeddings.assign(size[:, None] * np.linspace(-1, 1, 48))
    model.save(tmp_path / "small.keras", quantized=True)
    own = runtime.load(tmp_path / "small.keras").embeddings
    assert (np.abs(own - model.embedding.embeddings.numpy()).max(axis=1) <= size / 254 * 1.001).all()


def test_quantized_must_be_a_boolean(tmp_path):
    with pytest.raises(TypeError, match="`quantized` must be True or False; received 8"):
        make_classifier().save(tmp_path / "small.keras", quantized=8)
    assert not list(tmp_path.iterdir())


def test_a_preset_is_found_by_its_name_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in presets():
        assert (PRESETS / f"{name}.md").is_file()
        assert (PRESETS / f"{name}.keras").stat().st_size < 8e6
    lm = runtime.load("plays-en")
    assert lm.generate("ISELIN:\n", length=40, seed=1) == textrnn.load("plays-en").generate(
        "ISELIN:\n", length=40, seed=1
    )
    shutil.copy(PRESETS / "plays-en.keras", tmp_path / "plays-en")
    assert runtime.find_model("plays-en") == Path("plays-en")  # a file of that name comes first
    with pytest.raises(FileNotFoundError, match=r"or the name of a preset \(.*plays-en.*\); nowhere does not exist"):
        runtime.load("nowhere")


def test_a_vocabulary_may_be_large(tmp_path):
    tokenizer = WordTokenizer().fit([" ".join(f"word{n}" for n in range(17_000))])  # scales of more than 64 KB
    model = textrnn.TextClassifier(tokenizer, ["a", "b"], embedding_dim=4, units=2)
    model.save(tmp_path / "small.keras", quantized=True)
    own = runtime.load(tmp_path / "small.keras").text_encoders[0].embeddings
    np.testing.assert_allclose(own, model.text_encoders[0].embedding.embeddings.numpy(), atol=0.01)


def test_the_sentiment_preset_distinguishes_praise_from_blame():
    texts = ["A wonderful film, I loved every minute of it.", "A dull and terrible waste of time.", ""]
    fast, slow = (load("sentiment-en").classify(texts) for load in (runtime.load, textrnn.load))
    assert [answer.label for answer in fast[:2]] == ["positive", "negative"]
    for one, other in zip(fast, slow, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-4)


def test_damage_of_any_byte_is_reported(tmp_path):
    path = tmp_path / "model.keras"
    make_language_model().save(path, quantized=True)
    whole, refused = path.read_bytes(), 0
    for place in np.linspace(0, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        for load in (runtime.load, textrnn.load):
            try:
                load(path)
            except ValueError as error:
                assert "keras" in str(error)  # noqa: PT017
                refused += 1
    assert refused > 20


@pytest.mark.parametrize("name", ["config.json", "model.weights.int8.h5"])
def test_damage_within_compressed_data_is_named(name, tmp_path):
    path = tmp_path / "model.keras"
    make_language_model().save(path, quantized=True)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(name).header_offset + 30 + len(name)
    whole = path.read_bytes()
    path.write_bytes(whole[:start] + b"\xff" * 8 + whole[start + 8 :])  # no block of deflate begins so: zlib.error
    for load in (runtime.load, textrnn.load):
        with pytest.raises(ValueError, match=r"keras file|damaged"):
            load(path)
