"""A corpus: text files, a folder, standard input or strings."""

import errno
import os
import shutil
import sys
import tempfile
import warnings
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal

from textrnn import checks
from textrnn.text.decoding import BLOCK_BYTES, Notice, check_encoding, decode_blocks, normalize_blocks, split_lines
from textrnn.text.packed import (
    CountedBytes,
    compression_of,
    is_input,
    name_of_source,
    named_errors,
    open_bytes,
    open_packed,
    unpack,
)
from textrnn.text.pieces import cut_pieces, join_with_newlines
from textrnn.text.recognition import find_encoding
from textrnn.text.table_format import file_ending

Documents = Literal["line", "file", "string"]

# Large enough for fast encoding, small enough (4 MB as UTF-32) to cost little memory.
PIECE_CHARACTERS: Final = 1_000_000


@dataclass(frozen=True)
class _TextFile:
    path: Path
    encoding: str

    def blocks(self, notice: Notice) -> Iterator[str]:
        with open_bytes(self.path) as stream:
            yield from decode_blocks(stream, str(self.path), self.encoding, notice)


@dataclass(frozen=True)
class _TextInput:
    """Standard input, kept in a temporary file since it can be read only once."""

    file: IO[bytes]
    encoding: str

    def blocks(self, notice: Notice) -> Iterator[str]:
        name = name_of_source("-")
        self.file.seek(0)
        with named_errors(name):
            yield from decode_blocks(unpack(CountedBytes(self.file), name), name, self.encoding, notice)


@dataclass(frozen=True)
class _TextString:
    text: str
    index: int

    def blocks(self, notice: Notice) -> Iterator[str]:
        return normalize_blocks(self.text, f"string {self.index}", notice)


@dataclass
class Corpus:
    """Text that can be read repeatedly, a piece at a time; `open_corpus` returns one.

    Attributes:
        name: name in messages.
        documents: unit of a document, "line", "file" or "string"; None for one continuous text.
        size: bytes of the files, or characters of the strings, for a progress bar; None if packed.
    """

    name: str
    documents: Documents | None
    size: int | None
    _texts: Sequence[_TextFile | _TextInput | _TextString] = field(repr=False)
    _has_warned: bool = field(default=False, init=False, repr=False)

    def pieces(self, characters: int = PIECE_CHARACTERS) -> Iterator[str]:
        """Read the corpus from its beginning.

        Args:
            characters: most characters in a piece of a continuous text. A document is always one piece.

        Returns:
            An iterator of non-empty str. The pieces joined are the continuous text, in which every file or string
            begins on a new line. A document that is a line has no newline. Blank lines, empty files and empty
            strings are skipped.

        Raises:
            ValueError: if bytes cannot be decoded, with path and line; or if there is no text.
        """
        if characters < 1:
            raise ValueError(f"`characters` must be at least 1; received {characters}")
        is_empty = True
        for piece in self._cut(characters):
            yield piece
            is_empty = False
        if is_empty:
            raise ValueError(f"{self.name} holds no {'documents' if self.documents else 'text'}")

    def _cut(self, characters: int) -> Iterator[str]:
        texts = (text.blocks(self._notice_line_endings) for text in self._texts)
        if self.documents is None:
            return cut_pieces(join_with_newlines(texts), characters)
        if self.documents == "line":
            lines = split_lines(join_with_newlines(texts))
            return (line.removesuffix("\n") for line in lines if not line.isspace())
        return filter(None, map("".join, texts))

    def _notice_line_endings(self, name: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            message = f"{name} has line endings other than \\n (\\r\\n or \\r); they are read as \\n"
            warnings.warn(message, UserWarning, stacklevel=2)


def open_corpus(
    source: str | os.PathLike[str] | Iterable[str],
    *,
    documents: Documents | None = None,
    encoding: str = "utf-8",
) -> Corpus:
    """Open a text file, a folder of them, or strings.

    Args:
        source: path of a text file; path of a folder, of which every `*.txt` is read in the order of the paths,
            except for the samples of a run; "-" for standard input, which is read at once and kept in a temporary
            file; or an iterable of strings, which is read at once and kept. A str is always a path. Files may be
            packed (.gz, .bz2, .xz, .zst).
        documents: unit of a document, "line", "file" or "string"; None for one continuous text.
        encoding: encoding of the files; a byte-order mark overrides it.

    Raises:
        FileNotFoundError: if the path does not exist.
        ValueError: if there is no text, or `documents` does not fit the source.
        TypeError: if the source is of another type, or an item of it is not a str.
    """
    if documents not in (None, "line", "file", "string"):
        raise ValueError(f"`documents` must be None, 'line', 'file' or 'string'; received {documents!r}")
    check_encoding(encoding)
    if isinstance(source, str | os.PathLike):
        if not os.fspath(source):
            raise ValueError("`source` must be the path of a file or folder; received an empty one")
        return _open_path(Path(source), documents, encoding)
    return _open_strings(source, documents)


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """Read a whole text file, or standard input for "-", as a corpus is read; it may be empty.

    Raises:
        ValueError: if bytes cannot be decoded, with path and line.
    """
    check_encoding(encoding)
    with open_bytes(path) as stream:
        return "".join(decode_blocks(stream, name_of_source(path), encoding))


def read_exactly(path: str | os.PathLike[str], encoding: str = "utf-8") -> tuple[str, int, bool]:
    """Read a whole text file, or standard input for "-", with line ends and byte-order marks unchanged.

    Returns:
        The text, the number of bytes of the file, and whether they are the text in plain UTF-8.

    Raises:
        ValueError: if bytes cannot be decoded.
    """
    check_encoding(encoding)
    name = name_of_source(path)
    with open_packed(path) as source, named_errors(name):
        stream = unpack(source, os.fspath(path))
        data = b"".join(iter(lambda: stream.read(BLOCK_BYTES), b""))
    encoding = find_encoding(data[:4], encoding)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} must be {encoding.upper()} text: {error}") from error
    return text, source.count, source.count == len(data) and text.encode(errors="replace") == data


