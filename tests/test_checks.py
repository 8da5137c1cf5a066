"""A table in place of texts is refused with the column to pass; any other iterable of strings is read."""

from itertools import groupby

import numpy as np
import pytest

import textrnn
from textrnn import checks
from textrnn.generation import find_copied
from textrnn.options.tasks import CLASSIFIER, LANGUAGE_MODEL, arguments_for
from textrnn.text import CharacterTokenizer, WordTokenizer, make_tokenizer, open_corpus, write_ids


class Frame:
    """What every kind of data frame has in common: columns, and an iteration over their names."""

    def __init__(self, **columns):
        self.columns = list(columns)

    def __iter__(self):
        return iter(self.columns)


class Rows:
    """A data set of rows, as Hugging Face has them."""

    column_names = ("text",)

    def __iter__(self):
        return iter([{"text": "good"}])


TABLES = {
    "a data frame": (Frame(text=["good"], label=["yes"]), r"received a table \(Frame\): pass one of its columns"),
    "a data set of rows": (Rows(), r"received a table \(Rows\): pass one of its columns, such as \w+\[\"text\"\]"),
    "a dict": ({"text": ["good", "bad"]}, r"received a table \(dict\): pass one of its columns"),
    "two dimensions": (np.array([["good", "yes"]]), r"received ndarray of shape \(1, 2\): pass one column, such as"),
    "no dimension": (np.array("good"), r"received ndarray of shape \(\), one value: wrap it as \[\w+\.item\(\)\]"),
    "groups": (groupby(["good"]), r"received groups \(groupby\): pass a column of the table before it is grouped"),
    "bytes": (b"good", "received b'good' of type bytes"),
    "a set": ({"good"}, r"received a set, which has no order: pass sorted\(\w+\)"),
    "None among them": (["good", None], r"\w+\[1\]` must be a string; received None: drop missing texts, or fill"),
    "NaN among them": (["good", float("nan")], r"\w+\[1\]` must be a string; received nan: drop missing texts"),
}


@pytest.fixture(scope="module")
def takers(tmp_path_factory):
    """Everything that takes texts, by name."""
    model = textrnn.LanguageModel(CharacterTokenizer().fit("good bad"), units=4, embedding_dim=4)
    classifier = textrnn.TextClassifier(WordTokenizer().fit("good bad"), ["no", "yes"], units=4, embedding_dim=4)
    folder = tmp_path_factory.mktemp("models")
    classifier.save(folder / "model.keras")
    small = {"units": 4, "epochs": 1, "verbose": False}
    labeled = (["good", "bad"], ["yes", "no"])
    return {
        "classify": classifier.classify,
        "classify without TensorFlow": textrnn.runtime.load(folder).classify,
        "evaluate_texts": lambda texts: classifier.evaluate_texts(texts, ["yes"]),
        "calibrate": lambda texts: classifier.calibrate(texts, ["yes"]),
        "rank": model.rank,
        "train_language_model": lambda texts: textrnn.train_language_model(
            texts, **arguments_for(LANGUAGE_MODEL, **small)
        ),
        "train_classifier": lambda texts: textrnn.train_classifier(
            (texts, ["yes"]), **arguments_for(CLASSIFIER, **small)
        ),
        "unlabeled": lambda texts: textrnn.train_classifier(
            labeled, **arguments_for(CLASSIFIER, unlabeled=texts, vat_weight=1.0, **small)
        ),
        "fit": make_tokenizer("byte_pair").fit,
        "extended": model.tokenizer.extended,
        "open_corpus": open_corpus,
        "write_ids": lambda texts: write_ids(texts, model.tokenizer, folder / "ids.bin", end_of_text=False),
        "find_copied": lambda texts: find_copied("good " * 9, texts),
    }


@pytest.mark.parametrize(("texts", "message"), TABLES.values(), ids=TABLES)
def test_a_table_where_texts_are_taken_is_refused_with_how_to_pass_a_column(takers, texts, message):
    for name, take in takers.items():
        with pytest.raises(TypeError, match=message) as caught:
            take(texts)
        assert "must be" in str(caught.value), name


@pytest.mark.parametrize("labels", [Frame(label=["yes"]), {"label": ["yes"]}, np.array([["yes"]])])
def test_a_table_where_labels_are_taken_is_refused_too(takers, labels):
    classifier = takers["classify"].__self__
    for take in (
        lambda: classifier.evaluate_texts(["good"], labels),
        lambda: classifier.calibrate(["good"], labels),
        lambda: textrnn.train_classifier((["good"], labels), verbose=False),
    ):
        with pytest.raises(TypeError, match=r"`labels` must be a list with .*: pass one .*column"):
            take()
    with pytest.raises(TypeError, match="`labels` must be two or more distinct strings; received"):
        textrnn.TextClassifier(classifier.tokenizer, labels)
    with pytest.raises(TypeError, match=r"pair \(texts, labels\), such as \(table\['text'\], table\['label'\]\)"):
        textrnn.train_classifier(labels, verbose=False)


def test_any_other_iterable_of_texts_is_read_once(takers):
    classifier, model = takers["classify"].__self__, takers["rank"].__self__
    texts = ["good", "bad bad"]
    expected = classifier.classify(texts)
    for same in (tuple(texts), np.array(texts), np.array(texts, object), iter(texts), dict.fromkeys(texts).keys()):
        assert classifier.classify(same) == expected
    assert [text for text, _ in model.rank(iter(texts))] == [text for text, _ in model.rank(texts)]
    report = classifier.evaluate_texts((text for text in texts), iter(["yes", "no"]))
    assert len(report.truths) == 2
    assert "".join(open_corpus(iter(texts)).pieces()) == "good\nbad bad"


def test_columns_of_real_data_frames_are_read_and_the_frames_refused(takers):
    classifier, texts = takers["classify"].__self__, ["good", "bad bad"]
    for library in ("pandas", "polars"):
        frame = pytest.importorskip(library).DataFrame({"text": texts, "label": ["yes", "no"]})
        with pytest.raises(TypeError, match=r"`texts` must be a list of strings; received a table \(DataFrame\)"):
            classifier.classify(frame)
        assert classifier.classify(frame["text"]) == classifier.classify(texts)
        assert len(classifier.evaluate_texts(frame["text"], frame["label"]).truths) == 2


def test_a_message_names_ten_things_and_counts_the_rest():
    assert checks.listed(["a", "b"]) == "'a', 'b'"
    assert checks.listed(range(4_010), show=str) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 4,000 more"
    with pytest.raises(ValueError, match="received 'xxx") as caught:
        checks.one_of("label", "x" * 10**6, [str(n) for n in range(10**5)])
    assert len(str(caught.value)) < 400


def test_thousands_of_new_characters_are_counted_and_ten_named(takers):
    model, new = takers["rank"].__self__, "".join(map(chr, range(0x4E00, 0x4E00 + 3_000)))
    with pytest.warns(UserWarning, match=r"3,000 tokens are new to the model .*'一', .* and 2,990 more$") as caught:
        textrnn.train_language_model(
            [new * 2], epochs=1, batch_size=4, verbose=False, training=textrnn.LanguageModelTraining(init_from=model)
        )
    assert max(len(str(warning.message)) for warning in caught) < 200
