"""Options of a language model: architecture, dropout, labels, dynamic evaluation, warm start."""

import numpy as np
import pytest
import tensorflow as tf
from untrained import make_language_model

import textrnn
from textrnn.models.dynamic_evaluation import score_dynamically
from textrnn.options.tasks import LANGUAGE_MODEL, arguments_for
from textrnn.text import CharacterTokenizer
from textrnn.training import NextToken

TEXT = "the sea is a slow clock.\nthe light turns.\n"
SIZES = {"cell": "rnn", "units": 8, "embedding_dim": 6, "num_layers": 2}
MADE_OF = {
    "layer_norm": {"cell": "lstm", "layer_norm": True},
    "residual": {"residual": True},
    "all": {"cell": "gru", "layer_norm": True, "residual": True, "tie_embeddings": True, "embedding_dim": 8},
    "tied_projected": {"tie_embeddings": True, "embedding_dim": 5, "num_sampled": 4},
}
DROPPED = {
    "input_dropout": 0.5,
    "dropout": 0.5,
    "output_dropout": 0.5,
    "embedding_dropout": 0.5,
    "weight_drop": 0.5,
}
made_of = pytest.mark.parametrize("options", MADE_OF.values(), ids=MADE_OF)


def make(**options):
    return textrnn.LanguageModel(CharacterTokenizer().fit(TEXT), **{**SIZES, **options})


def ids_of(model, rows=3, steps=9):
    return np.stack([model.tokenizer.encode(TEXT[n : n + steps]) for n in range(rows)])


