"""Byte pairs: learned merges, lossless decoding, and words as bounds of tokens."""

import functools
import json
import re
from collections import Counter
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.text import BytePairTokenizer, ByteTokenizer
from textrnn.text.byte_pair_merges import learn_merges, merge_pair, spell
from textrnn.text.byte_pair_words import split_words
from textrnn.text.word_rules import combining_marks

SPACE, A, B = (ord(character) + 3 for character in " ab")
FIRST = 259
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
WORDY_TEXT = st.lists(st.sampled_from([*"aab bc\n_'\u2019é€9.", "\u0301", "\ud83d", "the ", "don't"]), max_size=12)
TEXT = ANY_TEXT | WORDY_TEXT.map("".join)


def pieces(tokenizer, text):
    return [tokenizer.decode([token]) for token in tokenizer.encode(text)]


@pytest.mark.parametrize(
    ("text", "merges"),
    [
        ("abab ab", [[A, B]]),  # ab thrice; then every pair once
        ("aaa aaa", [[A, A], [FIRST, A]]),  # from left to right
        ("a a a", [[SPACE, A]]),
        ("ab ba", []),
        # " b", "ab" and "bb" occur twice each: the lower ids first, and " b" then takes the first b of " bb"
        ("ab bb ab bb", [[SPACE, B], [A, B], [FIRST, B]]),
    ],
)
def test_the_most_frequent_pair_within_words_is_merged_first(text, merges):
    assert BytePairTokenizer().fit(text).to_dict() == {"kind": "byte_pair", "maximum_size": 8000, "merges": merges}


def test_the_vocabulary_has_a_limit():
    limited = BytePairTokenizer(maximum_size=FIRST + 2).fit("ab bb ab bb")
    assert limited.vocabulary_size == FIRST + 2
    assert limited.to_dict()["merges"] == [[SPACE, B], [A, B]]


def counted_anew(counts, at_most):
    """`learn_merges`, slowly: all pairs of all words are counted for every merge."""
    words, merges = {word: spell(word) for word in counts}, []
    while len(merges) < at_most:
        pairs = Counter()
        for word, tokens in words.items():
            for pair in pairwise(tokens):
                pairs[pair] += counts[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)
        if best is None or pairs[best] < 2:
            break
        words = {word: merge_pair(tokens, best, FIRST + len(merges)) for word, tokens in words.items()}
        merges.append(best)
    return merges


@given(st.dictionaries(st.text("abc", max_size=12), st.integers(1, 9), max_size=12), st.integers(0, 40))
@settings(deadline=None)
def test_updated_pair_counts_equal_recomputed_ones(counts, at_most):
    assert learn_merges(counts, at_most) == counted_anew(counts, at_most)
    assert learn_merges(dict(reversed(counts.items())), at_most) == counted_anew(counts, at_most)


@given(learned=TEXT.filter(bool), text=TEXT, cuts=st.lists(st.integers(0, 60), max_size=3))
@settings(deadline=None, max_examples=300)
def test_any_text_comes_back_whatever_was_learned_and_wherever_it_is_cut(learned, text, cuts):
    tokenizer = BytePairTokenizer().fit(learned * 2)
    bounds = [0, *sorted(cuts), 60]
    ids = np.concatenate([tokenizer.encode(text[start:stop]) for start, stop in pairwise(bounds)])
    assert ids.dtype == np.int32
    assert tokenizer.decode(ids) == text
    decode_one = tokenizer.incremental_decoder()
    assert "".join(decode_one(token) for token in [*ids, 3]) == text + "\0"


def merged_in_turn(tokenizer, text):
    """Ids of `text`, slowly: every merge is tried on every word, in the order of learning."""
    words = [spell(word) for word in split_words(text)]
    for index, pair in enumerate(tokenizer.to_dict()["merges"]):
        words = [merge_pair(tokens, tuple(pair), FIRST + index) for tokens in words]
    return list(chain.from_iterable(words))


