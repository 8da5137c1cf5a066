"""States: saved, compared and continued, with their own model alone."""

import itertools

import numpy as np
import pytest
from fakes import Memory
from hypothesis import given
from hypothesis import strategies as st

from textrnn.generation import Session, Snapshot, State, StreamPool
from textrnn.generation.state import fingerprint
from textrnn.text import CharacterTokenizer, WordTokenizer

TEXTS = st.text("abcd\n", max_size=30)


class Marked(Memory):
    """A `Memory` with a fingerprint."""

    def __init__(self, mark="a1"):
        super().__init__()
        self.mark = mark

    def snapshot(self):
        return Snapshot(self.step, self.mark)


def test_a_state_comes_back_from_its_file_to_the_bit(tmp_path):
    model = Marked()
    state = model.read("abba")
    state.save(tmp_path / "here")
    loaded = State.load(tmp_path / "here")
    assert loaded == state
    assert loaded.size_in_bytes == state.size_in_bytes == 8 * 8 + 8 * 8 + 4 * 4
    assert state.logits.base is None  # a view would keep the logits of a whole chunk alive
    assert model.generate(state=loaded, length=9, seed=1) == model.generate(state=state, length=9, seed=1)


def test_states_differ_by_text_and_model():
    state = Marked().read("abba")
    assert state == Marked().read("abba")
    assert state != Marked().read("abab")
    assert state != Marked("b2").read("abba")
    assert state != "abba"


def test_a_fork_shares_no_memory():
    state = Marked().read("abba")
    fork = state.fork()
    fork.tensors[0][:] = 0
    assert state == Marked().read("abba") != fork


@pytest.mark.parametrize("call", ["generate", "score", "read"])
def test_a_state_of_another_model_is_refused(call):
    with pytest.raises(ValueError, match="`state` must come from this model, a1; it was read by 'b2'"):
        getattr(Marked(), call)("ab", state=Marked("b2").read("a"))


def test_a_damaged_state_is_refused(tmp_path):
    Marked().read("ab").save(tmp_path / "whole")
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:-30])
    with pytest.raises(ValueError, match="cut must hold a whole state"):
        State.load(tmp_path / "cut")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz must hold a whole state"):
        State.load(tmp_path / "other.npz")
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        State.load(tmp_path / "nowhere")


@given(text=TEXTS, cuts=st.lists(st.integers(0, 30), max_size=4))
def test_reading_in_parts_equals_reading_the_whole_text(text, cuts):
    model, state, scores = Marked(), None, []
    ends = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    for begin, end in itertools.pairwise(ends):
        score, state = model.score_and_read(text[begin:end], state)
        scores.append(score.log_probabilities)
    if text:
        np.testing.assert_allclose(np.concatenate(scores), model.score(text).log_probabilities, atol=1e-6)
        np.testing.assert_allclose(state.tensors[0], model.read(text).tensors[0], atol=1e-6)


def test_a_fingerprint_changes_with_any_weight_and_any_setting():
    large, small = np.arange(5000, dtype=np.float32).reshape(50, 100), np.ones(3, np.float32)
    weights = {"layers/recurrent": [large], "head": [small]}
    mark = fingerprint({"cell": "gru"}, weights)
    assert mark == fingerprint({"cell": "gru"}, dict(reversed(weights.items())))
    assert len(mark) == 16
    assert mark != fingerprint({"cell": "gru"}, {"layers/recurrent": [small], "head": [large]})
    assert mark != fingerprint({"cell": "lstm"}, weights)
    for place in (0, 1234, 4999):
        other = large.copy()
        other.flat[place] = np.nextafter(other.flat[place], np.inf)
        assert mark != fingerprint({"cell": "gru"}, {**weights, "layers/recurrent": [other]})
    assert mark != fingerprint({"cell": "gru"}, {**weights, "layers/recurrent": [large.T]})


def alone(model, text, state=None):
    return model.score_and_read(text, state)