@made_of
def test_saving_and_loading_changes_nothing(options, tmp_path):
    model = make(**options, weight_drop=0.2, zoneout=0.1, input_dropout=0.1)
    model.save(tmp_path / "model.keras")
    loaded = textrnn.load(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(loaded.score(TEXT).log_probabilities, model.score(TEXT).log_probabilities)


@made_of
def test_a_text_cut_in_two_is_the_whole_text(options):
    model = make(**options, zoneout=0.2)
    ids = ids_of(model)
    whole, states = model.forward(ids, model.initial_states(3))
    first, between = model.forward(ids[:, :4], model.initial_states(3))
    second, after = model.forward(ids[:, 4:], between)
    np.testing.assert_allclose(tf.concat([first, second], axis=1), whole, atol=1e-6)
    for a, b in zip(after, states, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@made_of
def test_padding_changes_nothing(options):
    model = make(**options)
    ids = ids_of(model)
    padded = model(np.pad(ids, [(0, 1), (0, 4)]))
    np.testing.assert_allclose(padded[:3, :9], model(ids), atol=1e-6)


@pytest.mark.parametrize("name", DROPPED)
def test_dropout_does_nothing_at_inference(name):
    plain, regular = make(dropout=0.0), make(**{"dropout": 0.0, name: DROPPED[name]})
    regular.set_weights(plain.get_weights())
    ids = ids_of(plain)
    np.testing.assert_array_equal(regular(ids), plain(ids))
    assert not np.allclose(regular(ids, training=True), plain(ids))
    assert not np.array_equal(regular(ids, training=True), regular(ids, training=True))


def test_dropout_is_locked_in_time():
    model = make(dropout=0.5)
    dropped = model.dropout_layers[1](tf.ones([4, 7, 64]), training=True).numpy()
    assert 0.3 < np.mean(dropped == 0) < 0.7
    np.testing.assert_array_equal(dropped, np.repeat(dropped[:, :1], 7, axis=1))
    assert not np.array_equal(dropped[0], dropped[1])


def test_embedding_dropout_drops_a_token_at_all_its_places():
    model = make(embedding_dropout=0.5)
    rows = model.token_dropout(tf.ones([40, 6]), training=True).numpy()
    assert set(np.unique(rows)) == {0, 2}
    np.testing.assert_array_equal(rows, np.repeat(rows[:, :1], 6, axis=1))


def test_residual_layers_add_to_their_inputs():
    model, plain = make(residual=True), make()
    model.set_weights(plain.get_weights())
    ids = ids_of(model)
    (first, second), _ = model.hidden(ids, model.initial_states(3))
    (first_plain, second_plain), _ = plain.hidden(ids, plain.initial_states(3))
    np.testing.assert_allclose(first, first_plain)
    np.testing.assert_allclose(second, first_plain + second_plain, atol=1e-6)


@pytest.mark.parametrize("has_padding", [False, True])
def test_activation_regularization_changes_weights_but_not_the_reported_loss(has_padding):
    model = make()
    ids = ids_of(model)
    inputs = np.pad(ids[:, :-1], [(0, 0), (0, 3)]) if has_padding else ids[:, :-1]
    targets = np.pad(ids[:, 1:], [(0, 0), (0, 3)]) if has_padding else ids[:, 1:]

    def loss_and_gradient(**penalties):
        objective = NextToken(**penalties)
        with tf.GradientTape() as tape:
            states = model.initial_states(3)
            loss, *_ = objective(model, inputs, targets, states, has_padding=has_padding, training=True)
        return loss, tape.gradient(loss, model.recurrent_layers[1].cell.recurrent_kernel.value)

    def penalty():
        hidden = model.hidden(ids[:, :-1], model.initial_states(3))[0][-1]
        change = hidden[:, 1:] - hidden[:, :-1]
        return 2.0 * tf.reduce_sum(tf.reduce_mean(hidden**2, -1)) + tf.reduce_sum(tf.reduce_mean(change**2, -1))

    plain, gradient = loss_and_gradient()
    penalized, with_penalty = loss_and_gradient(activation_regularization=2.0, temporal_activation_regularization=1.0)
    with tf.GradientTape() as tape:
        expected = penalty()
    expected = tape.gradient(expected, model.recurrent_layers[1].cell.recurrent_kernel.value)
    assert float(penalized) == pytest.approx(float(plain), rel=1e-6)
    np.testing.assert_allclose(with_penalty - gradient, expected, atol=1e-5)


@pytest.fixture(scope="module")
def moody():
    model = make(cell="rnn", labels=["bad", "good"])
    model.label_embedding.embeddings.assign(np.random.default_rng(0).normal(size=(2, 6)))
    return model


def test_a_label_is_part_of_the_state_from_beginning_to_end(moody):
    good, bad = (moody.score(TEXT, condition=label).log_probabilities for label in ("good", "bad"))
    assert not np.allclose(good[-5:], bad[-5:])
    state = moody.read(TEXT[:20], condition="good")
    rest = moody.score(TEXT[20:], state).log_probabilities
    np.testing.assert_allclose(rest, good[20:], atol=1e-6)
    assert moody.generate(length=20, seed=1, condition="good") != moody.generate(length=20, seed=1, condition="bad")
    started = moody.read("the ", condition="bad")
    assert moody.generate("sea", state=started, length=9, seed=1) == "sea" + moody.generate(
        "the sea", condition="bad", length=9, seed=1, include_prompt=False
    )
    for protocol in ("stateful", "blocks", "dynamic"):
        assert moody.evaluate_text(TEXT, protocol, condition="good").bits_per_character > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.score(TEXT), "`condition` must be one of 'bad', 'good'; received None"),
        (lambda model: model.generate(condition="fair"), "`condition` must be one of 'bad', 'good'; received 'fair'"),
        (
            lambda model: model.generate(state=model.read("a", condition="bad"), condition="bad"),
            "`condition` must be left out with a `state`, which has one; received 'bad'",
        ),
    ],
)
def test_a_missing_or_unknown_label_is_refused(moody, call, message):
    with pytest.raises(ValueError, match=message):
        call(moody)


def test_ids_alone_do_not_say_which_label(moody):
    with pytest.raises(ValueError, match="a model with `labels` needs the label of each row"):
        moody(ids_of(moody))


def test_a_model_without_labels_says_so():
    with pytest.raises(ValueError, match="`condition` must be None: this model has no labels; received 'good'"):
        make().generate(condition="good")


