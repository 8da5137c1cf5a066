"""Reading of corpora: files, folders, strings; pieces and documents; errors and their places."""

import re
import tracemalloc
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.text import decoding as decoding_module
from textrnn.text import open_corpus


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def read(source, **options):
    return list(open_corpus(source, **options).pieces())


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(decoding_module, "BLOCK_BYTES", 3)


@given(
    text=st.lists(st.sampled_from(["a", "word ", "é", "😀", "\n", "\n\n", " "]), min_size=1).map("".join),
    characters=st.integers(1, 12),
)
@settings(deadline=None, max_examples=300)
def test_pieces_joined_are_the_text_and_no_word_is_torn_that_fits(text, characters):
    pieces = list(open_corpus([text]).pieces(characters))
    assert "".join(pieces) == text
    assert all(1 <= len(piece) <= characters for piece in pieces)
    for piece in pieces[:-1]:
        assert piece.endswith("\n") or "\n" not in piece
        assert piece[-1].isspace() or not any(map(str.isspace, piece))


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b"\xef\xbb\xbf"), ("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16", b"")],
)
@pytest.mark.usefixtures("small_blocks")
def test_a_byte_order_mark_is_left_out_even_where_blocks_cut_it(tmp_path, encoding, mark):
    text = "é 😀\ufeff\nend"
    data = mark + text.encode("utf-8" if encoding == "utf-8-sig" else encoding)
    assert "".join(read(write(tmp_path / "a.txt", data), encoding=encoding)) == text
    assert "".join(read(["\ufeff" + text])) == text


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_endings_become_newlines_and_are_mentioned_once(tmp_path, ending):
    write(tmp_path / "a.txt", "plain\n")
    write(tmp_path / "b.txt", f"é{ending}{ending}bc{ending}d{ending}")
    write(tmp_path / "c.txt", f"x{ending}y")
    corpus = open_corpus(tmp_path)
    with pytest.warns(UserWarning, match=r"b\.txt has line endings other than \\n") as caught:
        text = "".join(corpus.pieces())
    assert text == "plain\né\n\nbc\nd\nx\ny"
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "".join(corpus.pieces(characters=2)) == text


def test_line_endings_in_a_string_name_its_index():
    with pytest.warns(UserWarning, match="string 1 has line endings"):
        assert read(["a", "b\r\nc"], documents="string") == ["a", "b\nc"]


def test_files_below_a_folder_are_read_in_order_and_begin_on_new_lines(tmp_path):
    write(tmp_path / "b.txt", "second")
    write(tmp_path / "a" / "z.TXT", "first\n")
    write(tmp_path / "c.txt", "")
    write(tmp_path / "d.txt", "last")
    write(tmp_path / "notes.md", "not this")
    assert "".join(read(str(tmp_path))) == "first\nsecond\nlast"
    assert read(tmp_path, documents="file") == ["first\n", "second", "last"]
    assert read(tmp_path, documents="line") == ["first", "second", "last"]
    assert open_corpus(tmp_path).size == len("first\nsecondlast")


@pytest.mark.usefixtures("small_blocks")
def test_documents_are_lines_or_strings_and_blank_ones_are_skipped(tmp_path):
    text = " one two\n\n \t\nthree\x85\u2028still three \nfour"
    expected = [" one two", "three\x85\u2028still three ", "four"]
    assert read(write(tmp_path / "a.txt", text), documents="line") == expected
    assert read([text], documents="line") == expected
    assert read(["one\n", "", "two"], documents="string") == ["one\n", "two"]
    assert "".join(read(["one\n", "", "two", "three"])) == "one\ntwo\nthree"