def test_streams_of_a_pool_read_as_if_alone():
    model = Marked()
    pool = StreamPool(model)
    texts = ["", "a", "abba", "dc\n" * 7, *["abcd"[n % 4] * n for n in range(20)]]  # more than there is room for
    streams = [pool.open() for _ in texts]
    for stream, text in zip(streams, texts, strict=True):
        stream.feed(text)
    scores = {stream: [] for stream in streams}
    while stepped := pool.step():
        for stream, score in stepped.items():
            scores[stream].append(score)
    for stream, text in zip(streams, texts, strict=True):
        expected, state = alone(model, text)
        np.testing.assert_allclose(scores[stream], expected.log_probabilities, atol=1e-6)
        np.testing.assert_allclose(stream.state.tensors[0], state.tensors[0], atol=1e-6)
        np.testing.assert_allclose(stream.state.logits, state.logits, atol=1e-5)
        assert stream.state.last_id == state.last_id


def test_streams_open_close_and_reset_independently():
    model = Marked()
    pool = StreamPool(model)
    first, second = pool.open(), pool.open(model.read("dd"))
    first.feed("abc")
    pool.step()
    second.feed("a")
    third = pool.open()
    third.feed("ba")
    pool.step()
    first.reset()  # with a token still to read
    first.feed("d")
    kept = third.state
    second.close()
    late = pool.open(kept)  # where the second was
    late.feed("c")
    pool.run()
    for stream, text in ((first, "d"), (third, "ba"), (late, "bc")):
        np.testing.assert_allclose(stream.state.tensors[0], model.read(text).tensors[0], atol=1e-6)
    with pytest.raises(ValueError, match="it has been closed"):
        second.feed("a")
    before = len(pool.streams)
    with pytest.raises(ValueError, match="`state` must come from this model"):
        pool.open(Marked("b2").read("a"))
    assert len(pool.streams) == before


def test_a_stream_that_is_fed_twice_reads_words_as_if_fed_at_once():
    model = Marked()
    model.tokenizer = WordTokenizer().fit(["a b"])  # between words a space goes without saying
    stream = StreamPool(model).open()
    stream.feed("a b")
    stream.feed(" a")
    assert list(stream.waiting) == model.tokenizer.encode("a b a").tolist()


def test_incompatible_options_of_a_session_are_refused(tmp_path):
    session = Session(Marked(), seed=3, top_k=3)
    with pytest.raises(ValueError, match="`top_k` must be left out with temperature 0"):
        session.choose(temperature=0)
    assert session.config.changed() == {"top_k": 3}
    session.choose(temperature=0.5)
    session.save(tmp_path / "session.json")
    assert Session.load(tmp_path / "session.json", Marked()).config.changed() == {"top_k": 3, "temperature": 0.5}


def test_session_of_another_model_is_refused_before_its_options(tmp_path):
    Session(Marked(), top_k=5).save(tmp_path / "session.json")
    other = Marked("b2")
    other.tokenizer = CharacterTokenizer().fit("a")
    with pytest.raises(ValueError, match="must be a session with this model, b2; it is one with a1"):
        Session.load(tmp_path / "session.json", other)


def test_a_session_continues_undoes_saves_and_loads(tmp_path):
    model = Marked()
    session = Session(model, seed=3, temperature=0.9)
    session.add("ab")
    shown = "".join(session.stream(5))
    assert session.text == "ab" + shown
    proposals = session.propose(3, 4)
    assert len(set(proposals)) == len(proposals) <= 3
    assert session.text == "ab" + shown
    session.save(tmp_path / "session.json")
    again = Session.load(tmp_path / "session.json", model)
    assert again.text == session.text
    assert again.state == session.state
    assert again.propose(3, 4) == session.propose(3, 4)
    assert session.undo() == shown
    np.testing.assert_allclose(session.state.tensors[0], model.read("ab").tensors[0], atol=1e-6)
    assert session.undo() == "ab"
    assert session.undo() == ""
    with pytest.raises(ValueError, match="must be a session with this model, b2; it is one with a1"):
        Session.load(tmp_path / "session.json", Marked("b2"))
    with pytest.raises(ValueError, match="`top_k` must be at most the vocabulary size"):
        Session(model, top_k=99)
    for option in ("samples", "beams"):
        with pytest.raises(ValueError, match=f"`{option}` must be 1 in a stream of one text"):
            Session(model, **{option: 2})
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match=r"other\.json must hold a session"):
        Session.load(tmp_path / "other.json", model)
