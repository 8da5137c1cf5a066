"""Rows of a table as a stream: a broken row does not affect the others."""

import csv
import gzip
import io
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.text import TableFormat, make_row_writer, open_rows
from textrnn.text.records import LONGEST_RECORD
from textrnn.text.rows import Rows

CSV = TableFormat(format="csv")

FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)
BROKEN = {b"one field\n": "must have 2 fields", b"a,b,c\n": "received 3", b"\xe9,\n": "byte 0xe9 is not valid"}


def read(path, data, **options):
    path.write_bytes(data)
    with open_rows(path, **options) as rows, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fields that span lines
        return list(rows)


def kept(rows):
    return [(row.line, row.values) for row in rows if not row.problem]


def problems(rows):
    return {row.line: row.problem for row in rows if row.problem}


@given(before=st.lists(FIELD), after=st.lists(FIELD), broken=st.sampled_from([*BROKEN]))
def test_a_broken_row_is_named_by_its_line_and_spoils_no_other(tmp_path_factory, before, after, broken):
    def written(texts):
        stream = io.StringIO(newline="")
        csv.writer(stream, lineterminator="\n").writerows((text, "x") for text in texts)
        return stream.getvalue().encode()

    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    rows = read(path, b"text,other\n" + written(before) + broken + written(after))
    assert [row.values["text"] for row in rows if not row.problem] == [*before, *after]
    ((line, problem),) = problems(rows).items()
    assert line == 2 + written(before).count(b"\n")
    assert BROKEN[broken] in problem


def test_an_unclosed_quote_costs_its_line_alone(tmp_path):
    rows = read(tmp_path / "a.csv", b'text,other\n"open,1\nfine,2\n"over two\nlines",3\n"open again,4\nlast,5\n')
    assert kept(rows) == [
        (3, {"text": "fine", "other": "2"}),
        (4, {"text": "over two\nlines", "other": "3"}),
        (7, {"text": "last", "other": "5"}),
    ]
    assert [*problems(rows)] == [2, 6]


def test_search_for_a_closing_quote_is_bounded():
    line = "x" * (1 << 20) + "\n"
    lines = ["text,other\n", '"open,1\n', *[line] * (2 * LONGEST_RECORD // len(line)), "last,2\n"]
    rows = list(Rows(lines, CSV, "a"))
    assert "a quoted field does not end within" in rows[0].problem
    assert kept(rows) == [(len(lines), {"text": "last", "other": "2"})]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbftext\r\na\r\n\r\nb", "text\na\n\nb\n".encode("utf-16")])
def test_byte_order_marks_and_windows_line_ends_are_removed(tmp_path, data):
    encoding = "utf-8" if data[0] == 0xEF else "utf-16"
    assert kept(read(tmp_path / "a.csv", data, encoding=encoding)) == [(2, {"text": "a"}), (4, {"text": "b"})]


def test_packed_files_and_those_with_other_names_are_read_too(tmp_path):
    data = b'{"text": "a"}\n\n{"text"\n[1]\n{"text": "\xff"}\n{"text": null}\n'
    for path, content in ((tmp_path / "a.jsonl.gz", gzip.compress(data)), (tmp_path / "export", data)):
        rows = read(path, content, table=TableFormat(format="jsonl"))
        assert kept(rows) == [(1, {"text": "a"}), (6, {"text": None})]
        assert [*problems(rows)] == [3, 4, 5]
    assert kept(read(tmp_path / "a.txt", b"a\n\n\xff\nb")) == [
        (1, {"text": "a"}),
        (2, {"text": ""}),
        (4, {"text": "b"}),
    ]
    with pytest.raises(ValueError, match=r"a\.csv\.gz cannot be read: it is not packed with gzip"):
        read(tmp_path / "a.csv.gz", b"text\na\n")


@given(
    values=st.lists(st.text(st.characters(exclude_characters="\r\0")), min_size=2, max_size=2),
    ending=st.sampled_from([".csv", ".tsv", ".jsonl"]),
    quoting=st.sampled_from([None, "minimal", "none"]),
)
def test_written_rows_are_read_back_with_and_without_quotes(tmp_path_factory, values, ending, quoting):
    path = tmp_path_factory.mktemp("written") / f"rows{ending}"
    table = TableFormat(quoting=quoting).beside(path).of(path)
    row = dict(zip("ab", values, strict=True))
    writer = make_row_writer(table, ["a", "b"], ["c"])
    unwritable = ""
    if any(0xD800 <= ord(character) <= 0xDFFF for value in values for character in value):
        unwritable = "half of a surrogate pair"
    elif ending != ".jsonl" and not table.is_quoted and any({table.separator, "\n"} & {*value} for value in values):
        unwritable = f"which a {ending} without quotes cannot; write .csv or .jsonl, or --quoting minimal"
    if unwritable:
        with pytest.raises(ValueError, match=f"{unwritable}|half of a surrogate pair"):
            writer.begin(row)
        return
    found = read(path, writer.header() + writer.finish(writer.begin(row), [0.5]), table=table)
    assert [each.values for each in found] == [{**row, "c": 0.5 if ending == ".jsonl" else "0.5"}]


def test_nul_characters_are_not_written():
    with pytest.raises(ValueError, match=r"a field holds a NUL, which a \.csv cannot; write \.jsonl"):
        make_row_writer(CSV, ["a"], ["c"]).begin({"a": "x\0y"})


def test_json_values_stay_json_and_rows_may_have_other_columns():
    writer = make_row_writer(CSV, ["a", "b"], ["c"])
    assert writer.finish(writer.begin({"a": [1, "é"], "b": None}), [None]) == '"[1, ""é""]",,\n'.encode()
    with pytest.raises(ValueError, match=r"no column 'd' in the first rows; write \.jsonl"):
        writer.begin({"d": 1})
    with pytest.raises(ValueError, match="there is a column 'c' already"):
        make_row_writer(TableFormat(format="jsonl"), [], ["c"]).begin({"c": 1})
