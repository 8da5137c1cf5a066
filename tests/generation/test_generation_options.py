"""Options of `generate`: penalties, banned characters, beam search, and contradictory combinations."""

import itertools

import numpy as np
import pytest
from fakes import Alphabet, Memory, Script

from textrnn.generation import BeamSearch, DecodingState, Sampler
from textrnn.generation.scoring import log_softmax
from textrnn.options import GenerationConfig
from textrnn.options.tasks import GENERATION, arguments_for
from textrnn.text import BytePairTokenizer, ByteTokenizer, CharacterTokenizer, WordTokenizer


def test_several_temperatures_alternate():
    text = Memory().generate(length=40, temperature=[0, 3.0], seed=2)
    greedy = Memory()
    for n in range(0, 40, 2):  # every other token is the likeliest, whatever came before it
        assert text[n] == greedy.generate(text[:n], length=1, temperature=0, include_prompt=False)
    assert text != greedy.generate(length=40, temperature=0)


def test_penalty_lowers_logits_of_recent_tokens():
    logits = np.log([[0.5, 0.25, 0.15, 0.1]])
    sampler = Sampler(repetition_penalty=5.0, repetition_window=2)
    expected = np.array([0.1, 0.25, 0.03, 0.1])
    np.testing.assert_allclose(sampler.probabilities(logits, np.array([[0, 2]])), [expected / expected.sum()])
    np.testing.assert_allclose(sampler.probabilities(logits, np.array([[9, 9]])), np.exp(logits))


def test_a_penalty_covers_the_prompt_within_its_window():
    options = {"temperature": 0, "repetition_penalty": 1e12, "length": 3}
    # After a comes b, but b is recent; the others are alike, and the first of them that is not recent is taken.
    assert Alphabet("abc").generate("ba", **arguments_for(GENERATION, repetition_window=9, **options)) == "bacab"
    assert Alphabet("abc").generate("ba", **arguments_for(GENERATION, repetition_window=1, **options)) == "babca"


@pytest.mark.parametrize(
    ("options", "letters"),
    [({"allowed": "ac"}, "ac"), ({"banned": "bd\n"}, "ac"), ({"allowed": "abc", "banned": "d"}, "abc")],
)
def test_banned_characters_are_never_written(options, letters):
    text = Memory().generate(**arguments_for(GENERATION, length=200, seed=1, **options))
    assert set(text) == set(letters)


@pytest.mark.parametrize(
    ("tokenizer", "tokens"), [(WordTokenizer(), "words, where"), (BytePairTokenizer(), "byte pairs, where")]
)
def test_characters_inside_longer_tokens_cannot_be_banned(tokenizer, tokens):
    model = Alphabet()
    model.tokenizer = tokenizer.fit("the sea")
    with pytest.raises(ValueError, match=f"`banned` must be left out for a model of {tokens} .*; received 's'"):
        model.generate(config=GenerationConfig(banned="s"))


def exhaustive(model, length):
    """Every text of `length` tokens and its log-probability, the likeliest first."""
    tokenizer = model.tokenizer
    tokens = range(3, tokenizer.vocabulary_size)
    texts = [tokenizer.decode(ids) for ids in itertools.product(tokens, repeat=length)]
    banned = [tokenizer.pad_id, tokenizer.unknown_id, tokenizer.end_id]

    def score(text):
        total, logits, states = 0.0, model.read("").logits, model.read("").tensors
        for token in tokenizer.encode(text):
            allowed = np.array(logits, np.float64)
            allowed[banned] = -np.inf
            total += log_softmax(allowed)[token]
            after, states = model.step(np.array([[token]]), states)
            logits = after[0, -1]
        return total

    return sorted(texts, key=score, reverse=True)


def test_wide_beam_search_finds_the_likeliest_texts():
    model = Memory()
    best = exhaustive(model, 3)
    assert model.generate(length=3, samples=4, config=GenerationConfig(beams=125)) == best[:4]
    assert model.generate("ab", length=3, include_prompt=False, config=GenerationConfig(beams=2)) in exhaustive(
        model, 3
    )


def test_beam_search_ends_each_text_at_its_end():
    assert Script("abab").generate(length=9, config=GenerationConfig(beams=3, length_penalty=0)) == "abab"
    assert Script("ababb").generate(length=9, stop="bb", config=GenerationConfig(beams=2, length_penalty=0)) == "aba"
    assert Script("ab").generate(length=0, config=GenerationConfig(beams=2)) == ""


