"""Packed files, UTF-16 and pipes; and files that are no text."""

import bz2
import gzip
import io
import lzma
import sys
import tracemalloc
import types

import pytest

from textrnn.text import LabeledTexts, open_corpus, open_rows, read_exactly, read_labeled, read_text, read_texts

TEXT = "naïve 😀 tide\nslow sea\n"
TABLE = "text,label\nnaïve 😀 tide,1\nslow sea,0\n"


def pack_zstandard(data):
    return pytest.importorskip("zstandard").compress(data)


PACKINGS = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),  # two ensemble_size
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pack_zstandard(data[:9]) + pack_zstandard(data[9:]),
}


def feed(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(data)))


def read_corpus(path, **options):
    corpus = open_corpus(path, **options)
    first = "".join(corpus.pieces())
    assert "".join(corpus.pieces()) == first  # a corpus is read again and again
    return first


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("packing", PACKINGS)
def test_texts_and_tables_are_read_whatever_packs_and_encodes_them(tmp_path, monkeypatch, packing, encoding):
    text, table = (PACKINGS[packing](content.encode(encoding)) for content in (TEXT, TABLE))
    (tmp_path / f"a.txt{packing}").write_bytes(text)
    (tmp_path / "other name.txt").write_bytes(text)  # recognized by its first bytes alone
    (tmp_path / f"a.csv{packing}").write_bytes(table)
    assert read_corpus(tmp_path) == TEXT * 2
    assert read_texts(tmp_path / f"a.txt{packing}") == TEXT.splitlines()
    rows = LabeledTexts(TEXT.splitlines(), ["1", "0"])
    assert read_labeled(tmp_path / f"a.csv{packing}") == rows
    with open_rows(tmp_path / f"a.csv{packing}") as stream:
        assert [row.values["text"] for row in stream] == rows.texts
        assert stream.bytes_read == stream.size == len(table)
    for read, data in ((read_corpus, text), (read_text, text), (read_labeled, table)):
        feed(monkeypatch, data)
        assert read("-") == (rows if data is table else TEXT)


@pytest.mark.parametrize("packing", [name for name in PACKINGS if name])
def test_a_packed_file_that_was_cut_is_an_error_with_its_name(tmp_path, packing):
    path = tmp_path / f"a.txt{packing}"
    path.write_bytes(PACKINGS[packing](TEXT.encode() * 50)[:-5])
    for read in (read_corpus, read_texts, read_text, read_exactly):
        with pytest.raises(ValueError, match=rf"a\.txt\{packing} cannot be read: .*end"):
            read(path)


def test_bytes_after_those_of_gzip_are_named(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(TEXT.encode()) + b"tide")
    message = r"a\.txt\.gz cannot be read: its packed bytes are followed by others \(b'ti'\); `gzip -dc FILE"
    with pytest.raises(ValueError, match=message):
        read_text(tmp_path / "a.txt.gz")


def test_without_zstandard_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    for module in ("compression.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a.txt.zst").write_bytes(b"\x28\xb5\x2f\xfd and more")
    with pytest.raises(ValueError, match=r"a\.txt\.zst cannot be read: .*pip install zstandard, or unpack it first"):
        read_corpus(tmp_path / "a.txt.zst")


def test_a_packed_corpus_is_read_in_constant_memory(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"The tide is late tonight, and so are we.\n" * 500_000, 1))
    tracemalloc.start()
    try:
        characters = sum(map(len, open_corpus(path).pieces()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert characters == 41 * 500_000
    assert peak < 12e6 < characters


NO_TEXTS = {
    "UTF-16 without a mark": (
        "The tide.\n".encode("utf-16-le"),
        "looks like UTF-16 without a byte-order mark; encoding='utf-16-le' (--encoding utf-16-le) reads it",
    ),
    "the same with the other end first": ("The tide.\n".encode("utf-16-be"), "--encoding utf-16-be"),
    "the same in Chinese": (("海潮缓慢" * 9 + "\n").encode("utf-16-le"), "--encoding utf-16-le"),
    "the same in Russian": ("Прилив.\nЛивни.\n".encode("utf-16-le"), "--encoding utf-16-le"),
    "UTF-32 without a mark": ("The tide.\n".encode("utf-32-le"), "--encoding utf-32-le"),
    "a NUL": (b"The tide\nis \0late\n" + b"x" * 99, "line 2: holds a NUL byte, which no text does"),
    "a JSON array": (
        b'\n[ {"text": "a"},\n',
        "looks like a JSON array, neither a text nor a table; `jq -c",
    ),
    "a Word document": (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml", "is a ZIP archive (as .docx, .xlsx"),
    "a PDF": (b"%PDF-1.7\n", "is a PDF document, not a text; export its text as .txt"),
    "a Parquet table": (b"PAR1\x15\x04", "is a Parquet table, not a text; `pandas.read_parquet(FILE).to_csv"),
    "an array": (b"\x93NUMPY\x01\0", "is a NumPy array"),
    "an archive": (b"a.txt".ljust(257, b"\0") + b"ustar\0", "is a tar archive, not a text; unpack it"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "is a PNG image"),
}


@pytest.mark.parametrize("packing", ["", ".gz"])
@pytest.mark.parametrize(("data", "message"), NO_TEXTS.values(), ids=NO_TEXTS)
def test_a_file_that_is_no_text_is_refused_by_its_kind(tmp_path, data, message, packing):
    for ending, read in ((".txt", read_corpus), (".txt", read_texts), (".csv", read_labeled)):
        path = tmp_path / f"a{ending}{packing}"
        path.write_bytes(PACKINGS[packing](data))
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            read(path)
        assert str(caught.value).startswith(str(path))
        assert message in str(caught.value)


def test_a_byte_order_mark_takes_precedence_over_the_encoding(tmp_path):
    (tmp_path / "a.txt").write_bytes(TEXT.encode("utf-16"))
    (tmp_path / "b.txt").write_bytes(TEXT.encode("utf-16-be"))
    assert read_corpus(tmp_path / "a.txt", encoding="latin-1") == TEXT
    assert read_corpus(tmp_path / "b.txt", encoding="utf-16-be") == TEXT


def test_text_that_looks_like_something_else_is_read(tmp_path):
    for text in ("BZh is no word\n", "[Scene I] enter\n", "[{tide}] and\n", "%PD\n", "海\n", "a"):
        (tmp_path / "a.txt").write_text(text, encoding="utf-8")
        assert read_corpus(tmp_path / "a.txt") == text
