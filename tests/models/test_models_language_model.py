"""The language model: reading, scoring, generation, and its use as an ordinary Keras model."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import textrnn
from textrnn.generation import Snapshot
from textrnn.text import BytePairTokenizer, ByteTokenizer, CharacterTokenizer, WordTokenizer

TEXT = "the sea is a slow clock.\nthe light turns.\n"
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def make(tokenizer=None, **options):
    fitted = tokenizer or CharacterTokenizer().fit(TEXT)
    return textrnn.LanguageModel(
        fitted, **{"cell": "rnn", "units": 8, "embedding_dim": 6, "num_layers": 2, **options}
    )


@pytest.fixture(scope="module")
def model():
    return make()


@pytest.fixture
def ids(model):
    return np.stack([model.tokenizer.encode(TEXT[n : n + 12]) for n in range(6)])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "min_gru"])
@pytest.mark.parametrize("tie", [False, True])
def test_saving_and_loading_changes_nothing(tmp_path, cell, tie):
    model = make(cell=cell, tie_embeddings=tie, embedding_dim=8, end_of_text=True, dropout=0.2)
    model.save(tmp_path / "model.keras")
    for loaded in (textrnn.load(tmp_path / "model.keras"), keras.saving.load_model(tmp_path / "model.keras")):
        assert loaded.get_config() == model.get_config()
        assert loaded.generate("the ", length=30, seed=3) == model.generate("the ", length=30, seed=3)
        np.testing.assert_array_equal(loaded.score(TEXT).log_probabilities, model.score(TEXT).log_probabilities)


def test_padding_changes_no_loss_and_no_gradient(model, ids):
    weights = [variable.value for variable in model.trainable_variables]

    def loss_and_gradients(inputs, targets):
        with tf.GradientTape() as tape:
            loss = LOSS(targets, model(inputs))
        return loss, [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, weights)]

    loss, gradients = loss_and_gradients(ids[:, :-1], ids[:, 1:])
    wide = np.pad(ids, [(0, 2), (0, 7)])  # seven columns and two rows of nothing
    padded_loss, padded = loss_and_gradients(np.pad(wide[:, :-8], [(0, 0), (0, 7)]), wide[:, 1:])
    assert float(padded_loss) == pytest.approx(float(loss), rel=1e-6)
    for a, b in zip(gradients, padded, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)


def test_model_is_an_ordinary_keras_model(ids, capsys):
    model = make()
    model.compile("adam", LOSS, metrics=["accuracy"])
    model.summary()
    assert "Total params" in capsys.readouterr().out
    first = model.fit(ids[:, :-1], ids[:, 1:], epochs=8, verbose=0).history["loss"]
    assert first[-1] < first[0]
    assert model.predict(ids, verbose=0).shape == (6, 12, model.tokenizer.vocabulary_size)
    padded = np.pad(ids, [(0, 0), (0, 9)])
    inputs = np.where(padded[:, 1:] == 0, 0, padded[:, :-1])
    np.testing.assert_allclose(
        model.evaluate(inputs, padded[:, 1:], verbose=0),
        model.evaluate(ids[:, :-1], ids[:, 1:], verbose=0),
        rtol=1e-5,
    )


def test_windows_with_the_state_carried_equal_the_whole_text(model, ids):
    whole = model(ids)
    states, parts = model.initial_states(6), []
    for window in (ids[:, :5], ids[:, 5:6], ids[:, 6:]):
        logits, states = model.forward(window, states)
        parts.append(logits)
    np.testing.assert_allclose(tf.concat(parts, 1), whole, atol=1e-6)


@pytest.mark.parametrize("cut", [0, 1, 20, len(TEXT)])
def test_reading_in_two_calls_equals_reading_at_once(model, cut):
    whole, state = model.score(TEXT).log_probabilities, model.read(TEXT[:cut])
    np.testing.assert_allclose(model.score(TEXT[cut:], state).log_probabilities, whole[cut:], atol=1e-6)
    assert model.generate(TEXT, length=20, seed=1) == TEXT + model.generate(state=model.read(TEXT), length=20, seed=1)


def test_scores_are_the_models_own_probabilities(model):
    ids = model.tokenizer.encode("\n" + TEXT)
    expected = tf.nn.log_softmax(model(ids[None, :-1])[0]).numpy()[np.arange(len(TEXT)), ids[1:]]
    score = model.score(TEXT)
    np.testing.assert_allclose(score.log_probabilities, expected, atol=1e-5)
    assert score.bits_per_character == pytest.approx(-expected.mean() / math.log(2), rel=1e-5)
    assert score.perplexity == pytest.approx(math.exp(-expected.mean()), rel=1e-5)
    assert model.evaluate_text(TEXT).bits_per_character == pytest.approx(score.bits_per_character)


def test_blocks_score_each_from_an_empty_state(model):
    text = TEXT * 8
    ids = model.tokenizer.encode(text)
    log_softmax = tf.nn.log_softmax(model(np.stack([ids[:256]])))[0].numpy()
    expected = log_softmax[np.arange(256), ids[1:257]]
    score = model.evaluate_text(text, "blocks")
    assert len(score.log_probabilities) == len(text) - 1
    np.testing.assert_allclose(score.log_probabilities[:256], expected, atol=1e-5)


def test_empty_prompts_and_short_texts(model):
    assert model.generate("the", length=0) == "the"
    assert model.generate(length=0) == ""
    assert len(model.generate(length=7, seed=0)) == 7
    assert math.isnan(model.score("").bits_per_character)
    assert len(model.score("t").log_probabilities) == 1
    assert "".join(model.stream("the", length=9, seed=2)) == model.generate("the", length=9, seed=2)
    assert (
        model.generate("the", length=9, seed=2, include_prompt=False) == model.generate("the", length=9, seed=2)[3:]
    )
    with pytest.warns(UserWarning, match=r"`prompt` holds '☃', 'Q', which the model never saw"):
        assert model.generate("☃ Q", length=3, seed=0).startswith("☃ Q")


def test_a_sample_does_not_depend_on_how_many_are_written(model):
    three = model.generate("the ", length=30, samples=3, seed=5)
    assert len(set(three)) == 3
    assert model.generate("the ", length=30, seed=5) == three[0]


def test_a_model_of_documents_stops_at_the_end():
    model = make(end_of_text=True)
    bias = np.zeros(model.tokenizer.vocabulary_size, "float32")
    bias[model.tokenizer.end_id] = 50
    model.head.bias.assign(bias)
    assert model.generate("the", seed=0) == "the"
    assert model.start_id == model.tokenizer.end_id
    model.end_of_text = False  # a model of one long text never writes the token
    assert len(model.generate(length=30, seed=0)) == 30


@pytest.mark.parametrize(
    "tokenizer",
    [ByteTokenizer(), BytePairTokenizer().fit("kůň pěl, kůň"), WordTokenizer().fit("Žluťoučký kůň, pěl!")],
)
def test_other_tokenizers_write_text_too(tokenizer):
    model = make(tokenizer)
    text = model.generate("kůň", length=40, seed=1)
    assert text.startswith("kůň")
    assert "".join(model.stream("kůň", length=40, seed=1)) == text
    assert model.score("kůň").bits_per_character > 0


def test_a_state_of_another_model_is_refused(model):
    state = make(units=9).read("the")
    with pytest.raises(ValueError, match=r"`state` must come from this model.*\(1, 8\).*received.*\(1, 9\)"):
        model.generate(state=state)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_ids_of_any_type_are_read(model, ids, dtype):
    np.testing.assert_array_equal(model(ids.astype(dtype)), model(ids))


@pytest.mark.parametrize("rows", [1, 6], ids=["fewer_ids_than_tokens", "more"])
def test_xla_compiles_the_model(model, ids, rows):
    compiled = tf.function(lambda ids: model(ids), jit_compile=True)
    np.testing.assert_allclose(compiled(tf.constant(ids[:rows])), model(ids[:rows]), rtol=1e-4, atol=1e-5)


def test_model_runs_in_mixed_precision(ids):
    half = make(dtype="mixed_bfloat16")
    full = make()
    half.set_weights(full.get_weights())
    assert half(ids).dtype == tf.float32
    np.testing.assert_allclose(half(ids), full(ids), atol=0.02)
    assert all(state.dtype == tf.float32 for state in half.forward(ids, half.initial_states(6))[1])
    half.generate("the", length=5)


@pytest.mark.parametrize("stop", [None, " a slow"])
def test_a_word_model_spaces_what_follows_the_prompt(stop):
    tokenizer = WordTokenizer().fit("the sea is a slow clock.")
    model = make(tokenizer)
    follows = {"is": "a", "a": "slow", "slow": "clock"}
    following = {int(tokenizer.encode(a)[0]): int(tokenizer.encode(b)[0]) for a, b in follows.items()}

    def step(ids, states):
        logits = np.zeros((*ids.shape, tokenizer.vocabulary_size), "float32")
        for row, column in np.ndindex(ids.shape):
            logits[row, column, following.get(int(ids[row, column]), 7)] = 50
        return logits, states

    model.snapshot = lambda: Snapshot(step)
    written = "" if stop else " a slow clock"
    assert model.generate("the sea is", length=3, temperature=0, stop=stop) == "the sea is" + written
    assert model.generate(state=model.read("the sea is"), length=3, temperature=0, stop=stop) == written


def test_model_can_be_part_of_a_functional_model(model, ids):
    inputs = keras.Input((None,), dtype="int32")
    np.testing.assert_allclose(keras.Model(inputs, model(inputs))(ids), model(ids), atol=1e-6)
