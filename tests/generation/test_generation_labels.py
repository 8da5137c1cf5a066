"""Reading and generation with a model that is conditioned on labels."""

import numpy as np
import pytest

import textrnn
from textrnn.generation import Session
from textrnn.text import CharacterTokenizer

TEXT = "the sea is a slow clock."


@pytest.fixture(scope="module")
def model():
    tokenizer = CharacterTokenizer().fit(TEXT)
    model = textrnn.LanguageModel(tokenizer, cell="gru", units=8, labels=["good", "bad"])
    generator = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(generator.normal(size=variable.shape))
    return model.to_numpy()


def test_a_stream_of_a_pool_begins_with_its_label(model):
    pool = textrnn.StreamPool(model)
    streams = {label: pool.open(condition=label) for label in ("good", "bad")}
    for label, stream in streams.items():
        np.testing.assert_allclose(stream.state.logits, model.read("", condition=label).logits, atol=1e-5)
    for stream in streams.values():
        stream.feed(TEXT)
    pool.run()
    for label, stream in streams.items():
        np.testing.assert_allclose(stream.state.logits, model.read(TEXT, condition=label).logits, atol=1e-5)
    streams["bad"].reset(condition="good")
    np.testing.assert_allclose(streams["bad"].state.logits, model.read("", condition="good").logits, atol=1e-5)


def test_a_session_keeps_its_label(model, tmp_path):
    session = Session(model, condition="bad", seed=0)
    session.save(tmp_path / "writing.json")
    loaded = Session.load(tmp_path / "writing.json", model)
    assert loaded.condition == "bad"
    assert loaded.states[-1] == session.states[-1] == model.read("", condition="bad")


def test_text_compressed_with_a_label_needs_it_to_decompress(model):
    data = model.compress(TEXT, condition="good")
    assert model.decompress(data, condition="good") == TEXT
    with pytest.raises(ValueError, match="compressed with another label"):
        model.decompress(data, condition="bad")


def test_a_missing_label_is_refused_with_the_choices(model):
    for call in (
        lambda: textrnn.StreamPool(model).open(),
        lambda: Session(model),
        lambda: model.compress(TEXT),
    ):
        with pytest.raises(ValueError, match="`condition` must be one of 'good', 'bad'; received None"):
            call()
