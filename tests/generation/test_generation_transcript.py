"""A text ends at its stop string, and no part of a stop string is ever shown."""

from hypothesis import example, given
from hypothesis import strategies as st

from textrnn.generation import Transcript

END = 2
# Two letters, so that stop strings begin, break off and overlap all the time.
TEXT = st.text("ab", max_size=30)
STOPS = st.lists(st.text("ab", min_size=1, max_size=5), max_size=3)


def cut_at_the_first_stop(text, stops):
    """What remains of `text` if it ends as soon as it holds one of `stops`."""
    for length in range(len(text) + 1):
        starts = [text[:length].find(stop) for stop in stops if stop in text[:length]]
        if starts:
            return text[: min(starts)]
    return text


def is_beginning_of_a_stop(text, stops):
    return any(stop != text and stop.startswith(text) for stop in stops)


@given(TEXT, STOPS)
@example("aab", ["ab"])
@example("aabaabb", ["aabb", "bb"])
@example("abab", ["ababb"])
def test_pieces_join_to_the_text_before_the_first_stop(text, stops):
    transcript = Transcript(chr, stops, END)
    shown = ""
    for read, token in enumerate(text, start=1):
        shown += transcript.add(ord(token))
        if transcript.is_done:
            break
        # What is held back is what could still become a stop, and nothing more.
        hidden = text[len(shown) : read]
        assert text[:read] == shown + hidden
        endings = [text[start:read] for start in range(read)]
        longest = next((ending for ending in endings if is_beginning_of_a_stop(ending, stops)), "")
        assert hidden == longest
    shown += transcript.finish()
    assert shown == cut_at_the_first_stop(text, stops)
    assert transcript.add(ord("a")) == ""


@given(st.lists(st.text("ab", max_size=4), max_size=8), st.text("ab", min_size=1, max_size=5))
def test_tokens_of_several_characters_stop_in_their_middle(words, stop):
    transcript = Transcript(words.__getitem__, [stop], len(words))
    shown = ""
    for token in range(len(words)):
        shown += transcript.add(token)
    assert shown + transcript.add(len(words)) == "".join(words).split(stop)[0]


def test_end_token_releases_held_back_characters():
    transcript = Transcript(chr, ["abc"], END)
    assert [transcript.add(ord(token)) for token in "xab"] == ["x", "", ""]
    assert transcript.add(END) == "ab"
    assert transcript.is_done
