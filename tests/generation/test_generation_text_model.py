"""Reading, scoring and generation, with models whose next token is known."""

import itertools
import linecache
import warnings

import numpy as np
import pytest
from fakes import LETTERS, Alphabet, Memory, Script
from hypothesis import given
from hypothesis import strategies as st

from textrnn.generation import State
from textrnn.generation.scoring import log_softmax


def test_the_likeliest_text_is_the_alphabet():
    model = Alphabet()
    assert model.generate("a", length=5, temperature=0) == "abcdef"
    assert model.generate("x", length=4, temperature=0) == "xyzab"
    assert model.generate("x", length=4, temperature=0, include_prompt=False) == "yzab"
    assert model.generate(length=3, temperature=0) == "abc"


def test_length_zero_gives_the_prompt_back():
    assert Alphabet().generate("abc", length=0) == "abc"
    assert Alphabet().generate("abc", length=0, samples=2) == ["abc", "abc"]
    assert list(Alphabet().stream(length=0)) == []


def test_padding_unknown_and_end_are_never_written():
    text = Alphabet().generate("a", length=300, temperature=5.0, seed=1)
    assert len(text) == 301
    assert set(text) <= set(LETTERS)


def test_stream_shows_each_letter_as_it_comes():
    assert list(Alphabet().stream("ab", length=3, temperature=0)) == ["ab", "c", "d", "e"]
    assert list(Alphabet().stream("ab", length=9, temperature=0, stop="efg")) == ["ab", "c", "d"]
    # The text breaks off in what might have been a stop: it is shown after all.
    assert "".join(Alphabet().stream("ab", length=4, temperature=0, stop="efg")) == "abcdef"


@pytest.mark.parametrize("stop", ["f", "fg", ["zz", "fgh", "efgx"]])
def test_generated_text_ends_before_the_stop(stop):
    assert Alphabet().generate("ab", length=20, temperature=0, stop=stop) == "abcde"


def test_a_stop_in_the_prompt_does_not_count():
    assert Alphabet().generate("abc", length=2, temperature=0, stop="bc") == "abcde"
    # Nor does one that begins in it.
    assert Alphabet().generate("abc", length=2, temperature=0, stop="cd") == "abcde"


@given(st.text("ab", max_size=12), st.text("ab", min_size=1, max_size=4))
def test_stream_and_generate_agree_on_any_text_and_stop(text, stop):
    model = Script(text)
    expected = text.split(stop)[0]
    assert "".join(model.stream(length=30, temperature=0, stop=stop)) == expected
    assert model.generate(length=30, temperature=0, stop=stop) == expected


def test_end_of_text_ends_every_sample_at_its_own_place():
    class Coin(Script):
        """Writes a for ever, with an even chance at each token that the text ends."""

        def step(self, ids, states):
            logits = np.full((*ids.shape, self.tokenizer.vocabulary_size), -99.0)
            logits[..., [self.tokenizer.end_id, self.script[0]]] = 0
            return logits, states

    texts = Coin("a").generate(length=50, samples=20, seed=1)
    assert {len(text) for text in texts} > {0, 1, 2}
    assert all(set(text) <= {"a"} and len(text) < 50 for text in texts)


def test_a_text_does_not_depend_on_the_samples_beside_it():
    model = Memory()
    texts = model.generate("ab", length=40, seed=9, samples=3)
    assert texts[0] == model.generate("ab", length=40, seed=9)
    assert texts[:2] == model.generate("ab", length=40, seed=9, samples=2)
    assert len(set(texts)) == 3
    assert "".join(model.stream("ab", length=40, seed=9)) == texts[0]
    assert texts[0] != model.generate("ab", length=40, seed=10)


def test_texts_differ_without_a_seed():
    assert Memory().generate(length=40) != Memory().generate(length=40)


@given(st.text("abcd\n", max_size=12), st.integers(0, 12))
def test_reading_in_two_parts_equals_reading_at_once(text, cut):
    model = Memory()
    state = model.read(text[:cut])
    whole, parts = model.read(text), model.read(text[cut:], state)
    np.testing.assert_allclose(parts.tensors[0], whole.tensors[0], rtol=1e-12)
    np.testing.assert_allclose(parts.logits, whole.logits, rtol=1e-12)
    scores = [model.score(text[:cut]).log_probabilities, model.score(text[cut:], state).log_probabilities]
    np.testing.assert_allclose(np.concatenate(scores), model.score(text).log_probabilities, rtol=1e-9)
    assert model.generate(text[cut:], length=5, seed=3, state=state, include_prompt=False) == model.generate(
        text, length=5, seed=3, include_prompt=False
    )


def test_score_multiplies_the_probabilities_of_the_tokens():
    model, text = Memory(), "abba"
    ids = [model.start_id, *model.tokenizer.encode(text)]
    states, expected = model.initial_states(1), []
    for token, following in itertools.pairwise(ids):
        logits, states = model.step(np.array([[token]]), states)
        expected.append(log_softmax(logits)[0, 0, following])
    score = model.score(text)
    np.testing.assert_allclose(score.log_probabilities, expected)
    assert score.nats_per_character == pytest.approx(-np.mean(expected))
    assert score.bits_per_character == pytest.approx(-np.mean(expected) / np.log(2))
    assert score.perplexity == pytest.approx(np.exp(-np.mean(expected)))


