"""Formats of tables: quotes that are characters, other delimiters, no header, odd headers, blanks."""

import warnings

import pytest

from textrnn.text import LabeledTexts, TableFormat, open_corpus, open_rows, read_labeled, read_texts

LONE_QUOTES = 'text\tlabel\n"To be\t1\nfine "film"\t0\nnot "\t1\n'


def labeled(path, data, **options):
    path.write_text(data, encoding="utf-8")
    return read_labeled(path, **options)


def test_a_quote_in_a_tsv_is_an_ordinary_character(tmp_path):
    expected = LabeledTexts(['"To be', 'fine "film"', 'not "'], ["1", "0", "1"])
    assert labeled(tmp_path / "a.tsv", LONE_QUOTES) == expected
    assert labeled(tmp_path / "a.csv", LONE_QUOTES, table=TableFormat(delimiter="\t")) == expected
    commas = LONE_QUOTES.replace("\t", ",")
    assert labeled(tmp_path / "a.csv", commas, table=TableFormat(quoting="none")) == expected


def test_a_quoted_field_over_several_rows_is_reported_once_with_its_lines(tmp_path):
    rows = '"To be,1\nfine,0\nnot",1\nfine,0\n' * 5
    with pytest.warns(UserWarning, match="spans") as caught:
        assert len(labeled(tmp_path / "a.csv", "text,label\n" + rows)) == 10
    assert len(caught) == 1
    assert f"{tmp_path / 'a.csv'}: a quoted field spans lines 2-4, 6-8, 10-12 and 2 more; " in str(caught[0].message)


