"""Streams of a classifier, and explanations of its answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import textrnn
from textrnn.classification.explanation import pieces_of
from textrnn.text import BytePairTokenizer, ByteTokenizer, CharacterTokenizer, WordTokenizer

TEXT = "The sea is a slow clock.\nNot bad at all, the light turns!\n"
OPTIONS = {"bidirectional": False, "units": 5, "embedding_dim": 6, "num_layers": 2}
TOKENIZERS = {
    "character": CharacterTokenizer(),
    "byte": ByteTokenizer(),
    "byte_pair": BytePairTokenizer(290),
    "word": WordTokenizer(),
    "word_with_heads": WordTokenizer(head_letters=3),
}


def make(tokenizer=None, labels=("no", "so so", "yes"), **options):
    tokenizer = tokenizer or WordTokenizer()
    if not tokenizer.is_fitted:
        tokenizer.fit(TEXT)
    model = textrnn.TextClassifier(tokenizer, list(labels), **{**OPTIONS, **options})
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight.numpy() + generator.normal(scale=0.3, size=weight.shape))
    return model


@pytest.fixture(scope="module")
def encoders():
    """A classifier of every tokenizer, with n-grams, which also look back over the edge of a part, or of several."""
    return {
        name: make(
            tokenizer,
            ngrams=2 if name == "word" else 4,
            ngram_buckets=17,
            ensemble_size=2,
            wide_ngrams=1 if name == "byte" else 3,
            wide_buckets=13,
        ).to_numpy()
        for name, tokenizer in TOKENIZERS.items()
    }


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_answer_of_a_stream_is_that_of_its_text_so_far(encoders, name, data):
    text = data.draw(st.text(st.sampled_from("Tthe seabdNl.,! \n☃é"), max_size=40), label="text")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6), label="cuts"))
    classifier = encoders[name]
    encoder = classifier.stream()
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        said = encoder.feed(text[start:end])
        expected = classifier.classify([text[:end]])[0]
        assert said.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
        assert said == encoder.prediction


def test_state_of_a_stream_does_not_grow_with_the_text(encoders):
    encoder = encoders["character"].stream()
    for piece in ["the sea ", "x" * 2500, " " * 2500, "light"] * 2:
        encoder.feed(piece)
        assert len(encoder.pending) <= 1000
    text = "".join(["the sea ", "x" * 2500, " " * 2500, "light"] * 2)
    expected = encoders["character"].classify([text])[0].probabilities
    assert encoder.prediction.probabilities == pytest.approx(expected, abs=1e-6)
    encoder.reset()
    assert encoder.prediction == encoders["character"].classify([""])[0]


def test_a_bidirectional_classifier_cannot_answer_before_the_end():
    with pytest.raises(ValueError, match="reads it from its end, too: train one with `bidirectional=False`"):
        make(bidirectional=True).stream()


@pytest.mark.parametrize("cell", ["lstm", "gru", "min_gru"])
def test_a_long_text_read_in_parts_gives_the_same_answer(cell, monkeypatch):
    pooling, ngrams = {"lstm": ("concat", 2), "gru": ("attention", 3), "min_gru": ("concat", 20)}[cell]
    model = make(cell=cell, ngrams=ngrams, ngram_buckets=17, ensemble_size=2, pooling=pooling, wide_ngrams=5)
    sequences = [np.arange(3, 3 + n) % 12 + 3 for n in (50, 0, 7, 23)]
    whole = model.log_probabilities(sequences)
    contributions, base = model.contributions(sequences[0], 0, 1)
    monkeypatch.setattr("textrnn.models.text_classifier.MAX_BATCH_TOKENS", 4 * 9)
    np.testing.assert_allclose(model.log_probabilities(sequences), whole, atol=1e-5)
    monkeypatch.setattr("textrnn.runtime.text_classifier.MAX_PART_TOKENS", 4 * 9)
    np.testing.assert_allclose(model.to_numpy().log_probabilities(sequences), whole, atol=1e-5)
    in_parts = model.contributions(sequences[0], 0, 1)
    np.testing.assert_allclose(in_parts[0], contributions, atol=1e-5)
    assert in_parts[1] == pytest.approx(base, abs=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bidirectional": True},
        {"reverse": True},
        {"ensemble_size": 2, "temperature": 0.5},
        {"pooling": "attention", "temperature": 2.5},
        {"wide_ngrams": 3, "wide_buckets": 13, "temperature": 2.0},
        {"wide_ngrams": 2, "ensemble_size": 2},
    ],
    ids=str,
)
def test_contributions_sum_to_the_log_odds_of_the_answer(options):
    model = make(**options)
    model.text_encoders[0].head.bias.assign([3.0, 0.0, -4.0])  # encoders that disagree
    explanation = model.explain(TEXT, "yes", "no")
    probabilities = model.classify([TEXT])[0].probabilities
    log_odds = np.log(probabilities["yes"] / probabilities["no"])
    assert explanation.difference == pytest.approx(log_odds, abs=1e-4)
    assert explanation.base + explanation.contributions.sum() == pytest.approx(log_odds, abs=1e-4)
    assert "".join(explanation.pieces) == TEXT
    heads = [encoder.head.bias.numpy() for encoder in model.text_encoders]
    if len(heads) == 1:
        expected = (heads[0][2] - heads[0][0]) / model.temperature
        if model.wide_path is not None:
            share, bias = model.wide_path.share.numpy()[0], model.wide_path.bias.numpy() / model.temperature
            expected = share * expected + bias[2] - bias[0]
        assert explanation.base == pytest.approx(expected, abs=1e-4)  # a text that says nothing


def test_a_step_contributes_its_share_of_the_pooled_vector():
    """With hidden outputs in plain sight: h_t = x_t, so mean, maximum and last output are those of the inputs."""
    model = make(CharacterTokenizer().fit("abc"), ["x", "y"], cell="min_gru", units=2, embedding_dim=2, num_layers=1)
    numpy_model = model.to_numpy()
    (encoder,) = numpy_model.text_encoders
    outputs = np.array([[1.0, 0.0], [3.0, 5.0], [2.0, 4.0]])
    encoder._run = lambda ids, carried, mask: (outputs[None], [])
    encoder.head = (np.array([[1, 0], [0, 0], [0, 3], [0, 0], [0, 0], [10, 0]], float), np.array([0.5, 0.25]))
    told, base = encoder.contributions(np.array([3, 4, 5]), 0, 1)
    # last: feature 0 moved by +1, +2, -1; mean: -3 a third of feature 0; highest: feature 1 at the second step
    np.testing.assert_allclose(told, [1 - 1, 2 - 3 + 50, -1 - 2])
    assert base == 0.25


def test_explanations_escape_html_in_the_text():
    explanation = make().explain("the <b>sea</b> & light", "yes")
    page = explanation.to_html()
    assert "<b>" not in page.split("<p", 1)[1]
    assert "&amp;" in page
    assert "".join(explanation.pieces) == "the <b>sea</b> & light"  # unknown tokens as they were written
    assert "\x1b[48;5;" in explanation.to_terminal()
    assert explanation.label == "yes"
    assert explanation.against in ("no", "so so")
    assert len(str(explanation).splitlines()) == 1 + min(10, len(explanation.pieces))


@given(st.lists(st.sampled_from(["the", "sea", "seaweed", "SEAWEED", "lighter", "Slowly", "x", ",", "!", "  "])))
def test_pieces_are_the_text_where_the_tail_of_a_word_is_unknown_too(words):
    text, tokenizer = " ".join(words), WordTokenizer(head_letters=3).fit("the sea is slowest lightly")
    assert "".join(pieces_of(tokenizer, text, tokenizer.encode(text))[0]) == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1,), "`text` must be a string; received 1"),
        (("sea", "maybe"), "`label` must be one of .*; received 'maybe'"),
        (("sea", "yes", "yes"), "`against` must be another label than 'yes'"),
    ],
)
def test_explaining_an_unsuitable_model_or_text_is_refused(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make().explain(*arguments)


def test_an_empty_text_has_no_pieces():
    explanation = make().explain("")
    assert explanation.pieces == []
    assert explanation.difference == explanation.base
    assert '<p class="text"></p>' in explanation.to_html()
