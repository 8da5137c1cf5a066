"""Calibration, thresholds and evaluation of a labeler whose log-probabilities are known."""

import threading

import numpy as np
import pytest

from textrnn.batching import batches_by_length
from textrnn.classification import CalibrationError, TextLabeler
from textrnn.classification.calibration import temper
from textrnn.classification.windows import DEFAULT_BATCH_SIZE, MAX_BATCH_TOKENS


class DigitTokenizer:
    def encode(self, text):
        return np.array([int(digit) for digit in text], np.int32)


class Digits(TextLabeler):
    """Reads a text of three digits as the logits of three labels."""

    labels = ("a", "b", "c")
    temperature = 1.0
    tokenizer = DigitTokenizer()

    def log_probabilities(self, sequences):
        return np.log(temper(np.stack(sequences), 1.0))


def texts_and_labels(rows=400, temperature=2.5):
    generator = np.random.default_rng(0)
    logits = generator.integers(10, size=[rows, 3])
    texts = ["".join(map(str, row)) for row in logits]
    return texts, [str(generator.choice(list("abc"), p=row)) for row in temper(logits, temperature)]


def test_calibrating_lowers_the_loss_and_changes_no_answer():
    labeler, (texts, labels) = Digits(), texts_and_labels()
    before = labeler.classify(texts)
    old = labeler.evaluate_texts(texts, labels)
    calibration = labeler.calibrate(texts, labels, batch_size=7)
    after, new = labeler.classify(texts), labeler.evaluate_texts(texts, labels)
    assert [each.label for each in after] == [each.label for each in before]
    assert labeler.temperature == calibration.temperature == pytest.approx(2.5, rel=0.15)
    assert (calibration.loss_before, calibration.loss_after) == pytest.approx(
        (old.negative_log_likelihood, new.negative_log_likelihood)
    )
    assert (calibration.error_before, calibration.error_after) == pytest.approx(
        (old.expected_calibration_error, new.expected_calibration_error)
    )
    assert new.negative_log_likelihood < old.negative_log_likelihood
    assert calibration.error_after < calibration.error_before / 2
    again = labeler.calibrate(texts, labels)  # of what is calibrated, nothing comes
    assert (again.temperature, again.loss_before) == pytest.approx((calibration.temperature, calibration.loss_after))


def test_below_the_threshold_there_is_no_label_but_a_probability():
    labeler = Digits()
    sure, unsure = labeler.classify(["900", "010"], threshold=0.9)
    assert (sure.label, unsure.label) == ("a", None)
    assert unsure.probability == unsure.probabilities["b"] == pytest.approx(np.e / (2 + np.e))
    assert labeler.classify(["010"], threshold=unsure.probability)[0].label == "b"
    with pytest.raises(ValueError, match=r"`threshold` must be .* of 1 or less; received 1\.5"):
        labeler.classify(["900"], threshold=1.5)


@pytest.mark.parametrize(
    ("texts", "labels", "error", "message"),
    [
        (["900", "090"], ["a", "d"], ValueError, "`labels` must be of a, b, c; received also 'd'"),
        (["900", "090"], ["a", None], ValueError, r"`labels\[1\]` is missing \(None\); every text needs a label"),
        (["900"], ["a", "b"], ValueError, "as many as `texts`, and at least one; received 1 texts and 2 labels"),
        ([], [], ValueError, "at least one; received 0 texts"),
        (["900"], "a", TypeError, "`labels` must be a list with a label for each text; received one string"),
        ("900", ["a"], TypeError, "`texts` must be a list of strings; received one string"),
    ],
)
def test_texts_and_labels_are_checked(texts, labels, error, message):
    for method in (Digits().evaluate_texts, Digits().calibrate):
        with pytest.raises(error, match=message):
            method(texts, labels)


def test_a_temperature_needs_two_labels_and_a_mistake():
    labeler = Digits()
    with pytest.raises(CalibrationError, match="texts of two labels or more; all 2 are 'a'"):
        labeler.calibrate(["900", "090"], ["a", "a"])
    with pytest.raises(CalibrationError, match="every text was classified correctly"):
        labeler.calibrate(["900", "090"], ["a", "b"])
    assert labeler.temperature == 1


@pytest.mark.parametrize("longest", [1, 60, 3000, 200_000])
@pytest.mark.parametrize("batch_size", [None, 7])
def test_texts_of_like_length_are_read_together_and_each_once(longest, batch_size):
    lengths = np.random.default_rng(0).integers(0, longest, 1000).tolist()
    batches = batches_by_length(lengths, batch_size or DEFAULT_BATCH_SIZE, MAX_BATCH_TOKENS)
    order = [n for rows in batches for n in rows]
    assert sorted(order) == list(range(1000))
    assert [lengths[n] for n in order] == sorted(lengths)
    for rows in batches:
        assert len(rows) <= (batch_size or DEFAULT_BATCH_SIZE)
        assert len(rows) * lengths[rows[-1]] <= MAX_BATCH_TOKENS or len(rows) == 1
    if longest <= 60:
        assert {len(rows) for rows in batches[:-1]} == {batch_size or DEFAULT_BATCH_SIZE}


def test_texts_are_read_beside_those_of_like_length_and_answered_in_order(monkeypatch):
    labeler, seen = Digits(), []

    def by_length(sequences):
        seen.append(len(sequences))
        return np.log([[0.2 + 0.1 * (len(ids) % 5), 0.1, 0.0001] for ids in sequences])

    monkeypatch.setattr(labeler, "log_probabilities", by_length)
    texts = ["1" * 200_001, "2", "3" * 250_002, "", "4" * 3]
    alone = [labeler.classify([text])[0] for text in texts]
    seen.clear()
    assert labeler.classify(texts) == alone
    assert len({answer.probability for answer in alone}) == 4
    assert seen == [3, 1, 1]


def test_the_next_window_is_encoded_while_one_is_computed(monkeypatch):
    labeler, is_taken = Digits(), threading.Event()
    monkeypatch.setattr(labeler, "workers", 2)

    def windows():
        yield ["900", "090"]
        is_taken.set()
        yield []
        yield ["009"]

    def waiting(sequences):
        assert is_taken.wait(timeout=60)
        return Digits.log_probabilities(labeler, sequences)

    monkeypatch.setattr(labeler, "log_probabilities", waiting)
    answers = list(labeler.classify_windows(windows(), threshold=0.5))
    assert [[answer.label for answer in window] for window in answers] == [["a", "b"], [], ["c"]]


def test_a_classifier_of_numpy_has_no_bfloat16():
    labeler = Digits()
    assert labeler.in_bulk("auto") is labeler.in_bulk("float32") is labeler
    with pytest.raises(ValueError, match="`precision` must be 'float32' or 'auto' where NumPy runs the model"):
        labeler.in_bulk("bfloat16")
    with pytest.raises(ValueError, match="`precision` must be one of"):
        labeler.in_bulk("float8")


def test_labels_may_be_whole_numbers_of_any_kind():
    labeler = Digits()
    labeler.labels = ("0", "1", "2")
    right = [labeler.evaluate_texts(["900", "090"], labels).accuracy for labels in (["0", "1"], [0, 1])]
    assert right == [1.0, 1.0]
    labeler.labels = ("False", "True", "")
    assert labeler.evaluate_texts(["900", "090"], [np.bool_(False), True]).accuracy == 1.0
