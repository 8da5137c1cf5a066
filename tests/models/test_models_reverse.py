"""Reading from the end: language models, and classifiers that start from them."""

import numpy as np
import pytest
import tensorflow as tf
from untrained import make_classifier

import textrnn
from textrnn import runtime
from textrnn.options.tasks import CLASSIFIER, LANGUAGE_MODEL, arguments_for
from textrnn.text import CharacterTokenizer, WordTokenizer
from textrnn.training import LabelOfText

TEXTS = ["good light", "a bad, bad rope", "the lamp is good", "a bad loaf"]
LABELS = ["yes", "no", "yes", "no"]
SMALL = {"cell": "rnn", "units": 6, "embedding_dim": 5}
TRAINED = {"epochs": 1, "batch_size": 2, "verbose": False, "precision": "float32"}
IDS = np.array([[4, 9, 5, 7, 6, 8], [3, 8, 4, 0, 0, 0]], np.int32)
IDS_REVERSED = np.array([[8, 6, 7, 5, 9, 4], [4, 8, 3, 0, 0, 0]], np.int32)


def make_language_model(**options):
    return textrnn.LanguageModel(WordTokenizer().fit(TEXTS), end_of_text=True, **{**SMALL, **options})


def make_pair():
    """A model that reads each way, with the same weights."""
    tokenizer = CharacterTokenizer().fit(TEXTS)
    options = {**SMALL, "end_of_text": True}
    return [textrnn.LanguageModel(tokenizer, reverse=way, **options) for way in (False, True)]


@pytest.mark.parametrize("protocol", ["stateful", "blocks", "dynamic"])
def test_a_reverse_model_scores_a_text_as_a_forward_model_scores_it_reversed(protocol):
    forward, backward = make_pair()
    expected = forward.evaluate_text("a rope is good"[::-1], protocol)
    found = backward.evaluate_text("a rope is good", protocol)
    np.testing.assert_allclose(found.log_probabilities, expected.log_probabilities, atol=1e-6)