@given(learned=TEXT.filter(bool) | st.text("abc ", min_size=1), text=TEXT | st.text("abc "))
@settings(deadline=None, max_examples=300)
def test_merging_the_earliest_pair_first_equals_merging_pair_by_pair(learned, text):
    tokenizer = BytePairTokenizer().fit(learned * 2)
    for each in (text, learned):
        assert tokenizer.encode(each).tolist() == merged_in_turn(tokenizer, each)


@functools.cache
def words_in_choices():
    """The words of a text, by an expression without its cases for speed."""
    letters = rf"[^\W\d_](?:[^\W\d_]|[{combining_marks()}]){{0,31}}"
    word = rf" ?(?:{letters}(?:['\u2019]{letters})?|\d{{1,32}}|(?:[^\w\s]|_){{1,32}})"
    return re.compile(rf"{word}|\s{{1,32}}?(?= ?\S|\Z)|\s{{1,32}}").findall


REPEATED = st.sampled_from(["a", "é", "a\u0301", "1", "!", "!_", "_", "'", " ", "\n"])
LONG_RUNS = st.builds(str.__mul__, REPEATED, st.integers(28, 36))


@given(st.lists(TEXT | LONG_RUNS, max_size=4).map("".join))
@settings(deadline=None, max_examples=300)
def test_cases_for_speed_change_no_word(text):
    assert split_words(text) == words_in_choices()(text)


@given(TEXT)
@settings(max_examples=300)
def test_words_joined_are_the_text_and_bounded(text):
    words = split_words(text * 40)
    assert "".join(words) == text * 40
    assert max(map(len, words), default=0) <= 1 + 32 + 1 + 32


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It isn't, he's", ["It", " isn't", ",", " he's"]),
        ("'tis the dogs'", ["'", "tis", " the", " dogs", "'"]),
        ("in 1984b (twice)", ["in", " 1984", "b", " (", "twice", ")"]),
        ("a_b  c\n\n  d \n", ["a", "_", "b", " ", " c", "\n\n ", " d", " \n"]),
        ("हिन्दी में", ["हिन्दी", " में"]),
        ("x" * 70, ["x" * 32, "x" * 32, "x" * 6]),
        (" " * 70 + "x", [" " * 32, " " * 32, " " * 5, " x"]),
    ],
)
def test_a_word_takes_the_space_before_it(text, words):
    assert split_words(text) == words


def test_no_token_crosses_words():
    text = "the sea, the sea: it's 1984 and 1985!\n\nthe sea... " * 3
    tokenizer = BytePairTokenizer().fit(text)
    tokens = pieces(tokenizer, text)
    assert " sea" in tokens
    assert all(len(split_words(token)) == 1 for token in tokens)


def test_a_token_that_ends_within_a_character_waits_for_the_rest():
    data = {"kind": "byte_pair", "maximum_size": 8000, "merges": [[A, 0xE3 + 3]]}
    tokenizer = BytePairTokenizer.from_dict(json.loads(json.dumps(data)))
    ids = tokenizer.encode("aを")
    assert ids.tolist() == [FIRST, 0x82 + 3, 0x92 + 3]
    decode_one = tokenizer.incremental_decoder()
    assert [decode_one(token) for token in ids] == ["a", "", "を"]
    assert tokenizer.decode(ids[:2]) == "a\ufffd"


def test_without_merges_the_tokens_are_the_bytes():
    text = "né 😀 \ud83d"
    np.testing.assert_array_equal(BytePairTokenizer().fit("a").encode(text), ByteTokenizer().encode(text))


def test_a_fitted_tokenizer_is_not_changed_through_its_extension():
    tokenizer = BytePairTokenizer().fit("the sea, the sea")
    before = tokenizer.to_dict()
    tokenizer.extended("kelp").fit("rope rope")
    assert tokenizer.to_dict() == before


def test_merging_shows_its_progress_if_asked(capsys, monkeypatch):
    monkeypatch.setattr("textrnn.progress.SECONDS_BETWEEN_LINES", 0.0)
    BytePairTokenizer(FIRST + 2).fit("ab bb ab bb")
    assert capsys.readouterr().err == ""
    BytePairTokenizer(FIRST + 2).fit("ab bb ab bb", progress=True)
    assert capsys.readouterr().err.startswith("merging: 1 of 2 pair")
