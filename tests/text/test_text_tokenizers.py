"""Promises of every tokenizer, and the rules of each."""

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textrnn.text import (
    END_ID,
    PAD_ID,
    UNKNOWN_ID,
    BytePairTokenizer,
    ByteTokenizer,
    CharacterTokenizer,
    WordTokenizer,
    make_tokenizer,
    tokenizer_from_dict,
)
from textrnn.text.cache import StringCache
from textrnn.text.word import CAPITALIZED_ID, GLUE_ID, SPACE_ID, UPPER_ID
from textrnn.text.word_rules import fold_case, spacing, split_items

KINDS = ["character", "byte", "byte_pair", "word"]
LEARNING_KINDS = ["character", "byte_pair", "word"]
every_kind = pytest.mark.parametrize("kind", KINDS)
every_learning_kind = pytest.mark.parametrize("kind", LEARNING_KINDS)

# st.text() alone leaves surrogates out. The fragments meet each other far more often than single
# characters drawn from all of Unicode would.
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
HOSTILE = [
    *" \n\t\r\x0b\x1c\x85\u00a0\u3000\u2028\x00\u200d\ufeff\ufffd\ufe0f\u0301\u0307\u0345",
    *"'\"\u2019\u201c\u201d\u2014-_.,;:!?()[]$#@/\\%0\u0660\u4e2d\u0e33\u0915\u093f\u094d\u1e9e",
    *[
        "ß",
        "SS",
        "İ",
        "I",
        "\u0131",
        "i",
        "ǅ",
        "Ǆ",
        "ǆ",
        "Σ",
        "\u03c3",
        "ς",
        "ΟΔΟΣ",
        "ŉ",
        "ﬁ",
        "Ⓐ",
        "𐐀",
        "😀",
    ],
    *["\ud83d", "\ude00", "word", "Word", "WORD", "iPhone", "don't", "DON'T", "O'Neill", "  ", "\r\n"],
]
HOSTILE_TEXT = st.lists(st.sampled_from(HOSTILE), max_size=25).map("".join)
TEXT = (ANY_TEXT | HOSTILE_TEXT).filter(bool)
thorough = settings(deadline=None, max_examples=300)
LARGEST = {"character": 6, "byte": 258, "byte_pair": 258, "word": 9}


def fitted(kind):
    return make_tokenizer(kind).fit("a b c")


@every_kind
@given(text=TEXT)
@thorough
@example(text="\ud83d\ude00")
@example(text="A  B \n C")
@example(text="İstanbul I\u0307stanbul ﬁne ǅ Ǆ ß ẞ")
def test_decoding_gives_back_every_text_exactly(kind, text):
    tokenizer = make_tokenizer(kind).fit([text])
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int32
    assert ids.ndim == 1
    assert ids.min() > END_ID
    assert ids.max() < tokenizer.vocabulary_size
    assert tokenizer.decode(ids) == text
    assert tokenizer.unknown_tokens(text) == []


@every_kind
@given(data=st.data(), text=TEXT)
@thorough
def test_decoding_any_ids_piece_by_piece_equals_decoding_them_at_once(kind, data, text):
    tokenizer = make_tokenizer(kind).fit(text)
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocabulary_size - 1), max_size=30))
    ids += [3] if kind in ("byte", "byte_pair") else []  # byte 0 ends any unfinished character
    decode_one = tokenizer.incremental_decoder()
    assert "".join(decode_one(token_id) for token_id in ids) == tokenizer.decode(ids)


@every_kind
@given(text=TEXT, other=TEXT)
@thorough
def test_a_tokenizer_survives_json(kind, text, other):
    tokenizer = make_tokenizer(kind).fit(text)
    restored = tokenizer_from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    assert restored == tokenizer
    assert type(restored) is type(tokenizer)
    np.testing.assert_array_equal(restored.encode(other), tokenizer.encode(other))
    np.testing.assert_array_equal(restored.encode(text), tokenizer.encode(text))


@pytest.mark.parametrize("kind", ["character", "word"])
@given(text=TEXT, other=TEXT)
@thorough
def test_unknown_tokens_are_exactly_those_shown_as_replacements(kind, text, other):
    tokenizer = make_tokenizer(kind).fit(text)
    unknown = tokenizer.unknown_tokens(other)
    assert len(set(unknown)) == len(unknown)
    assert bool(unknown) == (UNKNOWN_ID in tokenizer.encode(other))
    decoded = tokenizer.decode(tokenizer.encode(other))
    if kind == "character":
        assert decoded == "".join("\ufffd" if character in unknown else character for character in other)


