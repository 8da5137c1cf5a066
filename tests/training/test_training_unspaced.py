"""Texts without spaces between words under the word tokenizer."""

import json
import random
import warnings

import pytest
from untrained import make_classifier, make_language_model

import textrnn
from textrnn.options.tasks import CLASSIFIER, arguments_for
from textrnn.text import CharacterTokenizer, WordTokenizer, find_unspaced

SMALL = {
    "units": 16,
    "ensemble_size": 1,
    "seed": 1,
    "precision": "float32",
    "ngram_buckets": 1 << 12,
    "wide_ngrams": 0,
}
SAID = r"100% of the texts have hardly a word that another has, as links, names and texts without spaces .* do: '"


def written(script, good, bad, rows, length=12):
    """Texts of letters drawn at random, one of which tells the label; every text ends with a full stop."""
    generator = random.Random(3)
    texts, labels = [], ["pos", "neg"] * (rows // 2)
    for label in labels:
        letters = [generator.choice(script) for _ in range(generator.randint(length - 4, length + 4))]
        letters.insert(generator.randrange(len(letters)), generator.choice(good if label == "pos" else bad))
        texts.append("".join(letters) + "。")
    return texts, labels


CHINESE = [chr(0x4E00 + 3 * n) for n in range(300)]
THAI = [chr(code) for code in range(0xE01, 0xE2F)]
KANA = [chr(code) for code in range(0x3042, 0x3090)]
ENGLISH = [f"The {a} {b} was {c}." for a in ("late", "slow", "old") for b in ("tide", "lamp") for c in ("ill", "so")]


def test_a_classifier_reads_characters_where_there_are_no_words(tmp_path, capsys):
    texts, labels = written(CHINESE, "好美喜", "坏差糟", 400)
    train, test = (texts[:300], labels[:300]), (texts[300:], labels[300:])
    options = {**SMALL, "ngram_buckets": 0, "cell": "min_gru", "epochs": 6, "learning_rate": 0.02, "dropout": 0.0}
    model = textrnn.train_classifier(train, **arguments_for(CLASSIFIER, out=tmp_path, **options))
    assert isinstance(model.tokenizer, CharacterTokenizer)
    assert capsys.readouterr().out.startswith("100% of the texts have hardly a word that another has")
    assert model.evaluate_texts(*test).accuracy > 0.9
    settings = json.loads((tmp_path / "config.json").read_text())["settings"]
    assert (settings["tokenizer"], settings["token_dropout"]) == ("character", 0.05)  # as for letters asked for
    textrnn.train_classifier(train, **arguments_for(CLASSIFIER, out=tmp_path, resume=True, verbose=False, **options))


@pytest.mark.parametrize("tokenizer", ["word", WordTokenizer(head_letters=5)])
def test_a_word_tokenizer_for_unspaced_texts_warns(tokenizer):
    source = written(THAI, "ๆ", "ฯ", 40)
    with pytest.warns(
        UserWarning, match=SAID + r'.*"word" reads most of these as unknown; "character" or "byte_pair"'
    ):
        model = make_classifier(source, tokenizer=tokenizer, **SMALL)
    assert isinstance(model.tokenizer, WordTokenizer)


@pytest.mark.parametrize("documents", [None, "string"])
def test_a_word_language_model_of_unspaced_text_warns(documents):
    lines = [text + "\n" for text in written(KANA, "あ", "い", 60)[0]]
    options = {"units": 8, "embedding_dim": 4, "documents": documents}
    with pytest.warns(UserWarning, match=SAID):
        make_language_model(lines, tokenizer="word", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_language_model(lines, **options)


def spaced(script, rows, word=2):
    generator = random.Random(4)
    words = ["".join(generator.choice(script) for _ in range(word)) for _ in range(80)]
    return [" ".join(generator.choice(words) for _ in range(6)) for _ in range(rows)]


FOUND = {
    "Chinese": (written(CHINESE, "好", "坏", 40)[0], 1.0),
    "Thai": (written(THAI, "ๆ", "ฯ", 40)[0], 1.0),
    "Japanese": (written(KANA + CHINESE[:50], "好", "坏", 40)[0], 1.0),
    "Khmer": (written([chr(code) for code in range(0x1780, 0x17B3)], "ា", "ិ", 40)[0], 1.0),
    "half Chinese": (written(CHINESE, "好", "坏", 12)[0] + ENGLISH, 0.5),
    "repeated": (written(CHINESE, "好", "坏", 20)[0] * 5, 1.0),
    "two texts": (written(CHINESE, "好", "坏", 2)[0], 1.0),
    "names": ([f"{a}{b}{c}" for a in ("Mar", "Jo", "El", "San") for b in "aeiou" for c in ("nn", "ka", "rd")], 1.0),
}
NOT_FOUND = {
    "English": ENGLISH,
    "no two alike": ["good tide", "bad rope", "warm quay", "poor film"],
    "Finnish": ["Epäjärjestelmällistyttämättömyys lentokonesuihkuturbiinimoottori", "Kumarreksituteskenteleva juna"],
    "German": ["Donaudampfschifffahrtsgesellschaft war spät", "Die Rindfleischetikettierung blieb aus"],
    "Korean": ["이영화는정말 재미있었어요", "배우들의연기가 별로였습니다", "다시보고 싶지않은영화"],
    "log lines": [f"2024-05-0{n} GET /a/{n * 7919:064x} 200 {n * 31} ms" for n in range(1, 9)],
    "Chinese in words": spaced(CHINESE, 40),
    "Thai in words": spaced(THAI, 40, word=4),
    "one word a text": ["good", "bad", "so", "fine", "poor"] * 30,
    "few names": ["Maria", "Jonas", "Elin"],
    "a Chinese word in English": [f"{line} {CHINESE[n]}{CHINESE[n + 1]}" for n, line in enumerate(ENGLISH)],
    "nothing": ["", " "],
}


@pytest.mark.parametrize(("texts", "share"), FOUND.values(), ids=FOUND)
def test_texts_without_spaces_are_found(texts, share):
    found = find_unspaced(texts)
    assert found.share == share
    assert found.example in texts


@pytest.mark.parametrize("texts", NOT_FOUND.values(), ids=NOT_FOUND)
def test_texts_with_words_are_left_alone(texts):
    assert find_unspaced(texts) is None
