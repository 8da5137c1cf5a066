"""Ids on disk: the same as in memory, small, and written whole or not at all."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.text import (
    END_ID,
    ByteTokenizer,
    CharacterTokenizer,
    EncodedTexts,
    WordTokenizer,
    document_spans,
    encode_texts,
    open_corpus,
    open_ids,
    write_ids,
)
from textrnn.text import ids as ids_module

TEXT = "Late, late: the tide!\n  It's late — 'so' (he said), É\n\n" * 20


@pytest.mark.parametrize("tokenizer_class", [CharacterTokenizer, ByteTokenizer, WordTokenizer])
@pytest.mark.parametrize("characters", [60, 64, 10**6])
def test_ids_on_disk_are_those_of_the_whole_text(tmp_path, tokenizer_class, characters):
    tokenizer = tokenizer_class().fit(TEXT)
    pieces = open_corpus([TEXT]).pieces(characters)
    ids = write_ids(pieces, tokenizer, tmp_path / "ids", end_of_text=False)
    np.testing.assert_array_equal(ids, tokenizer.encode(TEXT))
    np.testing.assert_array_equal(open_ids(str(tmp_path / "ids"), tokenizer.vocabulary_size), ids)
    assert not ids.flags.writeable
    assert [path.name for path in tmp_path.iterdir()] == ["ids"]


@pytest.mark.parametrize(
    ("size", "dtype"), [(253, np.uint8), (254, np.uint16), (65_533, np.uint16), (65_534, np.uint32)]
)
def test_ids_take_the_fewest_bytes_that_hold_the_vocabulary(tmp_path, size, dtype):
    text = "".join(map(chr, range(size)))
    tokenizer = CharacterTokenizer().fit(text)
    ids = write_ids([text], tokenizer, tmp_path / "ids", end_of_text=True)
    assert ids.dtype == dtype
    assert tokenizer.decode(ids) == text


@given(documents=st.lists(st.text("ab", max_size=4), min_size=1, max_size=8), block=st.integers(1, 9))
@settings(deadline=None)
def test_the_spans_of_documents_hold_the_documents(tmp_path_factory, documents, block):
    tokenizer = CharacterTokenizer().fit("ab")
    path = tmp_path_factory.mktemp("spans") / "ids"
    ids = write_ids(documents, tokenizer, path, end_of_text=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids_module, "_BLOCK_IDS", block)
        spans = document_spans(ids)
    assert spans.dtype == np.int64
    assert [tokenizer.decode(ids[start:stop]) for start, stop in spans] == documents
    assert END_ID not in np.concatenate([ids[start:stop] for start, stop in spans])


def test_encoded_texts_are_the_ids_of_each_text(tmp_path):
    texts = ["late", "", "a tide", "so"]
    tokenizer = CharacterTokenizer().fit(TEXT)
    ids = [tokenizer.encode(text) for text in texts]
    mapped = encode_texts(texts, tokenizer, tmp_path / "texts")
    for encoded in (mapped, EncodedTexts.of(ids), mapped.take([0, 1]).followed_by(mapped.take([2, 3]))):
        assert encoded.lengths.tolist() == [4, 0, 6, 2]
        assert [text.tolist() for text in encoded] == [one.tolist() for one in ids]
    more = EncodedTexts.of(ids[:2]).followed_by(mapped.take([3])).cut(3)
    assert [text.tolist() for text in more] == [ids[0][-3:].tolist(), [], ids[3].tolist()]
    assert not len(EncodedTexts.of([]))
    mapped.release()
    assert all(text.dtype == np.int32 for text in mapped)


def test_tokens_after_the_last_end_of_text_are_a_document():
    assert document_spans(np.array([5, END_ID, 6, 7])).tolist() == [[0, 1], [2, 4]]
    assert document_spans(np.array([5, 6])).tolist() == [[0, 2]]
    assert document_spans(np.array([], np.uint8)).shape == (0, 2)


def test_a_failure_while_writing_leaves_the_old_file_and_no_other(tmp_path):
    tokenizer = CharacterTokenizer().fit("ab")
    path = tmp_path / "ids"
    write_ids(["abab"], tokenizer, path, end_of_text=False)

    def broken_pieces():
        yield "a" * 100_000
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_ids(broken_pieces(), tokenizer, path, end_of_text=False)
    with pytest.raises(ValueError, match="`pieces` must hold at least one token; received none"):
        write_ids([], tokenizer, path, end_of_text=True)
    assert [item.name for item in tmp_path.iterdir()] == ["ids"]
    assert tokenizer.decode(open_ids(path, tokenizer.vocabulary_size)) == "abab"


def test_a_file_of_the_wrong_size_is_named(tmp_path):
    path = tmp_path / "ids"
    path.write_bytes(b"abc")
    with pytest.raises(ValueError, match=r"must hold ids of 2 bytes \(`vocabulary_size` is 300\); it has 3"):
        open_ids(path, 300)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"ids must hold ids of 1 bytes .*; it has 0 bytes"):
        open_ids(path, 200)


GROWTH = """
import resource, sys
from textrnn.text import CharacterTokenizer, open_corpus, write_ids
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
corpus, before = open_corpus(sys.argv[1]), peak()
tokenizer = CharacterTokenizer().fit(corpus.pieces())
ids = write_ids(corpus.pieces(), tokenizer, sys.argv[2], end_of_text=False)
print(len(ids), peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory in the unit of Linux")
def test_encoding_sixty_megabytes_takes_a_small_part_of_that_in_memory(tmp_path):
    path = tmp_path / "large.txt"
    path.write_bytes("The tide is late tonight, and so are wé.\n".encode() * 1_450_000)
    program = [sys.executable, "-c", GROWTH, str(path), str(tmp_path / "ids")]
    printed = subprocess.run(program, capture_output=True, check=True, text=True).stdout
    count, megabytes = map(int, printed.split())
    assert count == 41 * 1_450_000
    assert megabytes < 30
