"""Batches: every token once, in order, and reproducible from the number of the epoch alone."""

import numpy as np
import pytest

from textrnn.text import END_ID
from textrnn.training import split_documents
from textrnn.training.batch import NO_LABEL
from textrnn.training.bucketed_batches import DocumentBatches, LabeledBatches, bucketed
from textrnn.training.streams import StreamBatches


def documents(texts, batch_size=3, sequence_length=4, seed=0):
    ids = np.concatenate([[*text, END_ID] for text in texts]).astype(np.uint8)
    stops = np.cumsum([len(text) + 1 for text in texts]) - 1
    spans = np.stack([stops - [len(text) for text in texts], stops], axis=1)
    return DocumentBatches(ids, spans, END_ID, batch_size=batch_size, sequence_length=sequence_length, seed=seed)


def test_streams_continue_where_the_previous_batch_ended():
    ids = np.arange(3, 3 + 3 * 10 + 1, dtype=np.uint8)
    batches = list(StreamBatches(ids, batch_size=3, sequence_length=4).epoch(0))
    rows = np.concatenate([batch.inputs for batch in batches], axis=1)
    targets = np.concatenate([batch.targets for batch in batches], axis=1)
    np.testing.assert_array_equal(rows, ids[:-1].reshape(3, 10))
    np.testing.assert_array_equal(targets, ids[1:].reshape(3, 10))
    assert [batch.is_fresh for batch in batches] == [True, False, False]
    assert [batch.inputs.shape[1] for batch in batches] == [4, 4, 2]


def test_random_offsets_cut_each_epoch_elsewhere_and_lose_less_than_a_window():
    ids = np.arange(3, 103, dtype=np.uint8)
    batches = StreamBatches(ids, batch_size=3, sequence_length=10, seed=1)
    firsts = set()
    for epoch in range(8):
        rows = np.concatenate([batch.inputs for batch in batches.epoch(epoch)], axis=1)
        targets = np.concatenate([batch.targets for batch in batches.epoch(epoch)], axis=1)
        np.testing.assert_array_equal(targets, rows + 1)
        np.testing.assert_array_equal(np.diff(rows.reshape(-1)), 1)  # one stream goes on where the last ended
        assert rows.size >= 99 - 9 - 2
        assert len(list(batches.epoch(epoch))) == batches.steps(epoch)
        firsts.add(int(rows[0, 0]))
    assert len(firsts) > 3


def test_random_offsets_leave_the_shortest_text_its_window():
    for epoch in range(5):
        (batch,) = StreamBatches(np.arange(6), batch_size=1, sequence_length=5, seed=epoch).epoch(epoch)
        assert batch.inputs.tolist() == [[0, 1, 2, 3, 4]]


def test_documents_bring_their_labels():
    lengths = (1, 9, 3, 4, 12, 6)
    batches = documents([[5] * n for n in lengths])
    batches.labels = np.array([0, 1, 0, 1, 1, 0], np.int32)
    found, label_of_row = {}, {}
    for batch in batches.epoch(2):
        if batch.is_fresh:
            found |= dict(label_of_row.values())
            label_of_row = dict.fromkeys(range(len(batch.inputs)), (0, None))
        for row, (targets, label) in enumerate(zip(batch.targets, batch.labels, strict=True)):
            label_of_row[row] = (label_of_row[row][0] + np.count_nonzero(targets), int(label))
    found |= dict(label_of_row.values())
    assert found == {n + 1: label for n, label in zip(lengths, [0, 1, 0, 1, 1, 0], strict=True)}


def test_held_out_documents_keep_their_labels():
    ids = np.concatenate([[*[5 + label] * n, END_ID] for n, label in zip(range(1, 11), [0, 1] * 5, strict=True)])
    labels = np.array([0, 1] * 5, np.int32)
    options = {"batch_size": 1, "sequence_length": 20, "seed": 3}
    for batches in split_documents(ids.astype(np.uint8), 0.3, **options, labels=labels):
        for batch in batches.epoch(0):
            assert batch.inputs[0, 1] == 5 + batch.labels[0]
    with pytest.raises(ValueError, match="`labels` must be one for each document, 10; received 3"):
        split_documents(ids.astype(np.uint8), 0.3, **options, labels=labels[:3])