def test_a_tsv_that_a_program_quoted_says_how_it_is_read(tmp_path):
    data = 'text\tlabel\n"say ""no"""\t1\n"plain"\t0\n'
    with pytest.warns(UserWarning, match=r"fields of line 2 are enclosed in quotes.*minimal\) takes them off"):
        assert labeled(tmp_path / "a.tsv", data).texts == ['"say ""no"""', '"plain"']
    minimal = TableFormat(quoting="minimal")
    assert labeled(tmp_path / "a.tsv", data, table=minimal).texts == ['say "no"', "plain"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labeled(tmp_path / "a.tsv", data, table=TableFormat(quoting="none"))
    with pytest.raises(ValueError, match=r"line 2: must have 2 fields.*received 1; if quotes enclose .*minimal"):
        labeled(tmp_path / "a.tsv", 'text\tlabel\n"two\nlines"\t1\n')


def test_unused_columns_may_be_unnamed_or_share_a_name(tmp_path):
    data = "v1,v2,,,x,x\nham,good tide,,,1,2\n"
    chosen = {"text_column": "v2", "label_column": "v1"}
    assert labeled(tmp_path / "a.csv", data, **chosen) == LabeledTexts(["good tide"], ["ham"])
    with open_rows(tmp_path / "a.csv") as rows:
        assert rows.header == ["v1", "v2", "", "", "x", "x"]
        assert list(next(iter(rows)).values) == ["v1", "v2", "#3", "#4", "x#5", "x#6"]
    with pytest.raises(ValueError, match="column 'x' more than once; say which with `label_column`: 'x#5' or 'x#6'"):
        labeled(tmp_path / "a.csv", data, text_column="v2", label_column="x")
    assert labeled(tmp_path / "a.csv", data, text_column="v2", label_column="x#6").labels == ["2"]


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_another_delimiter_is_named_and_read(tmp_path, delimiter):
    data = f'text{delimiter}label\n"A film, really"{delimiter}1\n'
    table = TableFormat(delimiter=delimiter, quoting="minimal")
    assert labeled(tmp_path / "a.csv", data, table=table) == LabeledTexts(["A film, really"], ["1"])
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        labeled(tmp_path / "a.csv", data)
    shown = delimiter.replace("\t", r"\t")
    assert f"if {delimiter!r} separates its columns, delimiter={delimiter!r} (--delimiter '{shown}')" in str(
        caught.value
    )


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_first_line_of_excel_names_the_delimiter(tmp_path, first):
    expected = LabeledTexts(["A film, really"], ["1"])
    assert labeled(tmp_path / "a.csv", f"{first}\ntext;label\nA film, really;1\n") == expected
    table = TableFormat(delimiter=";", columns=["text", "label"])
    assert labeled(tmp_path / "a.csv", f"{first}\nA film, really;1\n", table=table) == expected
    with pytest.raises(ValueError, match=r"a\.csv, line 4: must have 2 fields"):
        labeled(tmp_path / "a.csv", f"{first}\ntext;label\na;1\nb\n")


def test_a_table_without_a_header_has_columns_by_name_or_number(tmp_path):
    expected = LabeledTexts(["good tide", "bad rope"], ["1", "0"])
    data = "1,x,good tide\n0,,bad rope\n"
    for names in (["label", "", "text"], ("label", "n", "text")):
        assert labeled(tmp_path / "a.csv", data, table=TableFormat(columns=names)) == expected
    assert labeled(tmp_path / "a.csv", data, text_column=3, label_column=1) == expected
    assert read_texts(tmp_path / "a.csv", text_column=3) == expected.texts
    for name in ("a.dat", "a.txt"):
        (tmp_path / name).write_text(data)
        assert read_texts(tmp_path / name, table=TableFormat(columns=["label", "", "text"])) == expected.texts


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("text,label\na,1\n", {"text_column": 1, "label_column": 2}, "line 1 names the columns .*by name"),
        ("text,label\na,1\n", {"table": TableFormat(columns=["text", "label"])}, "line 1 names the columns"),
        ("a,1\n", {"text_column": 0, "label_column": 1}, "`text_column` must be from 1 to 2, or a name; received 0"),
        ("a,1\n", {"text_column": 1, "label_column": "label"}, "columns must all be names or all be numbers"),
        (
            "a,1,\n",
            {"table": TableFormat(columns=["text", "label"])},
            "line 1: must have 2 fields, as `columns` has; received 3",
        ),
        ("a,1\nb,2\n", {}, r"no column 'text' .*without a header with `columns` \(--columns\)"),
    ],
)
def test_a_header_is_neither_lost_nor_made_a_row(tmp_path, data, options, message):
    with pytest.raises(ValueError, match=message):
        labeled(tmp_path / "a.csv", data, **options)


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ('text, label\nwarm, "1"\n" x, y", "0"\n', ["warm", " x, y"]),
        ('text,label\nwarm, "1"\n x,"0"\n', ["warm", " x"]),
        ('label, text\n1, "warm, ""film"""\n0, bad rope\n', ['warm, "film"', "bad rope"]),
        ('label,text\n1, "warm\nfilm"\n0, bad rope\n', ["warm\nfilm", " bad rope"]),
        ('label,text\n1, "warm" film\n0,x\n', [' "warm" film', "x"]),
    ],
)
def test_blanks_between_delimiter_and_quote_are_ignored(tmp_path, data, texts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fields that span lines
        assert labeled(tmp_path / "a.csv", data) == LabeledTexts(texts, ["1", "0"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"delimiter": "||"}, ValueError, r"`delimiter` must be one character, no quote .*; received '\|\|'"),
        ({"delimiter": '"'}, ValueError, "`delimiter` must be one character"),
        ({"quoting": "all"}, ValueError, "`quoting` must be one of 'minimal', 'none'; received 'all'"),
        ({"format": "xlsx"}, ValueError, "`format` must be one of 'csv', 'tsv', 'jsonl', 'txt'; received 'xlsx'"),
        ({"columns": "text,label"}, TypeError, r"`columns` must be a list of names, .*; received 'text,label'"),
        ({"columns": []}, ValueError, "`columns` must name the columns of the table; received none"),
        ({"columns": ["text", 1]}, TypeError, r"`columns\[1\]` must be a string; received 1"),
    ],
)
def test_a_table_format_is_checked(options, error, message):
    with pytest.raises(error, match=message):
        TableFormat(**options)


def test_json_has_no_delimiter_and_no_numbers(tmp_path):
    with pytest.raises(ValueError, match=r"`columns` are of \.csv and \.tsv files; .*a\.jsonl is read as \.jsonl"):
        labeled(tmp_path / "a.jsonl", "{}", table=TableFormat(delimiter=";"))
    with pytest.raises(ValueError, match="have names, as its objects say; ask for them by name"):
        labeled(tmp_path / "a.jsonl", "{}", text_column=1, label_column=2)


def test_a_json_file_holds_an_object_a_line(tmp_path):
    rows = '{"text": "warm", "label": 1}\n{"text": "cold", "label": 0}\n'
    assert labeled(tmp_path / "a.json", rows) == LabeledTexts(["warm", "cold"], ["1", "0"])
    assert read_texts(tmp_path / "a.json") == ["warm", "cold"]
    with pytest.raises(ValueError, match=r"a\.json looks like a JSON array, .*`jq -c .* makes a \.jsonl of it"):
        labeled(tmp_path / "a.json", '[{"text": "warm", "label": 1}]')
    with pytest.raises(ValueError, match=r"a\.json is JSON, which is no running text; .*documents='row'"):
        open_corpus(tmp_path / "a.json")
