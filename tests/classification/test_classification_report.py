"""The report's measures against scikit-learn's, and its printed form."""

import json
import math
import textwrap

import numpy as np
import pytest

from textrnn.classification import ClassificationReport
from textrnn.classification.calibration import temper


def drawn(rows, labels, seed=0):
    generator = np.random.default_rng(seed)
    truths = generator.integers(labels, size=rows)
    logits = generator.normal(size=[rows, labels]) + np.eye(labels)[truths]
    return ClassificationReport([f"label {n}" for n in range(labels)], truths, temper(logits, 0.7))


@pytest.mark.parametrize(("rows", "labels"), [(500, 2), (500, 3), (12, 10), (2000, 10)])
def test_measures_are_those_of_scikit_learn(rows, labels):
    metrics = pytest.importorskip("sklearn.metrics")
    report = drawn(rows, labels)
    truths, answers, numbers = report.truths, report.answers, range(labels)
    assert report.accuracy == pytest.approx(metrics.accuracy_score(truths, answers))
    assert report.macro_f1 == pytest.approx(metrics.f1_score(truths, answers, average="macro"))
    assert report.negative_log_likelihood == pytest.approx(
        metrics.log_loss(truths, report.probabilities, labels=numbers)
    )
    np.testing.assert_array_equal(report.confusion_matrix, metrics.confusion_matrix(truths, answers, labels=numbers))
    expected = metrics.precision_recall_fscore_support(truths, answers, labels=numbers, zero_division=np.nan)
    own = [(each.precision, each.recall, each.f1, each.support) for each in report.by_label.values()]
    np.testing.assert_allclose(np.transpose(own), np.array(expected, float))


def test_a_label_without_texts_or_answers_has_no_measure_and_spoils_no_mean():
    probabilities = np.array([[0.7, 0.2, 0.1, 0.0], [0.6, 0.3, 0.1, 0.0], [0.2, 0.2, 0.6, 0.0]])
    report = ClassificationReport(["common", "rare", "wrong", "never"], np.array([0, 1, 0]), probabilities)
    common, rare, wrong, never = report.by_label.values()
    assert (common.precision, common.recall, common.f1, common.support) == (0.5, 0.5, 0.5, 2)
    assert (rare.recall, rare.f1, rare.support) == (0, 0, 1)
    assert math.isnan(rare.precision)  # never answered
    assert (wrong.precision, wrong.f1, wrong.support) == (0, 0, 0)
    assert math.isnan(wrong.recall)  # never right
    assert math.isnan(never.f1)
    assert report.macro_f1 == pytest.approx((0.5 + 0 + 0) / 3)
    written = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert written["by_label"]["never"] == {"precision": None, "recall": None, "f1": None, "support": 0}
    assert written["coverages"][-1] == {"threshold": 0.95, "coverage": 0.0, "accuracy": None}


def test_the_surest_mistakes_come_first_and_thresholds_withhold_the_unsure():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7], [0.05, 0.95]])
    report = ClassificationReport(["no", "yes"], np.array([0, 1, 0, 0, 1]), probabilities)
    assert report.mistakes.tolist() == [2, 3, 1]
    coverage = report.at_threshold(0.8)
    assert (coverage.coverage, coverage.accuracy) == pytest.approx((3 / 5, 2 / 3))
    assert (report.at_threshold(0).coverage, report.at_threshold(0).accuracy) == (1, report.accuracy)
    assert math.isnan(report.at_threshold(1.0).accuracy)


def test_the_printed_report_for_two_labels():
    probabilities = np.array([[0.9, 0.1]] * 3 + [[0.25, 0.75]] * 2)
    report = ClassificationReport(["bad", "good"], np.array([0, 0, 1, 1, 1]), probabilities)
    page = """\
        5 texts, accuracy 0.8000, macro F1 0.8000

        label  precision  recall     F1  texts
        bad        0.667   1.000  0.800      2
        good       1.000   0.667  0.800      3

        truth \\ answer  bad  good
        bad               2     .
        good              1     2

        expected calibration error 0.2400, negative log likelihood 0.6177 nats

        threshold  answered  accuracy
        0.60         100.0%     0.800
        0.70         100.0%     0.800
        0.80          60.0%     0.667
        0.90          60.0%     0.667
        0.95           0.0%         -"""
    assert str(report) == textwrap.dedent(page)


def test_printed_reports_of_many_or_long_labels_stay_narrow():
    for labels in (10, 20, 40):
        report = drawn(3000, labels)
        wide = ClassificationReport(
            [f"a label of a {n:>30}" for n in range(labels)], report.truths, report.probabilities
        )
        for page in (str(report), str(wide)):
            assert max(map(len, page.splitlines())) <= 130
    assert "confused most: truth" in page


def test_answers_that_do_not_match_the_labels_are_refused():
    with pytest.raises(ValueError, match=r"`labels` must be 2 names; received \['a'\]"):
        ClassificationReport(["a"], np.array([0]), np.array([[0.5, 0.5]]))
    with pytest.raises(ValueError, match="`probabilities` must be 0 or more and sum to 1"):
        ClassificationReport(["a", "b"], np.array([0]), np.array([[0.5, 0.6]]))
    with pytest.raises(ValueError, match="`threshold` must be a number of 0 or more and of 1 or less; received 2"):
        drawn(5, 2).at_threshold(2)