def test_a_reverse_model_learns_as_a_forward_model_of_reversed_texts():
    options = {"documents": "string", "sequence_length": 4, "validation_split": 0.0}
    tokenizer = CharacterTokenizer().fit(TEXTS)
    backward = textrnn.train_language_model(
        TEXTS, **arguments_for(LANGUAGE_MODEL, tokenizer=tokenizer, reverse=True, **options, **SMALL, **TRAINED)
    )
    mirrored = [text[::-1] for text in TEXTS]
    forward = textrnn.train_language_model(
        mirrored, **arguments_for(LANGUAGE_MODEL, tokenizer=tokenizer, **options, **SMALL, **TRAINED)
    )
    for a, b in zip(backward.get_weights(), forward.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_direction_is_saved_with_the_model(tmp_path):
    _, backward = make_pair()
    backward.save(tmp_path / "backward.keras")
    expected = backward.evaluate_text(TEXTS[0]).log_probabilities
    for load in (textrnn.load, runtime.load):
        model = load(tmp_path / "backward.keras")
        assert model.reverse
        np.testing.assert_allclose(model.evaluate_text(TEXTS[0]).log_probabilities, expected, atol=1e-5)


@pytest.mark.parametrize("use", ["read", "score", "generate", "compress"])
def test_generation_with_a_reverse_model_is_refused(use):
    _, backward = make_pair()
    for model in (backward, backward.to_numpy()):
        with pytest.raises(ValueError, match=r"this model reads texts from their end \(`reverse`\)"):
            getattr(model, use)("good")


def test_a_continuous_text_cannot_be_read_in_reverse():
    with pytest.raises(ValueError, match="`reverse` needs documents"):
        textrnn.LanguageModel(CharacterTokenizer().fit(TEXTS), reverse=True)
    with pytest.raises(ValueError, match="`reverse` needs documents"):
        textrnn.train_language_model(
            [" ".join(TEXTS)], **arguments_for(LANGUAGE_MODEL, reverse=True, **SMALL, **TRAINED)
        )


@pytest.mark.parametrize("cell", ["lstm", "gru", "min_gru"])
@pytest.mark.parametrize("pooling", ["concat", "attention"])
def test_a_reverse_encoder_reads_the_text_from_its_end(cell, pooling):
    sizes = {"cell": cell, "units": 6, "bidirectional": False, "pooling": pooling, "num_layers": 2}
    tokenizer = WordTokenizer().fit(TEXTS)
    forward, backward = (textrnn.TextClassifier(tokenizer, LABELS[:2], reverse=way, **sizes) for way in (False, True))
    np.testing.assert_allclose(backward(IDS), forward(IDS_REVERSED), atol=1e-6)


@pytest.mark.parametrize(
    ("reverse", "bidirectional", "message"),
    [
        ([True], False, "`reverse` must be one answer, or one an encoder, 2; received"),
        ([True, 1], False, r"`reverse\[1\]` must be True or False; received 1"),
        (True, True, "`reverse` must be False for encoders that are bidirectional; received True"),
    ],
)
def test_number_of_directions_must_fit_the_encoders(reverse, bidirectional, message):
    with pytest.raises((ValueError, TypeError), match=message):
        textrnn.TextClassifier(
            WordTokenizer().fit(TEXTS), ["a", "b"], ensemble_size=2, reverse=reverse, bidirectional=bidirectional
        )


def test_each_of_two_language_models_initializes_an_encoder(tmp_path):
    parents = [make_language_model(cell="lstm"), make_language_model(cell="lstm", reverse=True, seed=3)]
    parents[1].save(tmp_path / "backward.keras")
    classifier = make_classifier((TEXTS, LABELS), pretrained=[parents[0], tmp_path / "backward.keras"])
    assert classifier.ensemble_size == 2
    assert classifier.reverse == (False, True)
    for encoder, parent in zip(classifier.text_encoders, parents, strict=True):
        own, inherited = encoder.recurrent_layers[0].cell, parent.recurrent_layers[0].cell
        for a, b in zip(own.get_weights(), inherited.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    classifier.save(tmp_path / "classifier.keras")
    expected = classifier.probabilities([IDS[0], IDS[1, :3]])
    for load in (textrnn.load, runtime.load):
        found = load(tmp_path / "classifier.keras").probabilities([IDS[0], IDS[1, :3]])
        np.testing.assert_allclose(found, expected)
    explanation = classifier.explain(TEXTS[1])
    assert len(explanation.contributions) == len(explanation.pieces)
    with pytest.raises(ValueError, match="read from its beginning; this classifier reads it from its end, too"):
        classifier.stream()
    with pytest.raises(ValueError, match="`ensemble_size` must be that of `pretrained`, 2, or left out; received 3"):
        textrnn.train_classifier(
            (TEXTS, LABELS), **arguments_for(CLASSIFIER, pretrained=parents, ensemble_size=3, **TRAINED)
        )
    other = make_language_model(cell="lstm", units=5)
    with pytest.raises(
        ValueError, match=r"`pretrained` must be language models of the same `units`; received \[6, 5\]"
    ):
        textrnn.train_classifier(
            (TEXTS, LABELS), **arguments_for(CLASSIFIER, pretrained=[parents[0], other], **TRAINED)
        )


def make_encoder(reverse, ngram_buckets):
    options = {"units": 6, "bidirectional": False, "reverse": reverse, "ngrams": 3, "ngram_buckets": ngram_buckets}
    return textrnn.TextClassifier(WordTokenizer().fit(TEXTS), ["a", "b"], **options).text_encoders[0]


@pytest.mark.parametrize("reverse", [False, True])
def test_truncated_backpropagation_changes_no_answers(reverse):
    encoder, mask = make_encoder(reverse, ngram_buckets=1009), IDS != 0
    encoder.ngram_embedding.embeddings.assign(10 * encoder.ngram_embedding.embeddings)
    with tf.GradientTape() as tape:
        logits = encoder(IDS, mask=mask, bptt=2)
    np.testing.assert_allclose(logits, encoder(IDS, mask=mask), atol=1e-6)
    moved = tf.convert_to_tensor(tape.gradient(logits, encoder.embedding.embeddings.value)).numpy()
    texts = [ids[ids != 0] for ids in IDS]  # of different lengths, so one is padded
    reached = {token for ids in texts for token in (ids[:2] if reverse else ids[-2:]).tolist()}
    assert set(np.flatnonzero(np.abs(moved).sum(axis=1))) - {0} == reached


@pytest.mark.parametrize("reverse", [False, True])
def test_padding_does_not_change_truncated_gradients(reverse):
    encoder, found = make_encoder(reverse, ngram_buckets=11), []
    for padding in (0, 1, 5):
        ids = np.pad(IDS[1:, :3], [[0, 0], [0, padding]])
        with tf.GradientTape() as tape:
            logits = encoder(ids, mask=ids != 0, bptt=2)
        moved = tape.gradient(logits, encoder.trainable_variables)
        found.append([logits, *map(tf.convert_to_tensor, moved)])
    for one in found[1:]:
        for a, b in zip(one, found[0], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("bptt", [None, 4])
def test_the_auxiliary_loss_is_the_cross_entropy_of_the_next_tokens(reverse, bptt):
    parent = make_language_model(reverse=reverse, tie_embeddings=True)
    classifier = make_classifier((TEXTS, LABELS), pretrained=parent)
    (encoder,), mask = classifier.text_encoders, IDS != 0
    objective = LabelOfText(np.ones(2), bptt=bptt, lm_loss_weight=0.3, language_models=[parent])
    _, outputs = encoder.logits_and_outputs(IDS, mask=mask, bptt=bptt)
    found = objective._language_loss(parent, encoder, tf.constant(IDS), tf.constant(mask), outputs)
    for row, ids in enumerate([IDS[0], IDS[1, :3]]):
        shown = ids[::-1] if reverse else ids
        logits, _ = parent.step(shown[None], parent.initial_states(1))
        losses = [-tf.nn.log_softmax(logits[0, t])[shown[t + 1]] for t in range(len(shown) - 1)]
        losses = losses[max(0, len(ids) - bptt) :] if bptt else losses
        np.testing.assert_allclose(found[row], np.mean(losses) if losses else 0, rtol=1e-4)


def test_the_auxiliary_loss_changes_weights_but_not_the_reported_loss():
    parent = make_language_model()
    options = {**TRAINED, "learning_rate": 1e-3, "dropout": 0.0, "token_dropout": 0.0, "weight_drop": 0.0}
    plain, kept = (
        textrnn.train_classifier(
            (TEXTS, LABELS), **arguments_for(CLASSIFIER, pretrained=parent, lm_loss_weight=weight, **options)
        )
        for weight in (0.0, 1.0)
    )
    assert not np.allclose(plain.get_weights()[0], kept.get_weights()[0], atol=1e-6)
    with pytest.raises(ValueError, match=r"`lm_loss_weight` needs a `pretrained` language model; received 0\.5"):
        textrnn.train_classifier((TEXTS, LABELS), **arguments_for(CLASSIFIER, lm_loss_weight=0.5, **TRAINED))
    with pytest.raises(ValueError, match="`bptt` needs encoders that read one way"):
        textrnn.train_classifier((TEXTS, LABELS), **arguments_for(CLASSIFIER, bptt=4, **TRAINED))
