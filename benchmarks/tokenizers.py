"""Speed of tokenizers on one core: learning, encoding of a corpus, encoding and batching of short texts.

    python benchmarks/tokenizers.py learning TEXT     16,000 byte pairs, and the other vocabularies, from 100 MB
    python benchmarks/tokenizers.py corpus TEXT       megabytes a second, in pieces of a million characters
    python benchmarks/tokenizers.py short TEXT        texts a second: a million of up to 100 characters

TEXT is a text file, whose first --megabytes are read. `corpus` and `short` learn from the first tenth of them before
the time is taken; `short` cuts the text at spaces.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from contest import row
from tqdm import tqdm

from textrnn.batching import cut_batches
from textrnn.hashing import hash_ngrams
from textrnn.text import (
    BytePairTokenizer,
    ByteTokenizer,
    CharacterTokenizer,
    Tokenizer,
    WordTokenizer,
    open_corpus,
    pad_batch,
)
from textrnn.text.pieces import cut_pieces

Result = TypeVar("Result")

CHARACTERS = 100  # of a short text, at most
BATCH_ROWS, BATCH_TOKENS = 256, 1 << 16
NGRAMS, BUCKETS = 2, 1 << 20  # hashed pairs


def learning(options: argparse.Namespace) -> Iterator[str]:
    """Seconds, from the file to the vocabulary, and the memory of the process thereafter."""
    yield row("tokenizer", "ids", "learning", "peak")
    yield row(*["---"] * 4)
    for name, tokenizer in make_tokenizers(options.size).items():
        seconds, _ = timed(partial(tokenizer.fit, read_pieces(options), progress=True))
        yield row(name, f"{tokenizer.vocabulary_size:,}", f"{seconds:.1f} s", f"{peak_megabytes():,.0f} MB")


def corpus(options: argparse.Namespace) -> Iterator[str]:
    """Megabytes of text, in UTF-8, a second."""
    pieces = list(read_pieces(options))
    megabytes = sum(len(piece.encode()) for piece in pieces) / 1e6
    yield row("tokenizer", "MB a second", "characters a token")
    yield row(*["---"] * 3)
    for name, tokenizer in fitted(pieces, options):
        seconds, ids = timed(partial(encode_all, tokenizer, pieces))
        per_token = sum(map(len, pieces)) / sum(map(len, ids))
        yield row(name, f"{megabytes / seconds:.1f}", f"{per_token:.2f}")


def short(options: argparse.Namespace) -> Iterator[str]:
    """Short texts a second: encoding, batches of similar length, and the buckets of the hashed pairs of those."""
    pieces = list(read_pieces(options))
    texts = list(chain.from_iterable(cut_pieces([piece], CHARACTERS) for piece in pieces))[: options.texts]
    yield f"{len(texts):,} texts of {sum(map(len, texts)) / len(texts):.0f} characters on average, texts a second:"
    yield ""
    yield row("tokenizer", "encoding", "batching", "hashed pairs")
    yield row(*["---"] * 4)
    for name, tokenizer in fitted(pieces, options):
        encoding, ids = timed(partial(encode_all, tokenizer, texts))
        batching, batches = timed(partial(make_batches, ids))
        hashing, _ = timed(partial(hash_batches, batches))
        yield row(name, *(f"{len(texts) / seconds:,.0f}" for seconds in (encoding, batching, hashing)))


def make_tokenizers(size: int) -> dict[str, Tokenizer]:
    """A tokenizer of each kind, that of byte pairs first: its peak of memory is then its own."""
    return {
        "byte pairs": BytePairTokenizer(maximum_size=size + 259),
        "words": WordTokenizer(maximum_size=30_000),
        "characters": CharacterTokenizer(),
        "bytes": ByteTokenizer(),
    }


def fitted(pieces: list[str], options: argparse.Namespace) -> Iterator[tuple[str, Tokenizer]]:
    for name, tokenizer in make_tokenizers(options.size).items():
        yield name, tokenizer.fit(pieces[: max(1, len(pieces) // 10)], progress=True)


def read_pieces(options: argparse.Namespace) -> Iterator[str]:
    """The first --megabytes of the file, in pieces."""
    size = 0
    for piece in open_corpus(options.text).pieces():
        yield piece
        size += len(piece.encode())
        if size >= options.megabytes * 1_000_000:
            return


def encode_all(tokenizer: Tokenizer, texts: Iterable[str]) -> list[np.ndarray]:
    return [tokenizer.encode(text) for text in tqdm(texts, tokenizer.kind, unit="text", disable=None, leave=False)]


def make_batches(ids: list[np.ndarray]) -> list[np.ndarray]:
    """Padded batches of texts of similar length, int32 `[B, T]` each."""
    lengths = np.array([len(each) for each in ids])
    order = np.argsort(lengths, kind="stable")
    cuts = cut_batches(lengths[order].tolist(), BATCH_ROWS, BATCH_TOKENS)
    return [pad_batch([ids[place] for place in order[cut]]) for cut in cuts]


def hash_batches(batches: list[np.ndarray]) -> None:
    for batch in batches:
        padded = np.pad(batch.astype(np.int64), [[0, 0], [NGRAMS - 1, 0]])
        for _ in hash_ngrams(padded, NGRAMS, BUCKETS):
            pass


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parts = {"learning": learning, "corpus": corpus, "short": short}
    parser = argparse.ArgumentParser(description="Speed of tokenizers.")
    parser.add_argument("part", choices=parts)
    parser.add_argument("text", type=Path)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--size", type=int, default=16_000, help="pairs to merge")
    parser.add_argument("--texts", type=int, default=1_000_000)
    options = parser.parse_args()
    for line in parts[options.part](options):
        print(line, flush=True)


if __name__ == "__main__":
    main()
