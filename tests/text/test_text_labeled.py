"""Labeled texts: every format gives the same data, and every problem is named by path and line."""

import bz2
import csv
import gzip
import io
import json
import lzma
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.labels import read_label
from textrnn.text import LabeledTexts, TableFormat, read_labeled, read_texts

CORPORA = Path(__file__).parents[2] / "corpora"
COMPRESS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
ENDINGS = [kind + compression for kind in (".csv", ".tsv", ".jsonl") for compression in COMPRESS]
FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=20)
LABEL = FIELD.map(str.strip).filter(lambda label: label.lower() not in ("", "nan", "<na>"))


def table(ending, rows):
    """The bytes of a table; `rows` are dicts."""
    kind = "." + ending.split(".")[1]
    if kind == ".jsonl":
        text = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, list(rows[0]), delimiter="," if kind == ".csv" else "\t")
        writer.writeheader()
        writer.writerows(rows)
        text = stream.getvalue()
    return COMPRESS[ending.removeprefix(kind)](text.encode())


@given(rows=st.lists(st.tuples(FIELD, LABEL), min_size=1, max_size=4), ending=st.sampled_from(ENDINGS))
@settings(deadline=None)
def test_every_format_gives_back_texts_and_labels(tmp_path_factory, rows, ending):
    path = tmp_path_factory.mktemp("rows") / f"rows{ending}"
    path.write_bytes(table(ending, [{"label": label, "text": text} for text, label in rows]))
    texts, labels = ([row[n] for row in rows] for n in (0, 1))
    quoting = TableFormat(quoting="minimal") if ending.startswith(".tsv") else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fields that span lines
        assert read_labeled(path, table=quoting) == LabeledTexts(texts, [read_label(label) for label in labels])
        assert read_texts(path, table=quoting) == texts


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ("Review,ID,Sentiment\nGood.,7, positive \n", {}),
        ("\ufefftext,label\r\nGood.,positive\r\n\r\n", {}),
        ("text,sentence,label\nGood.,x,positive\n", {}),
        ("body,text,verdict\nGood.,x,positive\n", {"text_column": "body", "label_column": "verdict"}),
    ],
)
def test_columns_are_found_by_their_usual_names_or_by_name(tmp_path, data, options):
    path = tmp_path / "a.csv"
    path.write_bytes(data.encode())
    assert read_labeled(path, **options) == LabeledTexts(["Good."], ["positive"])


def test_a_field_may_hold_newlines_and_a_whole_book(tmp_path):
    limit = csv.field_size_limit()
    path = tmp_path / "a.csv"
    text = 'He said ""no"",\r\n\nand left.' * 10_000
    path.write_bytes(f'text,label\n"{text}",a\n,b\n'.encode())
    with pytest.warns(UserWarning, match=r"a\.csv: a quoted field spans lines 2-20002; .* quoting='none'"):
        assert read_labeled(path).texts == [text.replace('""', '"').replace("\r\n", "\n"), ""]
    assert csv.field_size_limit() == limit


def test_json_labels_become_strings_and_blank_lines_are_skipped(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "label": 1}\n\n{"text": "", "label": true}\n{"label": " x ", "text": "b"}')
    assert read_labeled(path) == LabeledTexts(["a", "", "b"], ["1", "true", "x"])


def test_a_named_encoding_is_used_and_a_wrong_one_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\n\xe9t\xe9,a\n")
    assert read_labeled(path, encoding="latin-1").texts == ["été"]
    with pytest.raises(ValueError, match=r"a\.csv, line 2: byte 0xe9 is not valid utf-8"):
        read_labeled(path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", "", "holds no rows"),
        ("a.csv", "text,label\n", "holds no rows"),
        (
            "a.csv",
            "words,label\nx,y\n",
            "no column 'text' or 'sentence' or 'review'; it has 'words', 'label'",
        ),
        ("a.csv", "text,stars\nx,5\n", "no column 'label' or 'sentiment'; it has 'text', 'stars'"),
        (
            "a.csv",
            "text,text,label\na,b,c\n",
            "names the column 'text' more than once; say which with `text_column`: 'text#1' or 'text#2'",
        ),
        ("a.csv", 'text,label\n"a\nb",x\n\nc, \n', "line 5: 'label' is empty; every text needs a label"),
        ("a.csv", "text,label\na,x\nb\n", "line 3: must have 2 fields, as the header has; received 1"),
        ("a.csv", "text,label\na, b,x\n", "line 2: must have 2 fields, as the header has; received 3"),
        ("a.csv", 'text,label\na,x\n"b,x\n', r"line 3: not a valid row \(unexpected end of data\)"),
        ("a.jsonl", '{"text": "a", "label": 1}\n{"text"\n', r"line 2: not valid JSON \(Expecting ':'"),
        ("a.jsonl", "[1]\n", r"line 1: must be a JSON object; received \[1\]"),
        ("a.jsonl", '{"text": 3, "label": 1}', "line 1: 'text' must be a string; received 3"),
        ("a.jsonl", '{"text": "a", "label": null}', r"line 1: 'label' is missing \(None\); every text"),
        ("a.jsonl", '{"text": "a", "label": 1}\n\n{"text": "b"}', "line 3: no column 'label'; it has 'text'"),
        ("a.parquet", "x", r"must end in \.csv, \.tsv, \.jsonl or \.json, .*; received '\.parquet'"),
        ("a.gz", "x", "received 'no ending'"),
        ("a.csv.gz", "text,label\n", r"cannot be read: it is not packed with gzip; leave .gz out of its name"),
        ("a.csv.xz", "text,label\n", r"cannot be read: Input format not supported"),
        ("a.csv.bz2", "text,label\n", r"cannot be read: Invalid data stream"),
    ],
)
def test_problem_in_a_file_is_named_by_path_and_line(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_text(data)
    with pytest.raises(ValueError, match=name.replace(".", r"\.") + ".*" + message):
        read_labeled(path)


def test_missing_or_equal_columns_are_errors(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,b\n")
    with pytest.raises(ValueError, match="no column 'Body'; it has 'text', 'label'; name one with `text_column`"):
        read_labeled(path, text_column="Body")
    with pytest.raises(ValueError, match="must differ; received 'text' for both"):
        read_labeled(path, label_column="text")
    with pytest.raises(FileNotFoundError, match=r"missing\.csv"):
        read_labeled(tmp_path / "missing.csv")
    with pytest.raises(ValueError, match="must be of one length; received 1 texts and 0 labels"):
        LabeledTexts(["a"], [])


def test_texts_to_classify_need_no_label(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\n\n two\r\n")
    assert read_texts(tmp_path / "a.txt") == ["one", "", " two"]
    (tmp_path / "a.csv").write_text("id,review\n1,Fine.\n")
    assert read_texts(tmp_path / "a.csv") == ["Fine."]
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(ValueError, match=r"empty\.txt is empty"):
        read_texts(tmp_path / "empty.txt")


@pytest.mark.parametrize(("name", "count"), [("sentences_train.csv", 2000), ("sentences_test.csv", 400)])
def test_the_project_sentences_are_balanced(name, count):
    data = read_labeled(CORPORA / name)
    assert len(data) == count
    assert data.labels.count("positive") == data.labels.count("negative") == count // 2
    assert all(data.texts)