def test_labels_are_learned(tmp_path):
    rows = ["text,label", *["the sea is calm,good", "a storm broke it,bad"] * 16]
    (tmp_path / "moods.csv").write_text("\n".join(rows))
    model = textrnn.train_language_model(
        tmp_path / "moods.csv",
        **arguments_for(
            LANGUAGE_MODEL,
            condition_column="label",
            epochs=20,
            learning_rate=0.03,
            batch_size=4,
            validation_split=0.0,
            verbose=False,
            **{**SIZES, "num_layers": 1},
        ),
    )
    assert model.labels == ("bad", "good")
    loss = {(text, label): -model.score(text, condition=label).log_probabilities.sum()
            for text in ("the sea is calm", "a storm broke it") for label in model.labels}  # fmt: skip
    assert loss["the sea is calm", "good"] < loss["the sea is calm", "bad"]
    assert loss["a storm broke it", "bad"] < loss["a storm broke it", "good"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
def test_dynamic_evaluation_at_rate_zero_equals_the_stateful_protocol(dtype):
    model = make(cell="rnn", dtype=dtype)
    ids = model.tokenizer.encode(TEXT * 3)
    still = score_dynamically(model, ids, model.initial_states(1), model.start_id, learning_rate=0.0, decay=0.0)
    atol = 0.05 if dtype == "mixed_bfloat16" else 1e-5
    np.testing.assert_allclose(still, model.evaluate_text(TEXT * 3).log_probabilities, atol=atol)


def test_dynamic_evaluation_adapts_to_the_text_and_restores_the_weights():
    model = make(weight_drop=0.5, dropout=0.5)
    before = model.get_weights()
    text = "a clock a clock " * 60
    dynamic, stateful = (model.evaluate_text(text, protocol) for protocol in ("dynamic", "stateful"))
    np.testing.assert_allclose(dynamic.log_probabilities[:32], stateful.log_probabilities[:32], atol=1e-5)
    assert dynamic.log_probabilities[-200:].mean() > stateful.log_probabilities[-200:].mean() + 0.01
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_warm_start_keeps_the_predictions_of_the_parent():
    parent = make()
    parent.head.bias.assign(np.arange(parent.tokenizer.vocabulary_size) / 10)
    new = "the sæa is ä slow clock.\n" * 20
    with pytest.warns(UserWarning, match="2 tokens are new to the model and start as the mean .*: 'ä', 'æ'"):
        child = make_language_model([new], init_from=parent)
    assert (child.units, child.num_layers, child.embedding_dim) == (8, 2, 6)
    size = parent.tokenizer.vocabulary_size
    np.testing.assert_array_equal(child.tokenizer.encode(TEXT), parent.tokenizer.encode(TEXT))
    ids = ids_of(parent)
    np.testing.assert_allclose(child(ids)[..., :size], parent(ids), atol=1e-4)
    embeddings = child.embedding.embeddings.numpy()
    np.testing.assert_allclose(
        embeddings[size:], np.repeat(embeddings[:size].mean(0, keepdims=True), 2, 0), atol=1e-6
    )
    assert child.head.bias.numpy()[-1] == pytest.approx(np.arange(size).mean() / 10, abs=1e-6)


def test_warm_start_from_a_byte_pair_model_keeps_its_tokenizer():
    parent = make_language_model([TEXT * 9], tokenizer="byte_pair", units=8, zoneout=0.1)
    assert len(parent.tokenizer.encode(TEXT)) < len(TEXT) / 3
    child = make_language_model(["Ž kůň! " * 90], init_from=parent)
    assert child.zoneout == parent.zoneout == 0.1
    assert child.tokenizer == parent.tokenizer
    assert child.generate("kůň", length=9, seed=1).startswith("kůň")
    assert child.decompress(child.compress(TEXT + "kůň")) == TEXT + "kůň"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 9}, "`units` must be that of `init_from`, 8, or left out; received 9"),
        ({"cell": "gru"}, "`cell` must be that of `init_from`, 'rnn', or left out; received 'gru'"),
        ({"tokenizer": CharacterTokenizer("NFC")}, "`tokenizer` must be left out where `init_from` brings one"),
        ({"tokenizer": "byte"}, "`tokenizer` must be left out where `init_from` brings one, .*; received 'byte'"),
    ],
)
def test_options_that_do_not_fit_the_parent_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        textrnn.train_language_model(
            [TEXT * 9], **arguments_for(LANGUAGE_MODEL, init_from=make(), epochs=1, verbose=False, **options)
        )


def test_labels_and_new_tokens_are_inherited_by_name(moody, tmp_path):
    rows = ["text,label", *["the sea,good", "a clock,odd"] * 9]
    (tmp_path / "moods.csv").write_text("\n".join(rows))
    with pytest.warns(UserWarning, match="1 labels of the model .* do not occur here and are given up: 'bad'"):
        child = make_language_model(tmp_path / "moods.csv", init_from=moody, condition_column="label")
    assert child.labels == ("good", "odd")
    np.testing.assert_allclose(child.label_embedding.embeddings[0], moody.label_embedding.embeddings[1], atol=1e-6)
    np.testing.assert_allclose(child.label_embedding.embeddings[1], 0, atol=1e-6)


def test_a_model_with_bfloat16_products_is_loaded_with_float32_ones(tmp_path):
    model = make(dtype="mixed_bfloat16", weight_drop=0.2, dropout=0.2)
    model.save(tmp_path / "model.keras")
    loaded = textrnn.load(tmp_path / "model.keras")
    assert loaded.dtype_policy.name == "float32"
    assert loaded.recurrent_layers[0].cell.compute_dtype == "float32"
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(loaded(ids_of(model)), model(ids_of(model)), atol=0.05)
