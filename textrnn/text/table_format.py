"""Format of a table: delimiter, quoting and names of columns."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from textrnn.options import tables as options_of_tables
from textrnn.options.option import options
from textrnn.text.packed import COMPRESSIONS, is_input, name_of_source

DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
WRITABLE: Final = (*DELIMITERS, ".jsonl")
TABLES: Final = (*WRITABLE, ".json")  # which is read as .jsonl: many programs write an object a line into it
FILES_OF_TEXTS: Final = (*TABLES, ".txt")


@options
class TableFormat(options_of_tables.TableFormat):
    """Format of a table; the name of the file decides an option that is None."""

    def of(self, path: str | os.PathLike[str], allowed: tuple[str, ...] = FILES_OF_TEXTS) -> "TableFormat":
        """A copy with the format resolved: the given one, or that of the file's ending.

        Raises:
            ValueError: If the format is not in `allowed`, or has no delimiters although one is given. A file of any
                other ending with a given delimiter is a .csv.
        """
        name = name_of_source(path)
        ending = file_ending(Path(path))
        is_delimited = not (self.delimiter is None and self.quoting is None and self.columns is None)
        if self.format is not None:
            ending = f".{self.format}"
        elif is_delimited and ending not in TABLES:
            ending = ".csv"
        elif is_input(path):
            ending = ".txt" if ".txt" in allowed else ".csv"
        if ending not in allowed:
            raise ValueError(
                f"{name} must end in {', '.join(allowed[:-1])} or {allowed[-1]}, with {', '.join(COMPRESSIONS)} "
                f"behind it if compressed; received {ending or 'no ending'!r} (`format`, --format, says what it is)"
            )
        if is_delimited and ending not in DELIMITERS:
            raise ValueError(
                f"`delimiter`, `quoting` and `columns` are of .csv and .tsv files; {name} is read as {ending}"
            )
        return replace(self, format="jsonl" if ending == ".json" else ending.removeprefix("."))

    def beside(self, path: str | os.PathLike[str]) -> "TableFormat":
        """The format of another table, read together with this one: the same, if it has delimiters."""
        return replace(self, format=None) if file_ending(Path(path)) in DELIMITERS else TableFormat()

    @property
    def ending(self) -> str:
        """The resolved format as a file's ending."""
        return f".{self.format}"

    @property
    def separator(self) -> str:
        """The given delimiter, or that of the format."""
        return self.delimiter or DELIMITERS[self.ending]

    @property
    def is_quoted(self) -> bool:
        """Whether quotes enclose fields. In TSV of linguistic corpora quotes are ordinary characters."""
        return self.separator != "\t" if self.quoting is None else self.quoting == "minimal"


def checked_table(table: options_of_tables.TableFormat | None) -> TableFormat:
    """The argument `table`, checked; None is a format without options."""
    if table is not None and not isinstance(table, options_of_tables.TableFormat):
        raise TypeError(f"`table` must be a textrnn.text.TableFormat; received {table!r:.60}.")
    return TableFormat() if table is None else TableFormat.from_given(table.as_dict())


def file_ending(path: Path) -> str:
    """The ending of a file without that of its packing: ".csv" for reviews.csv and reviews.csv.gz."""
    name = Path(path.stem) if path.suffix.lower() in COMPRESSIONS else path
    return name.suffix.lower()