def _open_path(path: Path, documents: Documents | None, encoding: str) -> Corpus:
    if documents == "string":
        raise ValueError(f"`documents='string'` needs an iterable of strings; received the path {path}")
    if is_input(path):
        return _open_input(documents, encoding)
    paths = _text_files(path)
    size = sum(file.stat().st_size for file in paths)
    if size == 0:
        raise ValueError(f"{path} is empty" if path.is_file() else f"the text files in {path} are all empty")
    is_packed = any(map(_is_packed, paths))
    return Corpus(str(path), documents, None if is_packed else size, [_TextFile(file, encoding) for file in paths])


def _open_input(documents: Documents | None, encoding: str) -> Corpus:
    name = name_of_source("-")
    if documents == "file":
        raise ValueError(f"`documents='file'` needs a folder; received {name}")
    kept = tempfile.TemporaryFile(prefix="textrnn-")  # noqa: SIM115
    text = _TextInput(kept, encoding)
    weakref.finalize(text, kept.close)
    shutil.copyfileobj(sys.stdin.buffer, kept)
    size = kept.tell()
    if size == 0:
        raise ValueError(f"{name} is empty")
    kept.seek(0)
    is_packed = compression_of(CountedBytes(kept).head()) is not None
    return Corpus(name, documents, None if is_packed else size, [text])


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return compression_of(CountedBytes(file).head(), path.name) is not None


def _text_files(path: Path) -> list[Path]:
    if not _exists(path):
        message = "no such file or folder (a str is always a path; pass a list of str for the text itself)"
        raise FileNotFoundError(errno.ENOENT, message, str(path))
    if path.is_file():
        if file_ending(path) == ".json":
            raise ValueError(
                f"{path} is JSON, which is no running text; save its texts as .txt, or train with documents='row' "
                "(--documents row) on an object a line"
            )
        return [path]
    if not path.is_dir():
        raise ValueError(f"`source` must be a regular file or a folder; {path} is neither")
    files = [file for file in path.rglob("*") if file_ending(file) == ".txt" and file.is_file()]
    files = [file for file in files if not (file.parent / "checkpoint").is_dir()]  # a run's own samples
    if not files:
        raise ValueError(f"the folder {path} holds no .txt file")
    return sorted(files)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        raise
    except (OSError, ValueError):  # a text taken for a path: too long, or with a NUL
        return False


def _open_strings(source: Iterable[str], documents: Documents | None) -> Corpus:
    strings = checks.texts("source", source, "a path or a list of strings")
    if documents == "file":
        raise ValueError("`documents='file'` needs a path; received an iterable of strings")
    texts = [_TextString(text, index) for index, text in enumerate(strings)]
    size = sum(len(text.text) for text in texts)
    if size == 0:
        raise ValueError("`source` must hold at least one character; received none")
    return Corpus("the iterable of strings", documents, size, texts)