@pytest.mark.parametrize("kind", ["byte_pair", "word"])
def test_what_is_remembered_of_other_texts_changes_no_ids(kind, monkeypatch):
    texts = ["The sea, the slow  sea", "the sea: slow clocks ", "Slow, (slow) the sea\n" + "sea" * 100]
    tokenizer = make_tokenizer(kind).fit(texts)
    expected = [tokenizer_from_dict(tokenizer.to_dict()).encode(text).tolist() for text in texts]
    assert [tokenizer.encode(text).tolist() for text in texts + texts] == expected * 2
    monkeypatch.setattr("textrnn.text.cache.CACHED_STRINGS", 2)
    monkeypatch.setattr("textrnn.text.cache.LONGEST_CACHED", 4)
    forgetful = tokenizer_from_dict(tokenizer.to_dict())
    assert [forgetful.encode(text).tolist() for text in texts + texts] == expected * 2


def test_a_cache_is_bounded_by_strings_and_their_length(monkeypatch):
    monkeypatch.setattr("textrnn.text.cache.CACHED_STRINGS", 2)
    monkeypatch.setattr("textrnn.text.cache.LONGEST_CACHED", 4)
    cache = StringCache(str.upper)
    assert [cache[string] for string in ("a", "b", "longer", "a", "c")] == ["A", "B", "LONGER", "A", "C"]
    assert cache == {"c": "C"}


@every_kind
def test_padding_and_end_of_text_are_skipped_and_unknown_is_shown(kind):
    tokenizer = fitted(kind)
    a, b, _ = (tokenizer.encode(letter)[0] for letter in "abc")
    assert tokenizer.decode([PAD_ID, a, END_ID, PAD_ID]) == "a"
    assert "\ufffd" in tokenizer.decode([a, UNKNOWN_ID, b])
    assert tokenizer.decode([]) == ""
    assert tokenizer.encode("").shape == (0,)
    assert (tokenizer.pad_id, tokenizer.unknown_id, tokenizer.end_id) == (0, 1, 2)


