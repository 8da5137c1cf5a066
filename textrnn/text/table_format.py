"""How a table is written: what separates its fields, whether quotes enclose them, and what its columns are called."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from textrnn.options import tables as options_of_tables
from textrnn.options.option import options
from textrnn.text.packed import COMPRESSIONS, is_input, name_of_source
from textrnn.text.recognition import TO_JSON_LINES

DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
TABLES: Final = (*DELIMITERS, ".jsonl")
FILES_OF_TEXTS: Final = (*TABLES, ".txt")


@options
class TableFormat(options_of_tables.TableFormat):
    """How a table is written; an option that is None is as the name of the file says."""

    def of(self, path: str | os.PathLike[str], allowed: tuple[str, ...] = FILES_OF_TEXTS) -> "TableFormat":
        """The same with the format settled: the one asked for, else what the file's name ends in.

        Raises:
            ValueError: If that is not of `allowed`, or has no delimiters where one is asked for. A file of any other
                name with a delimiter asked for is a .csv.
        """
        name = name_of_source(path)
        ending = file_ending(Path(path))
        is_delimited = not (self.delimiter is None and self.quoting is None and self.columns is None)
        if self.format is not None:
            ending = f".{self.format}"
        elif is_delimited and ending not in (*TABLES, ".json"):
            ending = ".csv"
        elif is_input(path):
            ending = ".txt" if ".txt" in allowed else ".csv"
        if ending == ".json":
            raise ValueError(f"{name} is JSON, which is read as .jsonl, an object a line; {TO_JSON_LINES}")
        if ending not in allowed:
            raise ValueError(
                f"{name} must end in {', '.join(allowed[:-1])} or {allowed[-1]}, with {', '.join(COMPRESSIONS)} "
                f"behind it if compressed; received {ending or 'no ending'!r} (`format`, --format, says what it is)"
            )
        if is_delimited and ending not in DELIMITERS:
            raise ValueError(
                f"`delimiter`, `quoting` and `columns` are of .csv and .tsv files; {name} is read as {ending}"
            )
        return replace(self, format=ending.removeprefix("."))

    def beside(self, path: str | os.PathLike[str]) -> "TableFormat":
        """How another table that is read with this one is written: alike, if it has delimiters at all."""
        return replace(self, format=None) if file_ending(Path(path)) in DELIMITERS else TableFormat()

    @property
    def ending(self) -> str:
        """The format, once it is settled, as the ending of a file has it."""
        return f".{self.format}"

    @property
    def separator(self) -> str:
        """The delimiter asked for, or that of the format."""
        return self.delimiter or DELIMITERS[self.ending]

    @property
    def is_quoted(self) -> bool:
        """Whether quotes enclose fields. The TSV of linguistic corpora has none (and lone quotes in its texts)."""
        return self.separator != "\t" if self.quoting is None else self.quoting == "minimal"


def checked_table(table: options_of_tables.TableFormat | None) -> TableFormat:
    """The argument `table`, which by default says nothing."""
    if table is not None and not isinstance(table, options_of_tables.TableFormat):
        raise TypeError(f"`table` must be a textrnn.text.TableFormat; received {table!r:.60}.")
    return TableFormat() if table is None else TableFormat.from_given(table.as_dict())


def file_ending(path: Path) -> str:
    """Returns the ending that says what the file holds: ".csv" for reviews.csv and reviews.csv.gz."""
    name = Path(path.stem) if path.suffix.lower() in COMPRESSIONS else path
    return name.suffix.lower()