def test_a_one_shot_iterator_can_be_read_again_and_again():
    corpus = open_corpus(letter for letter in "abc")
    assert "".join(corpus.pieces()) == "".join(corpus.pieces()) == "a\nb\nc"
    assert corpus.size == 3


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (b"one\ntwo\nthr\xffee\n", "utf-8", "line 3: byte 0xff is not valid utf-8 .*encoding='latin-1'"),
        (b"one\r\ntwo\r\n\xe9t\xe9", "utf-8", "line 3: byte 0xe9 is not valid utf-8"),
        (b"one\r\xff", "utf-8", "line 2: byte 0xff"),
        (b"\xef\xbb\xbf\n\ncut \xf0\x9f\x98", "utf-8-sig", "line 3: byte 0xf0 is not valid utf-8-sig"),
        (b"one\nt\xe9o\n", "ascii", "line 2: byte 0xe9 is not valid ascii .*encoding='utf-8'"),
        (
            "one\ntwo\n".encode("utf-16") + b"\x00\xdc\x00\xdc",
            "utf-16",
            "line 3: byte 0x00 is not valid utf-16",
        ),
    ],
)
def test_error_of_undecodable_bytes_names_path_line_byte_and_fix(tmp_path, data, encoding, message):
    path = write(tmp_path / "bad.txt", data)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ", " + message):
        read(path, encoding=encoding)


def test_the_line_of_bad_bytes_is_right_far_into_a_file(tmp_path):
    lines = [b"a line of some length, \xc3\xa9\r\n"] * 60_000
    lines[54_320] = b"\x80\r\n"
    with pytest.raises(ValueError, match="line 54321: byte 0x80"):
        read(write(tmp_path / "bad.txt", b"".join(lines)))


def test_latin_1_is_read_when_named(tmp_path):
    assert read(write(tmp_path / "a.txt", b"\xe9t\xe9\n"), encoding="latin-1") == ["été\n"]


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ("missing.txt", {}, FileNotFoundError, r"a str is always a path.*missing\.txt"),
        ("To be, or not\n" * 500, {}, FileNotFoundError, "pass a list of str for the text itself"),
        ("empty.txt", {}, ValueError, r"empty\.txt is empty"),
        ("empty folder", {}, ValueError, r"the folder .*empty folder holds no \.txt file"),
        ("empty files", {}, ValueError, "the text files in .*empty files are all empty"),
        ("mark.txt", {}, ValueError, r"mark\.txt holds no text"),
        ("blank.txt", {"documents": "line"}, ValueError, r"blank\.txt holds no documents"),
        ("a.txt", {"documents": "string"}, ValueError, "needs an iterable of strings; received the path"),
        (
            "a.txt",
            {"documents": "page"},
            ValueError,
            "must be None, 'line', 'file' or 'string'; received 'page'",
        ),
        ("a.txt", {"encoding": "utf-9"}, ValueError, "must name a text encoding; received 'utf-9'"),
        ("a.txt", {"encoding": "base64"}, ValueError, "must name a text encoding; received 'base64'"),
        ("a.txt", {"encoding": 8}, TypeError, "`encoding` must be a str such as 'utf-8'; received 8"),
        (["a"], {"documents": "file"}, ValueError, "needs a path; received an iterable of strings"),
        ([], {}, ValueError, "must hold at least one character; received none"),
        (["", ""], {}, ValueError, "must hold at least one character; received none"),
        ([" ", "\n"], {"documents": "line"}, ValueError, "the iterable of strings holds no documents"),
        (["a", None], {}, TypeError, r"`source\[1\]` must be a string; received None"),
        (b"text", {}, TypeError, "received b'text' of type bytes"),
        ({"a", "b"}, {}, TypeError, r"received a set, which has no order: pass sorted\(source\)"),
        (7, {}, TypeError, "must be a path or a list of strings; received 7 of type int"),
    ],
)
def test_unreadable_source_is_named(tmp_path, monkeypatch, source, options, error, message):
    write(tmp_path / "empty.txt", "")
    write(tmp_path / "empty files" / "a.txt", "")
    write(tmp_path / "mark.txt", "\ufeff")
    write(tmp_path / "blank.txt", " \n\n")
    write(tmp_path / "a.txt", "a")
    (tmp_path / "empty folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        read(source, **options)


def test_reading_keeps_a_few_pieces_in_memory_and_no_more(tmp_path):
    path = write(tmp_path / "large.txt", b"The tide is late tonight, and so are we.\n" * 500_000)
    tracemalloc.start()
    try:
        characters = sum(map(len, open_corpus(path).pieces()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert characters == path.stat().st_size
    assert peak < 12e6 < characters


def test_the_project_corpus_is_as_its_readme_says():
    plays = Path(__file__).parents[2] / "corpora" / "plays.txt"
    text = "".join(open_corpus(plays).pieces())
    assert len(text) == 300_767
    assert len(set(text)) == 64