@every_learning_kind
def test_the_same_text_gives_the_same_ids_whatever_the_hash_seed(kind):
    program = (
        "from textrnn.text import make_tokenizer; "
        f"print(make_tokenizer({kind!r}).fit(c for c in ['the tide\\n', ' is late, é!']).to_dict())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_characters_are_numbered_by_code_point_and_words_by_count_then_text():
    assert CharacterTokenizer().fit(["bé", "a\n"]).to_dict()["characters"] == ["\n", "a", "b", "é"]
    words = WordTokenizer().fit("b B a, a c").to_dict()["words"]
    assert words == ["a", "b", ",", "c"]


@given(text=TEXT)
@thorough
def test_normalized_characters_come_back_composed(text):
    tokenizer = CharacterTokenizer(normalize="NFC").fit(text)
    assert tokenizer.decode(tokenizer.encode(text)) == unicodedata.normalize("NFC", text)


def test_two_spellings_of_one_character_share_an_id_under_nfc():
    tokenizer = CharacterTokenizer(normalize="NFC").fit("e\u0301")
    assert tokenizer.vocabulary_size == 4
    np.testing.assert_array_equal(tokenizer.encode("é"), tokenizer.encode("e\u0301"))


@given(data=st.binary(max_size=30))
@thorough
@example(data=b"\xed\xa0")
@example(data=b"\xf0\x9f\x98")
@example(data=b"\xed\xa0A\xed\xed\xb0\x80")
def test_invalid_utf8_decodes_to_replacement_characters(data):
    tokenizer = ByteTokenizer()
    text = tokenizer.decode([byte + 3 for byte in data])
    try:
        assert text == data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        assert "\ufffd" in text


def test_a_byte_decoder_holds_back_a_character_until_it_is_complete():
    decode_one = ByteTokenizer().incremental_decoder()
    assert [decode_one(token_id) for token_id in ByteTokenizer().encode("é€")] == ["", "é", "", "", "€"]


def shown(text, corpus="it's a well-known fact, he said: 'no' (really)! iPhone\n"):
    """The tokens of `text`, with the fixed ones spelled out."""
    tokenizer = WordTokenizer().fit([corpus, text])
    words = tokenizer.to_dict()["words"]
    names = {GLUE_ID: "<glue>", CAPITALIZED_ID: "<cap>", UPPER_ID: "<upper>", SPACE_ID: "<space>"}
    return [names.get(token_id) or words[token_id - 7] for token_id in tokenizer.encode(text).tolist()]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It's a fact, he said.", ["<cap>", "it's", "a", "fact", ",", "he", "said", "."]),
        ("(well-known) A", ["(", "well", "-", "known", ")", "<cap>", "a"]),
        ("NO iPhone O'NEILL", ["<upper>", "no", "iPhone", "<upper>", "o'neill"]),
        ("İx", ["İx"]),
        ("a.b", ["a", ".", "<glue>", "b"]),
        ("a . b", ["a", "<space>", ".", "b"]),
        ("a  b ", ["a", "<space>", "<space>", "b", "<space>"]),
        ("a \nb", ["a", "<space>", "\n", "b"]),
        ("it costs $5, or 50%", ["it", "costs", "$", "5", ",", "or", "50", "%"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("a😀\ufe0f", ["a", "<glue>", "😀", "\ufe0f"]),
    ],
)
def test_usual_spacing_and_case_cost_little_and_the_rest_is_spelled_out(text, tokens):
    assert shown(text) == tokens


def encoded_item_by_item(tokenizer, text):
    """Ids of `text` by the rules of spacing and case, with nothing remembered."""
    id_of = {word: 7 + index for index, word in enumerate(tokenizer.to_dict()["words"])}
    markers = {"as_is": [], "capitalized": [CAPITALIZED_ID], "upper": [UPPER_ID]}
    ids, spaces, usual_after = [], 0, False
    for item in split_items(text):
        if item == " ":
            spaces += 1
            continue
        case, word = fold_case(item)
        usual_before, usual_after_item = spacing(word if word in id_of else "\ufffd")
        if spaces != (usual_after and usual_before):
            ids += [SPACE_ID] * spaces or [GLUE_ID]
        ids += [*markers[case], id_of[word]] if word in id_of else [UNKNOWN_ID]
        spaces, usual_after = 0, usual_after_item
    return ids + [SPACE_ID] * spaces


@given(learned=TEXT, text=TEXT)
@thorough
@example(learned="a b", text="a  b\n  \n c ")
def test_items_with_their_spaces_give_the_ids_of_items_one_by_one(learned, text):
    tokenizer = WordTokenizer().fit(learned)
    for each in (text, learned):
        assert tokenizer.encode(each).tolist() == encoded_item_by_item(tokenizer, each)


def test_spaces_around_an_unknown_word_are_kept():
    tokenizer = WordTokenizer().fit("we like the tide, and the shore.\n")
    assert tokenizer.decode(tokenizer.encode("We like ZEBRAS, and\tthe (shore.")) == (
        "We like \ufffd, and\ufffdthe \ufffdshore."
    )
    assert tokenizer.unknown_tokens("Zebras, zebras and\tthe yaks") == ["zebras", "\t", "yaks"]


def test_rare_words_are_unknown_and_the_vocabulary_has_a_limit():
    text = "the tide and the moon and the shore"
    assert WordTokenizer(minimum_count=2).fit(text).to_dict()["words"] == ["the", "and"]
    limited = WordTokenizer(maximum_size=9).fit(text)
    assert limited.to_dict()["words"] == ["the", "and"]
    assert limited.vocabulary_size == 9
    with pytest.raises(ValueError, match=r"`minimum_count` 4 leaves no word: .* occurs 3 times"):
        WordTokenizer(minimum_count=4).fit(text)


@every_learning_kind
@pytest.mark.parametrize(
    "texts", ["", [], ["", ""], iter(())], ids=["nothing", "no texts", "empty texts", "iterator"]
)
def test_fitting_on_nothing_is_an_error(kind, texts):
    with pytest.raises(ValueError, match="`texts` must hold at least one character"):
        make_tokenizer(kind).fit(texts)


@every_learning_kind
def test_using_an_unfitted_tokenizer_says_what_to_do(kind):
    tokenizer = make_tokenizer(kind)
    assert "vocabulary_size=None" in repr(tokenizer)
    for use in (
        lambda: tokenizer.encode("a"),
        lambda: tokenizer.decode([3]),
        lambda: tokenizer.vocabulary_size,
        lambda: tokenizer.to_dict(),
        lambda: tokenizer.incremental_decoder(),
        lambda: tokenizer.unknown_tokens("a"),
    ):
        with pytest.raises(ValueError, match=r"Tokenizer has no vocabulary yet; call fit\(texts\) first"):
            use()


@every_kind
def test_wrong_arguments_are_named_with_what_arrived(kind):
    tokenizer = fitted(kind)
    with pytest.raises(TypeError, match="`text` must be a str; received bytes b'a'"):
        tokenizer.encode(b"a")
    with pytest.raises(ValueError, match=rf"must lie in 0\.\.{LARGEST[kind]}, .*; received 99999"):
        tokenizer.decode([3, 99999])
    with pytest.raises(ValueError, match="received -1"):
        tokenizer.decode(np.array([-1]))
    with pytest.raises(ValueError, match="received 99999"):
        tokenizer.incremental_decoder()(99999)
    with pytest.raises(ValueError, match=r"one dimension; received shape \(1, 2\)"):
        tokenizer.decode([[3, 4]])
    with pytest.raises(TypeError, match="`ids` must be integers; received float64"):
        tokenizer.decode([1.5])


@every_learning_kind
def test_items_that_are_no_strings_are_named_by_index(kind):
    with pytest.raises(TypeError, match=r"`texts\[1\]` must be a string; received 3"):
        make_tokenizer(kind).fit(["a", 3])
    with pytest.raises(TypeError, match=r"`texts` must be a string or a list of strings; received b.* of type bytes"):
        make_tokenizer(kind).fit(b"abc")


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (
            "character",
            {"characters": None},
            "`data['characters']` must be a list of strings; received NoneType",
        ),
        ("character", {"characters": ["a", "a"]}, "`data['characters']` must hold each string once"),
        (
            "character",
            {"characters": ["ab"]},
            "`data['characters']` must hold at least one string, each of one",
        ),
        ("character", {"characters": []}, "`data['characters']` must hold at least one string"),
        (
            "character",
            {"characters": ["a", 3]},
            "`data['characters'][1]` must be a non-empty str; received 3",
        ),
        ("character", {"normalize": "NFX"}, "`data['normalize']` must be None or 'NFC'; received 'NFX'"),
        ("character", {"extra": 1}, "has the key 'extra' that a character tokenizer does not know"),
        ("byte", {"extra": 1}, "has the key 'extra' that a byte tokenizer does not know"),
        ("byte_pair", {"merges": None}, "`data['merges']` must be a list of pairs of ids; received NoneType"),
        ("byte_pair", {"merges": [[3, 4], [3, 4]]}, "`data['merges']` must hold each pair once"),
        ("byte_pair", {"merges": [[3, 259]]}, "`data['merges'][0]` must be a list of two ids in 3..258"),
        ("byte_pair", {"merges": [[3, 4], [2, 259]]}, "two ids in 3..259, the tokens before it; received [2, 259]"),
        ("byte_pair", {"merges": [[3, True]]}, "received [3, True]"),
        ("byte_pair", {"merges": [[3, 4, 5]]}, "received [3, 4, 5]"),
        ("byte_pair", {"merges": ["ab"]}, "received 'ab'"),
        (
            "byte_pair",
            {"merges": [[3, 3], *([n, n] for n in range(259, 299))]},
            "`data['merges'][10]` must make a token of at most 1024 bytes; [268, 268] makes one of 2048",
        ),
        (
            "byte_pair",
            {"maximum_size": 260, "merges": [[3, 4], [4, 5]]},
            "`data['merges']` must hold at most 1 pairs, as `maximum_size` says; received 2",
        ),
        ("byte_pair", {"maximum_size": 259}, "`maximum_size` must be a whole number of at least 260; received 259"),
        ("word", {"words": [""]}, "`data['words'][0]` must be a non-empty str; received ''"),
        (
            "word",
            {"minimum_count": "2"},
            "`minimum_count` must be a whole number of at least 1; received '2'",
        ),
        ("word", {"maximum_size": 3}, "`maximum_size` must be a whole number of at least 8; received 3"),
        (
            "word",
            {"kind": "syllable"},
            "must be 'character', 'byte', 'byte_pair' or 'word'; received 'syllable'",
        ),
    ],
)
def test_a_damaged_dict_is_an_error_that_names_the_key(kind, change, message):
    data = {**fitted(kind).to_dict(), **change}
    with pytest.raises(ValueError, match=re.escape(message)):
        tokenizer_from_dict(data)