def test_a_length_penalty_of_zero_takes_the_likeliest_text_and_one_the_likeliest_tokens():
    # Ending at once has probability 0.4; going on 0.6 and then 0.62 a token: less in all, more a token.
    ends, goes_on = np.log([[0.4, 0.6]]), np.log([[0.38, 0.62]])

    def step(ids, states):
        return np.repeat(goes_on[None], len(ids), axis=0), states

    start = DecodingState(ends, (), np.zeros([1, 1], np.int64), np.zeros(2, bool))
    short, long = (BeamSearch(2, power).run(step, start, lambda ids: ids[-1] == 0, 3)[0] for power in (0.0, 1.0))
    assert short == (0,)
    assert long == (1, 1, 1)


NONSENSE = {
    "greedy_top_k": ({"temperature": 0, "top_k": 3}, "`top_k` must be left out with temperature 0"),
    "greedy_top_p": ({"temperature": [0, 0], "top_p": 0.3}, "`top_p` must be left out with temperature 0"),
    "no_temperature": ({"temperature": []}, "`temperature` must be a number of 0 or more, or several; received none"),
    "a_bad_one": ({"temperature": [1, -2]}, r"`temperature\[1\]` must be a number of 0 or more; received -2"),
    "not_a_number": ({"temperature": float("nan")}, "`temperature` must be a number of 0 or more; received nan"),
    "window_alone": ({"repetition_window": 3}, "`repetition_window` needs a `repetition_penalty` above 1"),
    "reward": ({"repetition_penalty": 0.5}, "`repetition_penalty` must be a number of 1 or more; received 0.5"),
    "warm_beams": ({"beams": 3, "temperature": 0.5}, "`temperature` must be left out with `beams` above 1"),
    "filtered_beams": ({"beams": 3, "top_k": 2}, "`top_k` must be left out with `beams` above 1"),
    "punished_beams": ({"beams": 2, "repetition_penalty": 2}, "`repetition_penalty` must be left out with `beams`"),
    "too_many": ({"beams": 2, "samples": 3}, "`samples` must be at most `beams`"),
    "seeded_beams": ({"beams": 2, "seed": 1}, "`seed` must be left out with `beams` above 1"),
    "alike": ({"samples": 2, "temperature": 0}, "`samples` must be 1 with temperature 0 or `top_k` 1, where"),
    "all_the_likeliest": ({"samples": 2, "top_k": 1}, "`samples` must be 1 with temperature 0 or `top_k` 1, where"),
    "wide_window": ({"repetition_penalty": 2, "repetition_window": 257}, "`repetition_window` must be at most 256"),
    "penalty_alone": ({"length_penalty": 0.5}, "`length_penalty` needs `beams` above 1"),
    "both": ({"allowed": "ab", "banned": "bc"}, "no character in common; received 'b' in both"),
    "nothing_left": ({"allowed": "!"}, "must leave a token of the model to write"),
    "end_alone": ({"allowed": ""}, "must leave a token of the model to write"),
    "all_banned": ({"banned": "abcdefghijklmnopqrstuvwxyz"}, "must leave a token of the model to write"),
}


def test_banning_all_but_the_end_of_text_is_refused():
    with pytest.raises(ValueError, match="must leave a token of the model to write; received '' and None"):
        Script("abab").generate(config=GenerationConfig(allowed=""))


@pytest.mark.parametrize(("options", "message"), NONSENSE.values(), ids=NONSENSE)
def test_contradictory_options_are_refused_with_a_reason(options, message):
    with pytest.raises(ValueError, match=message):
        Alphabet().generate(**arguments_for(GENERATION, **options))


def test_a_character_of_several_tokens_cannot_be_banned():
    model = Alphabet()
    model.tokenizer = ByteTokenizer()
    with pytest.raises(ValueError, match="`banned` must hold characters that are one token each; 'é' is 2"):
        model.generate(config=GenerationConfig(banned="aé"))


def test_a_penalty_covers_tokens_read_into_a_state():
    model, options = Memory(), {"repetition_penalty": 5.0, "temperature": 0.5, "seed": 3, "include_prompt": False}
    for cut in range(7):
        assert model.generate(
            "abcdab"[cut:], **arguments_for(GENERATION, state=model.read("abcdab"[:cut]), **options)
        ) == model.generate("abcdab", **arguments_for(GENERATION, **options))


def test_a_lone_surrogate_and_a_null_byte_are_read():
    model = Memory()
    model.tokenizer = CharacterTokenizer().fit("abcd\n")
    with pytest.warns(UserWarning, match=r"'\\ud800', '\\x00'"):
        text = model.generate("a\ud800\0", length=5, seed=1)
    assert text.startswith("a\ud800\0")
    assert len(text) == 8