@pytest.mark.parametrize("at_once", [1 << 19, 3])
def test_texts_scored_together_score_as_alone(monkeypatch, at_once):
    monkeypatch.setattr("textrnn.generation.reading.BATCH_LOGITS_AT_ONCE", at_once)
    model, texts = Memory(), ["abba", "", "d", "abc" * 30, "\n"]
    state = model.read("ab")
    together = [model.score_texts(texts), model.score_texts(texts, state), model.evaluate_texts(iter(texts))]
    for method, scores in zip(
        (model.score, lambda text: model.score(text, state), model.evaluate_text), together, strict=True
    ):
        for text, score in zip(texts, scores, strict=True):
            alone = method(text)
            np.testing.assert_allclose(score.log_probabilities, alone.log_probabilities, rtol=1e-9)
            assert score.characters == alone.characters


def test_probabilities_of_all_texts_of_one_length_sum_to_one():
    model = Memory("ab")
    state = model.read("ab")
    first = np.exp(log_softmax(state.logits))
    assert first.sum() == pytest.approx(1)
    scored = [np.exp(model.score(letter, state).log_probabilities.sum()) for letter in "ab"]
    np.testing.assert_allclose(scored, first[model.tokenizer.encode("ab")])


def test_empty_text_scores_nan_in_silence():
    for score in (Memory().score(""), Memory().evaluate_text(""), Memory().evaluate_text("", "blocks")):
        assert score.log_probabilities.shape == (0,)
        assert np.isnan([score.nats_per_character, score.bits_per_character, score.perplexity]).all()


@pytest.mark.parametrize("length", [1, 2, 256, 257, 258, 1025])
def test_reading_in_chunks_scores_every_token(length):
    model = Memory()
    text = ("abcd\nbbca" * length)[:length]
    stateful = model.evaluate_text(text)
    assert len(stateful.log_probabilities) == length
    logits, _ = model.step(np.array([[model.start_id, *model.tokenizer.encode(text[:-1])]]), model.initial_states(1))
    expected = log_softmax(logits)[0][np.arange(length), model.tokenizer.encode(text)]
    np.testing.assert_allclose(stateful.log_probabilities, expected)


@pytest.mark.parametrize("length", [1, 2, 256, 257, 258, 512, 600])
def test_blocks_are_scored_each_from_an_empty_state(length):
    model = Memory()
    text = ("abcd\nbbca" * length)[:length]
    ids = model.tokenizer.encode(text)
    expected = []
    for start in range(0, length, 256):
        read, targets = ids[start : start + 256], ids[start + 1 : start + 257]
        logits, _ = model.step(read[None], model.initial_states(1))
        expected.extend(log_softmax(logits)[0][np.arange(len(targets)), targets])
    score = model.evaluate_text(text, "blocks")
    assert len(score.log_probabilities) == length - 1
    np.testing.assert_allclose(score.log_probabilities, expected)
    if length > 1:
        assert score.nats_per_character == pytest.approx(-np.mean(expected))


def test_end_of_a_document_is_predicted_too():
    model = Script("abab")
    assert len(model.evaluate_text("abab").log_probabilities) == 5
    assert model.evaluate_text("abab").perplexity == pytest.approx(1)
    assert model.evaluate_text("abab", "blocks").log_probabilities.shape == (4,)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda model, text: model.read(text), "text"),
        (lambda model, text: model.score(text), "text"),
        (lambda model, text: model.evaluate_text(text), "text"),
        (lambda model, text: model.generate(text, length=1), "prompt"),
        (lambda model, text: list(model.stream(text, length=1)), "prompt"),
    ],
    ids=["read", "score", "evaluate_text", "generate", "stream"],
)
def test_warning_of_unknown_characters_points_to_the_call(call, name):
    with pytest.warns(UserWarning, match=f"`{name}` holds 'é', '7', which the model never saw") as caught:
        call(Alphabet(), "aé7é")
    (warning,) = caught
    assert "lambda model, text:" in linecache.getline(warning.filename, warning.lineno)


def test_prompt_with_unknown_characters_is_shown_as_it_is():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert Alphabet().generate("é", length=2, temperature=0) == "éab"


WRONG_CALLS = {
    "length": ({"length": -1}, ValueError, "`length` must be a non-negative integer; received -1"),
    "samples": ({"samples": 0}, ValueError, "`samples` must be a positive integer; received 0"),
    "seed": ({"seed": 1.5}, TypeError, "`seed` must be a non-negative integer; received 1.5"),
    "prompt": ({"prompt": b"ab"}, TypeError, "`prompt` must be a string; received b'ab' of type bytes"),
    "top_k": ({"top_k": 100}, ValueError, "`top_k` must be at most the vocabulary size, 29; received 100"),
    "empty_stop": ({"stop": ["a", ""]}, ValueError, r"`stop` must be a non-empty string .* received \['a', ''\]"),
    "state": ({"state": "ab"}, TypeError, "`state` must be a State, as `read` returns it; received 'ab'"),
    "foreign_state": (
        {"state": State((np.zeros((1, 3)),), np.zeros(29))},
        ValueError,
        r"`state` must come from this model, of shapes \[\]; received \[\(1, 3\)\]",
    ),
}


@pytest.mark.parametrize(("options", "error", "message"), WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_wrong_option_is_explained_at_the_call(options, error, message):
    methods = [Alphabet().generate] if "samples" in options else [Alphabet().generate, Alphabet().stream]
    for method in methods:
        with pytest.raises(error, match=message):
            method(**options)


def test_unknown_protocol_is_explained():
    with pytest.raises(ValueError, match="`protocol` must be one of 'stateful', 'blocks'; received 'windows'"):
        Alphabet().evaluate_text("abc", "windows")
