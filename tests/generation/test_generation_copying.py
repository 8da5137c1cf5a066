"""The copy meter against a search of every passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.generation import find_copied
from textrnn.generation.scoring import Score


def covered(text, corpus, least):
    """Characters of `text` in passages that stand in `corpus`, found by looking for each."""
    is_copied = [False] * len(text)
    for start in range(len(text) - least + 1):
        if text[start : start + least] in corpus:
            is_copied[start : start + least] = [True] * least
    return sum(is_copied)


def maximal(text, corpus, least):
    """Passages of `text` in `corpus` that are longer neither to the left nor to the right, the longest first."""
    spans = {(i, j) for i in range(len(text)) for j in range(i + least, len(text) + 1) if text[i:j] in corpus}
    found = {text[i:j] for i, j in spans if not {(i - 1, j), (i, j + 1)} & spans}
    return tuple(sorted(found, key=lambda passage: (-len(passage), passage)))


@given(st.text("ab", max_size=60), st.lists(st.text("ab", max_size=40), max_size=4), st.integers(1, 6))
def test_every_copied_passage_is_found_whatever_the_pieces(text, pieces, least):
    copied, corpus = find_copied(text, pieces, least=least, count=100), "".join(pieces)
    assert copied.share * len(text) == pytest.approx(covered(text, corpus, least))
    assert copied.passages == maximal(text, corpus, least)


def test_passages_are_listed_the_longest_first():
    corpus = "What light through yonder window breaks? It is the east."
    text = "Soft! What light through yonder window? It is the east, and so on."
    copied = find_copied(text, [corpus[:20], corpus[20:]], least=10)
    assert copied.passages == ("What light through yonder window", "? It is the east")
    assert copied.share == pytest.approx(48 / 66, abs=0.03)


@pytest.mark.parametrize("text", ["", "short"])
def test_short_texts_do_not_count_as_copied(text):
    assert find_copied(text, ["short and more"]).share == 0


def test_the_most_surprising_spans_do_not_overlap():
    import numpy as np

    score = Score.of(-np.log(2) * np.array([1.0, 1, 9, 8, 1, 1, 7, 1]), 8)
    assert [(span.start, span.end, round(span.bits, 6)) for span in score.most_surprising(2, 2)] == [
        (2, 4, 17),
        (5, 7, 8),
    ]
    assert score.most_surprising(9, 100)[0].bits == pytest.approx(29)
    assert Score.of(np.zeros(0), 0).most_surprising() == []
