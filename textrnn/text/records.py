"""Records of a delimited file: the fields of each row, before they have names."""

import csv
import itertools
import re
import sys
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from textrnn.text.decoding import find_undecodable
from textrnn.text.table_format import TableFormat

LONGEST_RECORD: Final = 1 << 24  # characters: far above any text, to limit an unclosed quote
MAX_SHOWN_LINES: Final = 3  # in a warning
_NAMES_DELIMITER: Final = re.compile('"?sep=([^"\r\n])"?\n', re.IGNORECASE)  # Excel's first line, which is no row
_OPENS_LATE: Final = re.compile(' +"')  # blanks between a delimiter and the quote that opens a field
_ENCLOSED: Final = re.compile('"(?:[^"]|"")*""(?:[^"]|"")*"')  # as a program writes a field that holds a quote


@dataclass(frozen=True)
class Record:
    """Fields of a row, and the problem if they cannot be read; `line` is the first one, from 1."""

    line: int
    fields: list[str]
    problem: str | None


def read_records(lines: Iterable[str], table: TableFormat, name: str) -> Iterator[Record]:
    """Every record that is not a blank line, with a warning at the end of quotes that may be misread."""
    lines = iter(lines)
    first = next(lines, "")
    if table.format == "csv" and (named := _NAMES_DELIMITER.fullmatch(first)):
        table = replace(table, delimiter=table.delimiter or named[1])
        first = "\n"  # a blank line, so that the numbers of the others stay
    lines = itertools.chain([first] if first else [], lines)
    if table.is_quoted:
        return _Quoted(lines, table.separator, name).records()
    return _unquoted(lines, table, name)


def find_problem_of_bytes(lines: Iterable[str]) -> str | None:
    """A description of the first undecodable byte, if there is one."""
    for line in lines:
        byte = find_undecodable(line)
        if byte is not None:
            return f"byte 0x{byte:02x} is not valid in the encoding of the file"
    return None


def _unquoted(lines: Iterable[str], table: TableFormat, name: str) -> Iterator[Record]:
    enclosed = _Lines()
    for number, line in enumerate(lines, start=1):
        if line == "\n":
            continue
        fields = line.removesuffix("\n").split(table.separator)
        if table.quoting is None and any(map(_ENCLOSED.fullmatch, fields)):
            enclosed.add(f"{number}")
        yield Record(number, fields, find_problem_of_bytes([line]))
    if enclosed.count:
        warnings.warn(
            f"{name}: fields of {enclosed} are enclosed in quotes, which are read as they are; if they are no part "
            "of the texts, quoting='minimal' (--quoting minimal) takes them off",
            stacklevel=2,
        )


@dataclass
class _Lines:
    """Lines for a warning: the first few, and the number of all."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, lines: str) -> None:
        self.count += 1
        if len(self.shown) < MAX_SHOWN_LINES:
            self.shown.append(lines)

    def __str__(self) -> str:
        more = self.count - len(self.shown)
        is_one = self.count == 1 and self.shown[0].isdecimal()
        return f"{'line' if is_one else 'lines'} {', '.join(self.shown)}{f' and {more:,} more' if more else ''}"


class _Quoted:
    """Records with quoted fields.

    A record that is invalid, for example for lack of a quote, ends with its first line; the lines after it are read
    again, each as the beginning of a record.

    Blanks before an opening quote are not part of the field. If the first row has a blank after each delimiter, such
    blanks are not part of the fields in any row.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, name: str) -> None:
        self._source, self._again = iter(lines), deque[str]()
        self._delimiter, self._name = delimiter, name
        self._skips_blanks = False

    def records(self) -> Iterator[Record]:
        number, width = 1, 0
        spanning = _Lines()
        while True:
            fields, used, problem = self._read(width)
            if not used:
                break
            if fields and not width:
                width = len(fields)
            if fields and len(used) > 1:
                spanning.add(f"{number}-{number + len(used) - 1}")
            if problem or fields:
                yield Record(number, fields, find_problem_of_bytes(used) or problem)
            number += len(used)
        if spanning.count:
            warnings.warn(
                f"{self._name}: a quoted field spans {spanning}; if a quote there is a character like any other, the "
                "field took in rows, which quoting='none' (--quoting none) keeps apart",
                stacklevel=2,
            )

    def _read(self, width: int) -> tuple[list[str], list[str], str | None]:
        """The fields of the next record, its lines and its problem; `width` is the expected number of fields."""
        fields, used, problem = self._parse(self._skips_blanks)
        is_spaced = not width and len(fields) > 1 and all(each.startswith(" ") for each in fields[1:])
        is_doubtful = bool(problem) if self._skips_blanks else is_spaced or any(map(_OPENS_LATE.match, fields))
        if not is_doubtful:
            return fields, used, problem
        self._again.extendleft(reversed(used))
        other, others, is_worse = self._parse(not self._skips_blanks)
        if not is_worse and (len(other) == width or not width):
            self._skips_blanks = self._skips_blanks or is_spaced
            return other, others, None
        self._again.extendleft(reversed(others))
        return self._parse(self._skips_blanks)

    def _parse(self, skips_blanks: bool) -> tuple[list[str], list[str], str | None]:
        used: list[str] = []
        fields: list[str] = []
        problem = None
        try:
            with _no_field_size_limit():
                reader = csv.reader(
                    self._take(used), delimiter=self._delimiter, strict=True, skipinitialspace=skips_blanks
                )
                fields = next(reader, [])
        except csv.Error as error:
            problem = f"not a valid row ({error})"
            if sum(map(len, used)) > LONGEST_RECORD:
                problem = f"not a valid row (a quoted field does not end within {LONGEST_RECORD:,} characters)"
            self._again.extendleft(reversed(used[1:]))
            del used[1:]
        return fields, used, problem

    def _take(self, used: list[str]) -> Iterator[str]:
        """Yield lines for one record, first those to be read again; `used` collects them."""
        characters = 0
        while characters <= LONGEST_RECORD:
            line = self._again.popleft() if self._again else next(self._source, None)
            if line is None:
                return
            used.append(line)
            characters += len(line)
            yield line


@contextmanager
def _no_field_size_limit() -> Iterator[None]:
    # The csv module has one limit for the whole process, 131,072 characters: less than a long review.
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)