@pytest.mark.parametrize(
    ("kind", "key"),
    [("character", "characters"), ("byte_pair", "merges"), ("word", "words"), ("word", "maximum_size")],
)
def test_a_missing_key_is_named(kind, key):
    data = fitted(kind).to_dict()
    del data[key]
    with pytest.raises(ValueError, match=f"lacks the key '{key}' that a {kind} tokenizer needs"):
        tokenizer_from_dict(data)
    with pytest.raises(ValueError, match="must be a dict with the key 'kind'; received list"):
        tokenizer_from_dict([])


def test_tokenizers_of_different_kinds_or_settings_differ():
    assert fitted("character") != fitted("word")
    assert CharacterTokenizer().fit("a") != CharacterTokenizer("NFC").fit("a")
    assert CharacterTokenizer().fit("a") != CharacterTokenizer().fit("b")
    assert ByteTokenizer() == ByteTokenizer().fit("anything")


@pytest.mark.parametrize("name", KINDS)
def test_the_examples_in_the_documentation_are_true(name):
    module = importlib.import_module(f"textrnn.text.{name}")
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0


@given(st.text(), st.integers(1, 6))
def test_heads_and_tails_of_words_give_back_the_text(text, letters):
    tokenizer = WordTokenizer(head_letters=letters).fit([text, "a"])
    assert tokenizer.decode(tokenizer.encode(text)) == text
    piece = tokenizer.incremental_decoder()
    assert "".join(piece(int(token)) for token in tokenizer.encode(text)) == text
    assert WordTokenizer.from_dict(json.loads(json.dumps(tokenizer.to_dict()))) == tokenizer


