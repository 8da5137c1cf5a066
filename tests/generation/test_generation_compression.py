"""Compression is lossless, as small as the model predicts, and bound to its model."""

import math

import numpy as np
import pytest
from fakes import Memory
from hypothesis import given
from hypothesis import strategies as st

from textrnn.files import DamagedFileError
from textrnn.generation import Snapshot, compression
from textrnn.generation.arithmetic import Decoder, Encoder, cumulative_counts
from textrnn.text import BytePairTokenizer, ByteTokenizer, CharacterTokenizer, WordTokenizer

TEXT = "the sea is a slow clock.\nThe light turns.\n"


class Marked(Memory):
    """A `Memory` over any tokenizer, with a fingerprint."""

    def __init__(self, tokenizer, mark="0011223344556677"):
        super().__init__()
        self.tokenizer, self.mark = tokenizer, mark
        size, generator = tokenizer.vocabulary_size, np.random.default_rng(4)
        self.kernel, self.output = generator.normal(size=(size, 8)), generator.normal(size=(8, size))

    def snapshot(self):
        return Snapshot(self.step, self.mark)


CHARACTERS = Marked(CharacterTokenizer().fit(TEXT))
MODELS = {
    "character": CHARACTERS,
    "composed": Marked(CharacterTokenizer("NFC").fit(TEXT)),
    "byte": Marked(ByteTokenizer()),
    "byte_pair": Marked(BytePairTokenizer().fit(TEXT * 2)),
    "word": Marked(WordTokenizer().fit(TEXT)),
    "heads": Marked(WordTokenizer(head_letters=3).fit(TEXT)),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@given(
    text=st.text(st.characters(), max_size=40)
    | st.text("thesai \n.T", max_size=60)
    | st.lists(st.sampled_from(["the", "The", "sea", "SEA", "é", "e\u0301", "\ufffd", "\0", "\r\n", " "])).map(
        "".join
    )
)
def test_every_string_is_decompressed_exactly(model, text):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what is unknown is kept: there is nothing to warn of
        assert model.decompress(model.compress(text)) == text


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_an_ordinary_text_is_coded_not_stored_verbatim(model):
    assert lanes_of(model.compress(TEXT)) == 1


def test_the_replacement_character_is_one_like_others_where_the_model_knows_it():
    for model in (MODELS["byte"], Marked(CharacterTokenizer().fit(TEXT + "\ufffd"))):
        data = model.compress(TEXT + "\ufffd")
        assert lanes_of(data) == 1
        assert model.decompress(data) == TEXT + "\ufffd"


def lanes_of(data):
    return compression.HEADER.unpack_from(data)[4]


def test_a_lone_surrogate_is_decompressed_exactly():
    assert CHARACTERS.decompress(CHARACTERS.compress("sea \ud800 \udfff")) == "sea \ud800 \udfff"


def test_compressed_size_is_the_negative_log_likelihood_and_a_header():
    text = CHARACTERS.generate(length=3000, seed=1)
    bits = CHARACTERS.score(text).surprisals.sum()
    size = len(CHARACTERS.compress(text))
    assert bits / 8 < size < 1.001 * bits / 8 + compression.HEADER.size + 4 + 4 + 2


def test_a_long_text_is_coded_in_lanes(monkeypatch):
    monkeypatch.setattr(compression, "LANE_TOKENS", 50)
    monkeypatch.setattr(compression, "MAX_LANES", 3)
    for length in (49, 101, 163, 164, 1000):
        text = CHARACTERS.generate(length=length, seed=length)
        assert CHARACTERS.decompress(CHARACTERS.compress(text)) == text


def test_damaged_data_or_data_of_another_model_is_refused():
    data = CHARACTERS.compress(TEXT)
    for place in (9, 30, len(data) - 9, len(data) - 1):
        damaged = bytearray(data)
        damaged[place] ^= 4
        with pytest.raises(DamagedFileError, match="its checksum is wrong"):
            CHARACTERS.decompress(bytes(damaged))
    for cut in (data[:-1], data[:50]):
        with pytest.raises(DamagedFileError, match="its checksum is wrong"):
            CHARACTERS.decompress(cut)
    with pytest.raises(ValueError, match="must be what `compress` returned; reading it failed: it is 3 bytes"):
        CHARACTERS.decompress(b"abc")
    other = Marked(CharacterTokenizer().fit(TEXT), "7766554433221100")
    with pytest.raises(
        ValueError, match="compressed with this model, 7766554433221100; it was with 0011223344556677"
    ):
        other.decompress(data)
    with pytest.raises(TypeError, match="`data` must be bytes"):
        CHARACTERS.decompress("abc")


@given(
    st.lists(st.integers(0, 5), max_size=300),
    st.lists(st.floats(-80, 0), min_size=6, max_size=6),
)
def test_the_arithmetic_coder_decodes_its_input(tokens, logits):
    normal = np.array(logits) - np.log(np.exp(logits).sum())
    counts = cumulative_counts(normal[None])[0]
    encoder = Encoder()
    for token in tokens:
        encoder.write(int(counts[token]), int(counts[token + 1]), int(counts[-1]))
    data = encoder.finish()
    decoder = Decoder(data)
    assert [decoder.read(counts) for _ in tokens] == tokens
    worth = sum(-math.log2((counts[token + 1] - counts[token]) / counts[-1]) for token in tokens)
    assert 8 * len(data) < worth + 10