def test_a_short_text_gets_fewer_streams():
    assert StreamBatches(np.arange(11), batch_size=64, sequence_length=5).batch_size == 2


@pytest.mark.parametrize("first", [0, 1, 3, 5])
def test_an_epoch_can_be_entered_at_any_step(first):
    texts = [[5] * n for n in (1, 9, 3, 4, 12, 0, 6)]
    labels = np.arange(7)
    for batches in (
        StreamBatches(np.arange(60), 2, 5),
        documents(texts),
        LabeledBatches([np.array(text, np.int32) for text in texts], labels, batch_size=1, seed=1),
    ):
        whole, rest = list(batches.epoch(2)), list(batches.epoch(2, first))
        assert len(whole) == batches.steps(2)
        for a, b in zip(whole[first:], rest, strict=True):
            np.testing.assert_array_equal(a.inputs, b.inputs)
            np.testing.assert_array_equal(a.targets, b.targets)
            assert a.is_fresh == b.is_fresh


def test_every_document_is_predicted_to_its_end_and_none_of_its_tokens_is_lost():
    texts = [[5, 6, 7], [], [8], [9] * 11]
    read = []
    rows: list[list[int]] = []
    for batch in documents(texts).epoch(0):
        if batch.is_fresh:
            read += rows
            rows = [[] for _ in batch.targets]
        for row, inputs, targets in zip(rows, batch.inputs, batch.targets, strict=True):
            assert ((inputs == 0) == (targets == 0)).all()
            row.extend(int(target) for target in targets[targets != 0])
    read += rows
    assert sorted(read) == sorted([*text, END_ID] for text in texts)


def test_another_epoch_brings_other_neighbors():
    lengths = np.random.default_rng(0).integers(1, 50, 400)
    first, second = (bucketed(lengths, 8, seed=1, epoch=epoch) for epoch in (0, 1))
    for batches in (first, second):
        np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(400))
    assert any(set(a) != set(b) for a, b in zip(first, second, strict=True))


def test_buckets_leave_little_padding():
    lengths = np.random.default_rng(0).integers(1, 300, 4000)
    padded = sum(len(rows) * lengths[rows].max() for rows in bucketed(lengths, 32, seed=1, epoch=0))
    assert padded / lengths.sum() < 1.05


def test_a_document_as_long_as_a_book_pads_no_others():
    texts = [[5] * n for n in (3, 150_000, 5, 2)]
    read = list(documents(texts, batch_size=4, sequence_length=100_000).epoch(0))
    assert sorted(batch.inputs.shape for batch in read) == [(1, 50_001), (1, 100_000), (3, 6)]


@pytest.mark.parametrize("seed", [None, 1])
def test_a_text_as_long_as_a_book_pads_no_others(seed):
    lengths = [3, 150_000, 5, 200_000, 0, 4]
    batches = LabeledBatches([np.full(n, 5, np.int32) for n in lengths], np.arange(6), batch_size=4, seed=seed)
    read = list(batches.epoch(1))
    assert len(read) == batches.steps(1) == 3
    assert sorted(batch.inputs.shape for batch in read) == [(1, 150_000), (1, 200_000), (4, 5)]
    assert sorted(label for batch in read for label in batch.targets) == list(range(6))


