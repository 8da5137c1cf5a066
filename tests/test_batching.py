"""Batches of texts of similar length."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from textrnn.batching import cut_batches


@given(st.lists(st.integers(0, 50)), st.integers(1, 9), st.integers(1, 120))
def test_batches_are_as_large_as_the_limits_allow(lengths, rows, tokens):
    cuts = cut_batches(lengths, rows, tokens)
    batches = [lengths[cut] for cut in cuts]
    assert [length for batch in batches for length in batch] == lengths
    for batch in batches:
        assert len(batch) == 1 or (1 < len(batch) <= rows and len(batch) * max(batch) <= tokens)
    for batch, (following, *_) in itertools.pairwise(batches):
        assert len(batch) == rows or (len(batch) + 1) * max(*batch, following) > tokens
