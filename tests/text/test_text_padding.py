"""Padding: sequences to one array and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.text import pad_batch, unpad

SEQUENCES = st.lists(st.lists(st.integers(1, 2**31 - 1), max_size=9), max_size=6)


@given(sequences=SEQUENCES, extra=st.integers(0, 3), dtype=st.sampled_from([np.int32, np.int64, np.uint32]))
@settings(deadline=None)
def test_unpadding_restores_the_padded_sequences(sequences, extra, dtype):
    longest = max(map(len, sequences), default=0)
    length = longest + extra if extra else None
    batch = pad_batch([np.array(sequence, dtype) for sequence in sequences], length)
    assert batch.dtype == np.int32
    assert batch.shape == (len(sequences), max(1, longest + extra))
    assert [row.tolist() for row in unpad(batch)] == sequences


def test_a_hole_of_padding_in_the_middle_stays():
    assert [row.tolist() for row in unpad(np.array([[4, 0, 5, 0], [0, 0, 0, 0]]))] == [[4, 0, 5], []]


def test_batch_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match=r"`sequences\[1\]` has 3 ids, more than `length` 2"):
        pad_batch([np.array([3]), np.array([3, 4, 5])], length=2)
    with pytest.raises(ValueError, match="`length` must be at least 1; received 0"):
        pad_batch([], length=0)
    with pytest.raises(ValueError, match=r"`sequences\[0\]` must have one dimension; received shape \(1, 1\)"):
        pad_batch([np.array([[3]])])
    with pytest.raises(TypeError, match=r"`sequences\[0\]` must hold integers; received float64"):
        pad_batch([np.array([0.5])])
    with pytest.raises(ValueError, match=r"`batch` must have two dimensions, \[B, T\]; received shape \(3,\)"):
        unpad(np.zeros(3, np.int32))
