"""Recognition of encodings and binary formats by the first bytes."""

import codecs
import re
from typing import Final

_MARKS: Final = {  # the longer ones first: that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_EXPORT: Final = "export its text as .txt, or as a .csv table"
_MAGIC: Final = {
    b"PK\x03\x04": (
        "a ZIP archive (as .docx, .xlsx, .odt, .epub, .npz and .keras files are)",
        f"unpack it, or {_EXPORT}",
    ),
    b"%PDF-": ("a PDF document", _EXPORT),
    b"{\\rtf": ("an RTF document", _EXPORT),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an old Word or Excel document", _EXPORT),
    b"PAR1": ("a Parquet table", "`pandas.read_parquet(FILE).to_csv(OUT, index=False)` makes a .csv of it"),
    b"ARROW1": ("an Arrow table", "`pandas.read_feather(FILE).to_csv(OUT, index=False)` makes a .csv of it"),
    b"\x93NUMPY": ("a NumPy array", "save the texts as .txt or .csv"),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", "save the texts as .txt or .csv"),
    b"SQLite format 3\0": ("an SQLite database", "`sqlite3 -header -csv FILE 'select ...'` makes a .csv of it"),
    b"\x80\x04\x95": ("a Python pickle", "save the texts as .txt or .csv"),
    b"\x80\x05\x95": ("a Python pickle", "save the texts as .txt or .csv"),
    b"\x89PNG\r\n": ("a PNG image", "give a text"),
    b"\xff\xd8\xff": ("a JPEG image", "give a text"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it"),
    b"Rar!\x1a\x07": ("a RAR archive", "unpack it"),
    b"\x04\x22\x4d\x18": ("packed with LZ4", "unpack it"),
}
_TAR: Final = (257, b"ustar")
_JSON_ARRAY: Final = re.compile(r"\s*\[\s*\{\s*(\"|\}\s*[,\]])")
_NULS: Final = 0.5  # of the bytes at every second place: text in UTF-16, in an alphabet of few letters
TO_JSON_LINES: Final = (
    "`jq -c '.[]' FILE > FILE.jsonl`, or `python -c \"import json; [print(json.dumps(row)) for row in "
    "json.load(open('FILE'))]\" > FILE.jsonl`, makes a .jsonl of it, an object a line"
)


def find_encoding(head: bytes, encoding: str) -> str:
    """The encoding of a byte-order mark, which overrides `encoding`, as in a browser."""
    found = next((name for mark, name in _MARKS.items() if head.startswith(mark)), encoding)
    return encoding if found == "utf-8" and codecs.lookup(encoding).name.startswith("utf-8") else found


def find_binary(head: bytes) -> str | None:
    """The binary format of bytes, with advice; None if they may be text."""
    for magic, (what, way_out) in _MAGIC.items():
        if head.startswith(magic):
            return f"is {what}, not a text; {way_out}"
    if head.startswith(_TAR[1], _TAR[0]):
        return "is a tar archive, not a text; unpack it"
    return None


def find_wide_encoding(head: bytes) -> str | None:
    """The encoding of UTF-16 or UTF-32 text without a byte-order mark; None for other bytes."""
    counts = [head[place::4].count(0) for place in range(4)]
    quarter = len(head) // 4
    if not any(counts) or not quarter:
        return None
    if min(counts[2:]) > 0.9 * quarter:
        return "utf-32-le"
    if min(counts[:2]) > 0.9 * quarter:
        return "utf-32-be"
    even, odd = counts[0] + counts[2], counts[1] + counts[3]
    if min(even, odd) > 0.1 * max(even, odd):
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    if max(even, odd) > _NULS * 2 * quarter:
        return encoding
    text = _decode(head, encoding)
    other = _decode(head, "utf-8")
    is_other = other is not None and _is_plain(other.replace("\0", ""))
    return encoding if text is not None and _is_plain(text) and not is_other else None


def is_json_array(text: str) -> bool:
    """Whether a text begins as an array of JSON objects does."""
    return _JSON_ARRAY.match(text) is not None


def _is_plain(text: str) -> bool:
    """Whether a text has no control characters other than blanks."""
    return all(character.isprintable() or character.isspace() for character in text)


def _decode(head: bytes, encoding: str) -> str | None:
    """Decode bytes, which may end within a character; None if they are undecodable."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
