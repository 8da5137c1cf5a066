"""Pairs of neighbours as symbols: what a vector depends on, and what it does not."""

import keras
import numpy as np
import pytest

from textrnn.layers import BigramEmbedding

IDS = np.array([[3, 4, 5, 4], [4, 5, 0, 0]])


def test_a_vector_depends_on_the_pair_alone():
    vectors = BigramEmbedding(buckets=1000, output_dim=6)(IDS).numpy()
    np.testing.assert_array_equal(vectors[0, 2], vectors[1, 1])  # 4, 5 wherever it stands
    assert (vectors[0, 1] != vectors[1, 0]).any()  # 4 after 3, and 4 at the beginning
    assert (vectors[0, 1] != vectors[0, 3]).any()  # 4 after 3, and 4 after 5


def test_vectors_smaller_than_the_output_go_through_a_matrix_that_all_share():
    small = BigramEmbedding(buckets=1000, output_dim=6, dim=2)
    vectors = small(IDS).numpy()
    assert [tuple(weight.shape) for weight in small.weights] == [(1000, 2), (2, 6)]
    kept = BigramEmbedding(buckets=1000, output_dim=2)
    kept.build()
    kept.set_weights([small.embeddings])
    np.testing.assert_allclose(vectors, kept(IDS).numpy() @ small.kernel.numpy(), atol=1e-6)


def test_padding_changes_no_vector_of_a_real_step():
    layer = BigramEmbedding(buckets=1000, output_dim=6)
    np.testing.assert_array_equal(layer(np.pad(IDS, [(0, 0), (0, 5)]))[:, :4], layer(IDS))


@pytest.mark.parametrize("dim", [None, 2])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_it_saves_and_loads_in_a_functional_model(tmp_path, dtype, dim):
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, BigramEmbedding(50, 6, dim=dim, dtype=dtype)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IDS), model(IDS))
    assert loaded.layers[1].get_config() == model.layers[1].get_config()
    assert model(IDS).dtype == ("float32" if dtype == "float32" else "bfloat16")