def test_long_words_that_begin_alike_share_a_token():
    tokenizer = WordTokenizer(head_letters=5).fit("Disappointed, disappointing; BORED")
    first, second = tokenizer.encode("disappointed")[0], tokenizer.encode("disappointing")[0]
    assert first == second
    assert tokenizer.decode(tokenizer.encode("DISAPPOINTED")) == "DISAPPOINTED"
    assert tokenizer.unknown_tokens("disappointment bored") == ["disappointment"]


def test_an_extended_tokenizer_keeps_its_ids_and_adds_what_is_new():
    old = CharacterTokenizer().fit("sea")
    new = old.extended(["a sæa"])
    assert new.encode("sea").tolist() == old.encode("sea").tolist()
    assert [new.decode([n]) for n in range(old.vocabulary_size, new.vocabulary_size)] == [" ", "æ"]
    assert old.unknown_tokens("æ") == ["æ"]
    assert ByteTokenizer().extended(["anything"]) == ByteTokenizer()
    pairs = BytePairTokenizer().fit("the sea, the sea")
    assert pairs.extended(["anything"]) == pairs


def test_an_extended_word_tokenizer_keeps_to_its_settings():
    text = "the sea, the sea, the sea"
    old = WordTokenizer(minimum_count=2).fit(text)
    assert old.extended(["one two three"]) == old
    new = old.extended(["rope rope lamp"])
    assert new.vocabulary_size == old.vocabulary_size + 1
    assert new.decode(new.encode("the rope")) == "the rope"
    full = WordTokenizer(maximum_size=old.vocabulary_size).fit(text)
    assert full.extended(["rope rope"]).vocabulary_size == full.vocabulary_size
    with pytest.raises(ValueError, match="at least one character"):
        old.extended([])


@pytest.mark.parametrize("unit", ["\u0301", "\u0301\u0316", "\u0f73", "\u0345\u0301\u0323\u0334"])
def test_a_run_of_marks_that_would_take_minutes_to_compose_is_refused(unit):
    text = "fine \u00e9 e" + unit * 1_000_000
    tokenizer = CharacterTokenizer("NFC").fit("abc\u00e9")
    for take in (tokenizer.encode, CharacterTokenizer("NFC").fit, tokenizer.unknown_tokens, tokenizer.extended):
        with pytest.raises(
            ValueError, match=r"at most 1,000 combining marks in a row; .* from character 8 on, .* U\+0"
        ):
            take(text)
    assert len(CharacterTokenizer().fit("a").encode(text)) == len(text)


def test_ordinary_combining_marks_are_composed():
    zalgo = "".join(letter + "\u0301\u0316\u0334" * 300 for letter in "he comes")
    tibetan, vietnamese = "\u0f40\u0f73\u0f71\u0f72\u0f80", "Vie\u0302\u0323t Nam"
    for text in (zalgo, tibetan, vietnamese, "\u0301" * 1000, "\U0001e94a\u0301"):
        tokenizer = CharacterTokenizer("NFC").fit(text)
        assert tokenizer.decode(tokenizer.encode(text)) == unicodedata.normalize("NFC", text)
