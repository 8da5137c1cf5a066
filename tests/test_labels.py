"""One rule for labels: the same label from a table, from JSON, and from Python."""

import json
import math
from decimal import Decimal

import numpy as np
import pytest

import textrnn
from textrnn.api.labeled_data import open_labeled
from textrnn.labels import read_label, sort_labels
from textrnn.options import TableOptions
from textrnn.text import CharacterTokenizer, TableFormat, WordTokenizer, read_labeled
from textrnn.training.splits import weigh_classes

SAME = {
    "1": (["1", " 1 ", "1.0", "1.00"], [1, 1.0], [np.int64(1), np.float32(1), np.str_("1")]),
    "-1": (["-1", "-1.0"], [-1, -1.0], [np.int8(-1)]),
    "0": (["0", "0.0", "-0.0"], [0, 0.0, -0.0], [np.float16(0)]),
    "0.1": (["0.1"], [0.1], [np.float32(0.1)]),
    "true": (["true", "True", "TRUE"], [True], [np.bool_(True)]),
    "false": (["false", "False"], [False], [np.False_]),
    "007": (["007"], [], []),
    "x y": (["x y", " x y "], [], []),
    "0.5": (["0.5"], [0.5], [Decimal("0.5"), Decimal("0.50")]),
    "0.50": (["0.50"], [], []),  # no number: 3.10 and 3.1 may be versions
    "100000000000000000000": ([], [1e20, 10**20], [Decimal("1e20")]),
    "9007199254740993": (["9007199254740993"], [2**53 + 1], [np.int64(2**53 + 1), Decimal(2**53 + 1)]),
    "1" + "0" * 400: (["1" + "0" * 400], [10**400], []),
}


@pytest.mark.parametrize(("label", "forms"), SAME.items(), ids=[label[:25] for label in SAME])
def test_a_label_is_the_same_from_a_table_from_json_and_from_python(tmp_path, label, forms):
    fields, values, arrays = forms
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t,{each}\n" for each in fields) + f"t,{label}\n")
    lines = (json.dumps({"text": "t", "label": each}) for each in (*fields, *values, label))
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    for name in ("a.csv", "a.jsonl"):
        assert {*read_labeled(tmp_path / name).labels} == {label}
    given = [*fields, *values, *arrays, label]
    assert {*open_labeled((["t"] * len(given), given), TableOptions(), TableFormat()).labels} == {label}


MISSING = {"": "is empty", "  ": "is empty", "nan": r"is missing \(nan\)", "<NA>": r"is missing \(<NA>\)"}


@pytest.mark.parametrize("value", [*MISSING, None, math.nan, np.float32("nan")])
def test_a_missing_label_is_an_error_with_its_line(tmp_path, value):
    message = MISSING.get(value, r"is missing \((None|NaN)\)") + "; every text needs a label"
    if value in MISSING:
        (tmp_path / "a.csv").write_text(f"text,label\na,1\nb,{value}\n")
        with pytest.raises(ValueError, match=rf"a\.csv, line 3: 'label' {message}"):
            read_labeled(tmp_path / "a.csv")
    if not isinstance(value, np.generic):
        (tmp_path / "a.jsonl").write_text('{"text": "a", "label": 1}\n' + json.dumps({"text": "b", "label": value}))
        with pytest.raises(ValueError, match=rf"a\.jsonl, line 2: 'label' {message}"):
            read_labeled(tmp_path / "a.jsonl")
    with pytest.raises(ValueError, match=rf"`labels\[1\]` {message}"):
        open_labeled((["a", "b"], ["1", value]), TableOptions(), TableFormat())


@pytest.mark.parametrize("value", [["x"], {"a": 1}, b"x", 1j])
def test_error_of_an_invalid_label_states_the_rule(value):
    with pytest.raises(TypeError, match="must be a string, a number or a truth value; received"):
        read_label(value)
    with pytest.raises(ValueError, match="must be finite; received inf"):
        read_label(math.inf)


def test_labels_that_are_numbers_are_in_the_order_of_their_size():
    assert sort_labels({"10", "9", "-1", "0", "-10", "2.5"}) == ["-10", "-1", "0", "2.5", "9", "10"]
    assert sort_labels({"10", "9", "b"}) == ["10", "9", "b"]


def test_requested_labels_follow_the_rule(tmp_path):
    with pytest.raises(ValueError, match="`class_weight` must have one weight for label '1'; received"):
        weigh_classes({0: 1, 1: 2, "1": 3}, ["0", "1"], np.zeros(1, int))
    assert weigh_classes({-1.0: 3, "1": 1, True: 2}, ["-1", "1", "true"], np.zeros(1, int)).tolist() == [3, 1, 2]
    model = textrnn.LanguageModel(CharacterTokenizer().fit("ab"), labels=["-1", "1"], units=4, embedding_dim=4)
    texts = {model.generate("a", length=9, seed=0, condition=label) for label in ("-1", -1, -1.0, np.int8(-1))}
    assert len(texts) == 1
    with pytest.raises(ValueError, match="`condition` must be one of '-1', '1'; received 2"):
        model.generate("a", condition=2)
    classifier = textrnn.TextClassifier(WordTokenizer().fit("a"), ["False", "True"], units=4, embedding_dim=4)
    report = classifier.evaluate_texts(["a"] * 4, ["True", "TRUE", True, np.True_])
    assert report.truths.tolist() == [1] * 4
    assert classifier.explain("a", True).label == "True"
    with pytest.raises(ValueError, match=r"`labels\[1\]` is missing \(NaN\)"):
        classifier.calibrate(["a", "b"], [True, math.nan])


def test_empty_and_blank_texts_are_the_same_from_every_source(tmp_path):
    texts = ["", " x", "x ", "\tx"]
    labels = ["1"] * len(texts)
    (tmp_path / "a.csv").write_text("label,text\n" + "".join(f"1,{text}\n" for text in texts))
    (tmp_path / "a.tsv").write_text("label\ttext\n1\t\n1\t x\n1\tx \n")
    lines = (json.dumps({"text": text, "label": 1}) for text in texts)
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert read_labeled(tmp_path / "a.csv").texts == read_labeled(tmp_path / "a.jsonl").texts == texts
    assert read_labeled(tmp_path / "a.tsv").texts == texts[:3]
    assert open_labeled((texts, labels), TableOptions(), TableFormat()).texts == texts