@pytest.mark.parametrize("more", [20, 7])
def test_a_batch_has_labels_however_much_longer_the_texts_without_one_are(more):
    texts = [np.full(1 + row % 2, 5, np.int32) for row in range(20)]
    others = [np.full(40 + row, 6, np.int32) for row in range(more)]
    batches = LabeledBatches(texts, np.zeros(20), batch_size=4, seed=0, unlabeled=others)
    assert batches.batch_size == 8
    read = list(batches.epoch(0))
    assert len(read) == 5
    assert max(len(batch.targets) for batch in read) == 8
    with_both = [batch.targets for batch in read if (batch.targets == NO_LABEL).any()]
    assert len(with_both) == -(-more // 4)
    for targets in with_both:
        for share in np.array_split(targets, 2):  # a core each
            assert (share != NO_LABEL).any()
            assert (share == NO_LABEL).any() or len(targets) < 8


@pytest.mark.parametrize(("unlabeled", "read_an_epoch"), [(10, 4), (3, 3)])
def test_an_epoch_reads_as_many_texts_without_a_label_as_with_one(unlabeled, read_an_epoch):
    texts = [np.array([3 + row] * (1 + row % 3), np.int32) for row in range(4 + unlabeled)]
    batches = LabeledBatches(texts[:4], np.arange(4), batch_size=3, seed=0, unlabeled=texts[4:])
    turns = []
    for epoch in range(5):
        read = list(batches.epoch(epoch))
        assert len(read) == batches.steps(epoch)
        labels = [label for batch in read for label in batch.targets]
        firsts = [int(row[0]) - 3 for batch in read for row in batch.inputs]
        assert sorted(row for row, label in zip(firsts, labels, strict=True) if label != NO_LABEL) == [0, 1, 2, 3]
        assert all(row == label for row, label in zip(firsts, labels, strict=True) if label != NO_LABEL)
        turns += [row for row, label in zip(firsts, labels, strict=True) if label == NO_LABEL]
        assert len(turns) == (epoch + 1) * read_an_epoch
    counts = np.bincount(turns, minlength=4 + unlabeled)[4:]
    assert len(set(counts)) == 1  # 20 in all are two turns of 10, 15 are five of 3


def labeled_by_length(rows, batch_size, **options):
    """Texts of which the shorter half has one label and the longer half another, as the file has them."""
    texts = [np.full(1 + row, 5, np.int32) for row in range(rows)]
    return LabeledBatches(texts, np.arange(rows) * 2 // rows, batch_size=batch_size, seed=0, **options)


@pytest.mark.parametrize("batch_size", [4, 16])
def test_labels_that_correlate_with_lengths_share_batches(batch_size):
    batches = labeled_by_length(400, batch_size)
    for batch in batches.epoch(1):
        assert min(np.bincount(batch.targets)) > 0.3 * batch_size / 2
        assert np.ptp(np.count_nonzero(batch.inputs[batch.targets == 0], axis=1)) < 8 * batch_size  # like lengths
    again = [batch.inputs for batch in batches.epoch(1, first=3)]
    for one, other in zip(list(batches.epoch(1))[3:], again, strict=True):
        np.testing.assert_array_equal(one.inputs, other)


def test_labels_of_documents_that_correlate_with_lengths_share_batches():
    lengths = [*range(1, 41), *range(100, 140)]
    plain = documents([[5] * n for n in lengths])
    labels = np.repeat([0, 1], 40).astype(np.int32)
    options = {"batch_size": 8, "sequence_length": 200, "seed": 0, "labels": labels}
    for batch in DocumentBatches(plain.ids, plain.spans, END_ID, **options).epoch(0):
        assert list(np.bincount(batch.labels)) == [4, 4]


def test_labels_independent_of_lengths_cost_no_padding():
    generator = np.random.default_rng(0)
    texts = [np.full(n, 5, np.int32) for n in np.sort(generator.lognormal(3, 0.6, 3000)).astype(int) + 1]
    for kinds in (2, 100):
        batches = LabeledBatches(texts, generator.integers(0, kinds, 3000), batch_size=16, seed=0)
        padded = sum(batch.inputs.size for batch in batches.epoch(0))
        assert padded / sum(map(len, texts)) < 1.08
    # Sorted by label, as files are: of texts of one length those of one label stand side by side.
    batches = LabeledBatches([np.full(3, 5, np.int32)] * 200, np.repeat([0, 1], 100), batch_size=8, seed=0)
    assert batches.mixed is None
