"""The wide path: summed weights of n-grams, whatever the padding and the parts."""

import numpy as np
import pytest

from textrnn.hashing import hash_ngrams
from textrnn.layers import WidePath

IDS = np.array([[3, 1, 4, 1, 5], [2, 4, 0, 0, 0], [0, 0, 0, 0, 0]], np.int32)
NETWORK = np.array([[0.5, -1.0], [2.0, 0.0], [1.0, 3.0]], np.float32)


def make(ngrams):
    path, generator = WidePath(6, 2, ngrams, 7), np.random.default_rng(0)
    path.build()
    for weight in path.weights:
        weight.assign(generator.normal(size=weight.shape))
    return path


def expected(path):
    """Sums by the definition, one n-gram after the other."""
    logits = path.share.numpy() * NETWORK + path.bias.numpy()
    for row, ids in enumerate(IDS):
        before = np.concatenate([np.zeros(path.ngrams - 1, np.int64), ids[ids != 0]])
        logits[row] += path.tokens.numpy()[ids[ids != 0]].sum(axis=0)
        if path.ngrams > 1:
            for buckets in hash_ngrams(before[None], path.ngrams, path.buckets):
                logits[row] += path.hashed.numpy()[buckets[0]].sum(axis=0)
    return logits


@pytest.mark.parametrize("ngrams", [1, 2, 4])
def test_logits_are_the_sum_of_the_weights(ngrams):
    path = make(ngrams)
    np.testing.assert_allclose(path(IDS, NETWORK), expected(path), rtol=1e-5)
    padded = np.pad(IDS, [[0, 0], [0, 3]])
    np.testing.assert_allclose(path(padded, NETWORK), path(IDS, NETWORK), rtol=1e-6)


@pytest.mark.parametrize("ngrams", [1, 3])
def test_a_text_read_in_parts_gives_the_same_logits(ngrams):
    path = make(ngrams)
    state = path.start(len(IDS))
    for cut in (slice(0, 1), slice(1, 4), slice(4, 5)):
        state = path.read(IDS[:, cut], state)
    np.testing.assert_allclose(path.answer(state, NETWORK), path(IDS, NETWORK), rtol=1e-5)


def test_a_new_path_leaves_the_logits_of_the_network():
    path = WidePath(6, 2, 3, 7)
    np.testing.assert_array_equal(path(IDS, NETWORK), NETWORK)
    assert not path.trainable_variables
