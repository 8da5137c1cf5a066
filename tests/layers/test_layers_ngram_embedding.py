"""N-grams as tokens: a vector depends on the last ids alone."""

import keras
import numpy as np
import pytest

from textrnn.layers import NgramEmbedding

IDS = np.array([[3, 4, 5, 4], [4, 5, 0, 0]])


def test_a_vector_depends_on_the_pair_alone():
    vectors = NgramEmbedding(buckets=1000, output_dim=6)(IDS).numpy()
    np.testing.assert_array_equal(vectors[0, 2], vectors[1, 1])  # 4, 5 wherever it stands
    assert (vectors[0, 1] != vectors[1, 0]).any()  # 4 after 3, and 4 at the beginning
    assert (vectors[0, 1] != vectors[0, 3]).any()  # 4 after 3, and 4 after 5


@pytest.mark.parametrize("ngrams", [2, 3, 9])
def test_vectors_are_those_of_a_slow_loop(ngrams):
    ids = np.random.default_rng(0).integers(0, 300_000, [3, 12])
    layer = NgramEmbedding(buckets=97, output_dim=4, ngrams=ngrams)
    vectors, table = layer(ids).numpy(), layer.embeddings.numpy()
    for row, text in enumerate(ids.tolist()):
        for t in range(len(text)):
            expected = np.zeros(4, np.float32)
            for n in range(2, ngrams + 1):
                hashed = 0
                for place in range(t - n + 1, t + 1):
                    hashed = hashed * 1_000_003 + (text[place] if place >= 0 else 0)
                hashed = (hashed + 2**63) % 2**64 - 2**63  # 64 bits, with a sign
                expected += table[hashed % 97]
            np.testing.assert_allclose(vectors[row, t], expected, atol=1e-6)


def test_a_continued_sequence_needs_the_previous_tokens():
    layer = NgramEmbedding(buckets=1000, output_dim=6, ngrams=4)
    whole = layer(IDS).numpy()
    np.testing.assert_array_equal(layer(IDS[:, 3:], before=IDS[:, :3]), whole[:, 3:])
    np.testing.assert_array_equal(layer(IDS[:, 1:], before=np.pad(IDS[:, :1], [(0, 0), (2, 0)])), whole[:, 1:])
    with pytest.raises(ValueError, match=r"`before` must be \[B, 3\], ids; received the shape \(2, 1\)"):
        layer(IDS, before=IDS[:, :1])


def test_vectors_smaller_than_the_output_go_through_a_matrix_that_all_share():
    small = NgramEmbedding(buckets=1000, output_dim=6, dim=2)
    vectors = small(IDS).numpy()
    assert [tuple(weight.shape) for weight in small.weights] == [(1000, 2), (2, 6)]
    kept = NgramEmbedding(buckets=1000, output_dim=2)
    kept.build()
    kept.set_weights([small.embeddings])
    np.testing.assert_allclose(vectors, kept(IDS).numpy() @ small.kernel.numpy(), atol=1e-6)


def test_padding_changes_no_vector_of_a_real_step():
    layer = NgramEmbedding(buckets=1000, output_dim=6, ngrams=4)
    np.testing.assert_array_equal(layer(np.pad(IDS, [(0, 0), (0, 5)]))[:, :4], layer(IDS))


@pytest.mark.parametrize("dim", [None, 2])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_layer_saves_and_loads_in_a_functional_model(tmp_path, dtype, dim):
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, NgramEmbedding(50, 6, 3, dim=dim, dtype=dtype)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IDS), model(IDS))
    assert loaded.layers[1].get_config() == model.layers[1].get_config()
    assert model(IDS).dtype == ("float32" if dtype == "float32" else "bfloat16")
