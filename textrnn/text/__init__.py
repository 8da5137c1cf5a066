"""Tokenizers, and reading of texts and tables from files; the standard library and NumPy alone."""

from textrnn.text.byte import ByteTokenizer
from textrnn.text.byte_pair import BytePairTokenizer
from textrnn.text.character import CharacterTokenizer
from textrnn.text.corpus import Corpus, open_corpus, read_exactly, read_text
from textrnn.text.ids import EncodedTexts, document_spans, encode_texts, open_ids, release, write_ids
from textrnn.text.labeled import (
    Column,
    LabeledTexts,
    find_problem,
    find_text_column,
    is_numbered,
    read_labeled,
    read_texts,
)
from textrnn.text.packed import is_input, open_bytes
from textrnn.text.padding import pad_batch, unpad
from textrnn.text.row_writer import RowWriter, make_row_writer
from textrnn.text.rows import Row
from textrnn.text.special_tokens import END_ID, FIRST_FREE_ID, PAD_ID, UNKNOWN_ID
from textrnn.text.table_format import FILES_OF_TEXTS, TABLES, WRITABLE, TableFormat, checked_table, file_ending
from textrnn.text.tables import RowStream, open_rows
from textrnn.text.tokenizer import Tokenizer, make_tokenizer, tokenizer_from_dict
from textrnn.text.unspaced import Unspaced, find_unspaced
from textrnn.text.word import WordTokenizer

__all__ = [
    "END_ID",
    "FILES_OF_TEXTS",
    "FIRST_FREE_ID",
    "PAD_ID",
    "TABLES",
    "UNKNOWN_ID",
    "WRITABLE",
    "BytePairTokenizer",
    "ByteTokenizer",
    "CharacterTokenizer",
    "Column",
    "Corpus",
    "EncodedTexts",
    "LabeledTexts",
    "Row",
    "RowStream",
    "RowWriter",
    "TableFormat",
    "Tokenizer",
    "Unspaced",
    "WordTokenizer",
    "checked_table",
    "document_spans",
    "encode_texts",
    "file_ending",
    "find_problem",
    "find_text_column",
    "find_unspaced",
    "is_input",
    "is_numbered",
    "make_row_writer",
    "make_tokenizer",
    "open_bytes",
    "open_corpus",
    "open_ids",
    "open_rows",
    "pad_batch",
    "read_exactly",
    "read_labeled",
    "read_text",
    "read_texts",
    "release",
    "tokenizer_from_dict",
    "unpad",
    "write_ids",
]
