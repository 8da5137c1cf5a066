"""A classifier that starts from a language model."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from untrained import make_classifier

import textrnn
from textrnn.options.tasks import CLASSIFIER, LANGUAGE_MODEL, arguments_for
from textrnn.text import WordTokenizer
from textrnn.training.adamw import AdamW

TEXTS = ["the sea is good", "a slow clock is bad", "good light", "bad, bad rope", "the lamp is good", "a bad loaf"]
LABELS = ["yes", "no", "yes", "no", "yes", "no"]
SMALL = {"cell": "rnn", "units": 6, "embedding_dim": 5, "num_layers": 2}
TRAINED = {"epochs": 1, "batch_size": 6, "learning_rate": 1e-9, "verbose": False, "precision": "float32"}


def make_language_model(**options):
    return textrnn.LanguageModel(WordTokenizer().fit(TEXTS), **{**SMALL, "end_of_text": True, **options})


@pytest.mark.parametrize(
    ("cell", "from_file", "ensemble_size"),
    [("lstm", True, 2), ("min_gru", False, 1)],  # the second has no kernel to drop weights of
)
def test_warm_start_takes_the_tokenizer_the_embedding_and_the_layers(cell, from_file, ensemble_size, tmp_path):
    parent = make_language_model(cell=cell)
    parent.save(tmp_path / "parent.keras")
    given = tmp_path / "parent.keras" if from_file else parent
    classifier = make_classifier((TEXTS, LABELS), pretrained=given, ensemble_size=ensemble_size)
    assert classifier.tokenizer == parent.tokenizer
    assert not classifier.bidirectional
    for encoder in classifier.text_encoders:
        pairs = [(encoder.embedding, parent.embedding)]
        pairs += [(a.cell, b.cell) for a, b in zip(encoder.recurrent_layers, parent.recurrent_layers, strict=True)]
        for own, inherited in pairs:
            for a, b in zip(own.get_weights(), inherited.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("ngram_dim", [None, 3])
def test_ngrams_start_without_effect_and_learn(ngram_dim):
    options = {"ngram_buckets": 7, "ngram_dim": ngram_dim, "pretrained": make_language_model(num_layers=1)}
    before = make_classifier((TEXTS, LABELS), **options)
    after = textrnn.train_classifier(
        (TEXTS, LABELS), **arguments_for(CLASSIFIER, **{**TRAINED, "learning_rate": 1e-2, **options})
    )
    for model, least, most in ((before, 0.0, 0.0), (after, 1e-4, 1.0)):
        (encoder,) = model.text_encoders
        assert least <= np.abs(encoder.ngram_embedding(np.array([[3, 4, 5, 3]])).numpy()).max() <= most


@pytest.mark.parametrize(
    ("parent", "options", "message"),
    [
        ({"layer_norm": True}, {}, "`pretrained` must be a language model without `layer_norm`"),
        ({"labels": ["a", "b"]}, {}, "`pretrained` must be a language model without `labels`"),
        ({}, {"units": 9}, "`units` must be that of `pretrained`, 6, or left out; received 9"),
        ({}, {"tokenizer": "byte"}, "`tokenizer` must be that of `pretrained`, .*; received 'byte'"),
        ({}, {"layerwise_lr_decay": 1.5}, "`layerwise_lr_decay` must be .*; received 1.5"),
        ({}, {"gradual_unfreezing": -1}, "`gradual_unfreezing` must be .*; received -1"),
    ],
)
def test_incompatible_options_are_refused(parent, options, message):
    with pytest.raises(ValueError, match=message):
        textrnn.train_classifier(
            (TEXTS, LABELS),
            **arguments_for(CLASSIFIER, pretrained=make_language_model(**parent), **{**TRAINED, **options}),
        )


def test_a_classifier_is_no_language_model():
    classifier = textrnn.TextClassifier(WordTokenizer().fit(TEXTS), ["a", "b"], units=4)
    with pytest.raises(ValueError, match="`pretrained` must be a language model; received a TextClassifier"):
        textrnn.train_classifier((TEXTS, LABELS), **arguments_for(CLASSIFIER, pretrained=classifier, **TRAINED))


def test_gradual_unfreezing_keeps_a_frozen_layer_unchanged():
    parent, options = make_language_model(), {**TRAINED, "learning_rate": 1e-2, "gradual_unfreezing": 1.0}
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(stop.model, "stop_training", True))
    classifier = textrnn.train_classifier(
        (TEXTS, LABELS),
        **arguments_for(CLASSIFIER, pretrained=parent, **{**options, "epochs": 4, "callbacks": [stop]}),
    )
    (encoder,) = classifier.text_encoders
    for own, inherited in zip(encoder.recurrent_layers, parent.recurrent_layers, strict=True):
        np.testing.assert_array_equal(own.cell.get_weights()[0], inherited.cell.get_weights()[0])
    np.testing.assert_array_equal(encoder.embedding.get_weights()[0], parent.embedding.get_weights()[0])
    assert np.abs(encoder.head.bias.numpy()).max() > 0
    with pytest.raises(ValueError, match=r"within the 3 epochs; with 1\.0 the lowest would wait for 3"):
        textrnn.train_classifier(
            (TEXTS, LABELS), **arguments_for(CLASSIFIER, pretrained=parent, **{**options, "epochs": 3})
        )


@pytest.mark.parametrize("ensemble_size", [1, 2])
def test_depths_count_from_the_output(ensemble_size):
    classifier = textrnn.TextClassifier(
        WordTokenizer().fit(TEXTS), ["a", "b"], num_layers=2, units=4, ngram_buckets=5, ensemble_size=ensemble_size
    )
    depth_of = dict(zip(map(id, classifier.trainable_variables), classifier.depths(), strict=True))
    assert sorted(set(depth_of.values())) == [0, 1, 2, 3]
    for encoder in classifier.text_encoders:
        first, second = encoder.recurrent_layers
        embeddings = [encoder.embedding, encoder.ngram_embedding]
        for depth, layers in enumerate([[encoder.head], [second], [first], embeddings]):
            for layer in layers:
                assert {depth_of[id(variable)] for variable in layer.trainable_variables} == {depth}


def test_the_optimizer_scales_the_learning_rate_of_each_variable():
    plain = keras.optimizers.AdamW(0.1, weight_decay=0.2)
    paced = AdamW(0.1, weight_decay=0.2, rates=[1.0, 0.5], starts=[0, 2])
    of_plain, of_paced = ([keras.Variable([2.0, -3.0]) for _ in range(2)] for _ in range(2))
    plain.build(of_plain)
    paced.build(of_paced)
    for step in range(3):
        before = [variable.numpy() for variable in of_paced]
        gradients = [tf.constant([0.3 + step, -0.1])] * 2
        plain.apply(gradients, of_plain)
        paced.apply(gradients, of_paced)
        np.testing.assert_allclose(of_paced[0].numpy(), of_plain[0].numpy(), rtol=1e-5)
        assert np.array_equal(of_paced[1].numpy(), before[1]) == (step < 2)


def test_the_texts_of_a_table_are_documents(tmp_path):
    table = tmp_path / "reviews.csv"
    table.write_text("id,text,label\n" + "".join(f'{n},"{text}",x\n' for n, text in enumerate([*TEXTS, ""])))
    options = {**TRAINED, **SMALL, "num_layers": 1, "tokenizer": "word", "batch_size": 2, "validation_split": 0.0}
    options["sequence_length"] = 8
    lm = textrnn.train_language_model(table, **arguments_for(LANGUAGE_MODEL, documents="row", **options))
    same = textrnn.train_language_model(TEXTS, **arguments_for(LANGUAGE_MODEL, documents="string", **options))
    assert lm.end_of_text
    assert lm.tokenizer == same.tokenizer
    np.testing.assert_array_equal(lm.score("good").log_probabilities, same.score("good").log_probabilities)
    with pytest.raises(ValueError, match="`documents='row'` needs `source` to be the path of a table; received list"):
        textrnn.train_language_model(TEXTS, **arguments_for(LANGUAGE_MODEL, documents="row", **options))


def test_a_run_remembers_a_preset_by_its_name(tmp_path):
    options = {**TRAINED, "pretrained": "plays-en", "out": tmp_path / "run", "checkpoint_seconds": 0}
    first = textrnn.train_classifier((TEXTS, LABELS), **arguments_for(CLASSIFIER, **options))
    assert json.loads((tmp_path / "run/config.json").read_text())["settings"]["pretrained"] == ["plays-en"]
    again = textrnn.train_classifier((TEXTS, LABELS), **arguments_for(CLASSIFIER, resume=True, **options))
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
