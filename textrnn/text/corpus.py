"""A text to learn from, wherever it lies."""

import errno
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from textrnn import checks
from textrnn.text.decoding import Notice, check_encoding, decode_blocks, normalize_blocks, split_lines
from textrnn.text.pieces import cut_pieces, join_with_newlines

Documents = Literal["line", "file", "string"]

# Large enough for fast encoding, small enough (4 MB as UTF-32) to forget about.
PIECE_CHARACTERS: Final = 1_000_000


@dataclass(frozen=True)
class _TextFile:
    path: Path
    encoding: str

    def blocks(self, notice: Notice) -> Iterator[str]:
        with self.path.open("rb") as stream:
            yield from decode_blocks(stream, str(self.path), self.encoding, notice)


@dataclass(frozen=True)
class _TextString:
    text: str
    index: int

    def blocks(self, notice: Notice) -> Iterator[str]:
        return normalize_blocks(self.text, f"string {self.index}", notice)


@dataclass
class Corpus:
    """Text that can be read again and again, a piece at a time; `open_corpus` makes one.

    Attributes:
        name: what to call it in messages.
        documents: None for one continuous text; "line", "file" or "string" for what a document is.
        size: bytes of the files, or characters of the strings, for a progress bar.
    """

    name: str
    documents: Documents | None
    size: int
    _texts: list[_TextFile] | list[_TextString] = field(repr=False)
    _has_warned: bool = field(default=False, init=False, repr=False)

    def pieces(self, characters: int = PIECE_CHARACTERS) -> Iterator[str]:
        """Reads the corpus from its beginning.

        Args:
            characters: the most that one piece of a continuous text holds. A document is always one
                piece, whatever its length.

        Returns:
            An iterator of non-empty str. A continuous text is its pieces joined, every file or string
            beginning on a new line. A document that is a line comes without its newline, and blank
            lines, empty files and empty strings are no documents.

        Raises:
            ValueError: undecodable bytes, with path and line; or the corpus held no text at all.
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
    """Opens a text file, a folder of them, or strings.

    Args:
        source: a path to a text file; a path to a folder, of which every `*.txt` below it is read, in
            the order of their paths, but for the samples of a run that is kept there;
            or an iterable of strings, which is read at once and kept. A str
            is always a path.
        documents: None for one continuous text; "line" when each line is a text of its own; "file" or
            "string" when each file or string is.
        encoding: of the files.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ValueError: there is no text, or `documents` does not fit the source.
        TypeError: the source is of another type, or an item of it is not a str.
    """
    if documents not in (None, "line", "file", "string"):
        raise ValueError(f"`documents` must be None, 'line', 'file' or 'string'; received {documents!r}")
    check_encoding(encoding)
    if isinstance(source, str | os.PathLike):
        if not os.fspath(source):
            raise ValueError("`source` must be the path of a file or folder; received an empty one")
        return _open_path(Path(source), documents, encoding)
    return _open_strings(source, documents)


def _open_path(path: Path, documents: Documents | None, encoding: str) -> Corpus:
    if documents == "string":
        raise ValueError(f"`documents='string'` needs an iterable of strings; received the path {path}")
    paths = _text_files(path)
    size = sum(file.stat().st_size for file in paths)
    if size == 0:
        raise ValueError(f"{path} is empty" if path.is_file() else f"the text files in {path} are all empty")
    return Corpus(str(path), documents, size, [_TextFile(file, encoding) for file in paths])


def _text_files(path: Path) -> list[Path]:
    if not _exists(path):
        message = "no such file or folder (a str is always a path; pass a list of str for the text itself)"
        raise FileNotFoundError(errno.ENOENT, message, str(path))
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ValueError(f"`source` must be a regular file or a folder; {path} is neither")
    files = [file for file in path.rglob("*") if file.suffix.lower() == ".txt" and file.is_file()]
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
