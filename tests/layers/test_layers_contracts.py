"""Promises of every layer to Keras, each one test over one table of layers."""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf
from references import B, D, H, StepOnlyCell, T, make_inputs, make_layer

from textrnn.layers import (
    AttentionPooling,
    Bidirectional,
    ConcatPooling,
    GRUCell,
    LockedDropout,
    LSTMCell,
    MinGRUCell,
    NgramEmbedding,
    Recurrent,
    RNNCell,
    engine,
)


@dataclass(frozen=True)
class Contract:
    """A layer and how it is called on a sequence `[B, T, D]`."""

    make: Callable
    apply: Callable = lambda layer, sequence: layer(sequence)


def running(cell, **options):
    return lambda dtype=None: Recurrent(cell(H, dtype=dtype), return_sequences=True, dtype=dtype, **options)


def bidirectional(dtype=None):
    forward = Recurrent(GRUCell(H, dtype=dtype), return_sequences=True, dtype=dtype)
    backward = Recurrent(RNNCell(H, activation="relu", dtype=dtype), True, reverse=True, dtype=dtype)
    return Bidirectional(forward, backward, dtype=dtype)


def in_keras_rnn(cell):
    return lambda dtype=None: keras.layers.RNN(cell(H, dtype=dtype), return_sequences=True, dtype=dtype)


CONTRACTS = {
    "rnn": Contract(running(RNNCell)),
    "lstm": Contract(running(LSTMCell)),
    "gru_reverse": Contract(running(GRUCell, reverse=True)),
    "min_gru": Contract(running(MinGRUCell)),
    "step_only": Contract(running(StepOnlyCell)),
    "step_only_regularized": Contract(running(StepOnlyCell, weight_drop=0.3, zoneout=0.2, seed=1)),
    "regularized": Contract(running(LSTMCell, weight_drop=0.3, zoneout=0.2, seed=1)),
    "last_output": Contract(lambda dtype=None: Recurrent(LSTMCell(H, dtype=dtype), dtype=dtype)),
    "bidirectional": Contract(bidirectional),
    "pooling": Contract(
        lambda dtype=None: ConcatPooling(dtype=dtype), lambda layer, sequence: layer(sequence, sequence[:, 0])
    ),
    "attention": Contract(
        lambda dtype=None: AttentionPooling(dtype=dtype, seed=1),
        lambda layer, sequence: layer(sequence, sequence[:, 0]),
    ),
    "keras_rnn": Contract(in_keras_rnn(RNNCell)),
    "keras_lstm": Contract(in_keras_rnn(LSTMCell)),
    "keras_gru": Contract(in_keras_rnn(GRUCell)),
    "keras_min_gru": Contract(in_keras_rnn(MinGRUCell)),
    "keras_step_only": Contract(in_keras_rnn(StepOnlyCell)),
}
every_layer = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)


def sequence_of(dtype="float32"):
    return np.random.default_rng(2).normal(size=(B, T, D)).astype(dtype)


def functional(contract, steps=None):
    inputs = keras.Input([steps, D])
    return keras.Model(inputs, contract.apply(contract.make(), inputs))


@every_layer
def test_config_makes_the_same_layer_again(contract):
    layer = contract.make()
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    contract.apply(layer, sequence_of())
    contract.apply(again, sequence_of())
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(contract.apply(again, sequence_of()), contract.apply(layer, sequence_of()))


@every_layer
def test_saved_model_gives_the_same_outputs(contract, tmp_path):
    model = functional(contract)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(sequence_of()), model(sequence_of()))


@every_layer
def test_precision_follows_the_policy(contract):
    exact = contract.make("float64")
    expected = contract.apply(exact, sequence_of("float64"))
    assert expected.dtype == tf.float64
    for policy, dtype, tolerance in [("float32", tf.float32, 1e-5), ("mixed_bfloat16", tf.bfloat16, 0.05)]:
        layer = contract.make(policy)
        contract.apply(layer, sequence_of())
        layer.set_weights(exact.get_weights())
        outputs = contract.apply(layer, sequence_of())
        assert outputs.dtype == dtype
        np.testing.assert_allclose(tf.cast(outputs, tf.float64), expected, rtol=0, atol=tolerance)


WITH_SHAPES = {
    "output": (lambda dtype: Recurrent(LSTMCell(H, dtype=dtype), dtype=dtype), [(B, T, D)]),
    "everything": (lambda dtype: Recurrent(LSTMCell(H, dtype=dtype), True, True, dtype=dtype), [(B, T, D)]),
    "foreign": (
        lambda dtype: Recurrent(keras.layers.GRUCell(H, dtype=dtype), True, True, dtype=dtype),
        [(B, T, D)],
    ),
    "bidirectional": (bidirectional, [(B, T, D)]),
    "both_states": (
        lambda dtype: Bidirectional(Recurrent(GRUCell(H, dtype=dtype), return_state=True, dtype=dtype), dtype=dtype),
        [(B, T, D)],
    ),
    "concat": (lambda dtype: ConcatPooling(dtype=dtype), [(B, T, H), (B, H)]),
    "attention": (lambda dtype: AttentionPooling(dtype=dtype), [(B, T, H), (B, H)]),
    "ngrams": (lambda dtype: NgramEmbedding(7, H, dtype=dtype), [(B, T)]),
    "dropout": (lambda dtype: LockedDropout(0.5, dtype=dtype), [(B, T, D)]),
    **{
        cell.__name__: (
            functools.partial(lambda cell, dtype: cell(H, dtype=dtype), cell),
            [(B, D), [(B, H)] * states],
        )
        for cell, states in [(RNNCell, 1), (LSTMCell, 2), (GRUCell, 1), (MinGRUCell, 1), (StepOnlyCell, 1)]
    },
}


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(("make", "shapes"), WITH_SHAPES.values(), ids=WITH_SHAPES)
def test_shapes_and_dtypes_are_known_without_a_call(make, shapes, policy):
    layer, shape_of = make(policy), functools.partial(keras.tree.map_structure, lambda part: tuple(part.shape))
    inputs = keras.tree.map_shape_structure(lambda shape: np.ones(shape, "float32"), shapes)
    outputs = layer(*inputs)
    assert keras.tree.map_shape_structure(tuple, layer.compute_output_shape(*shapes)) == shape_of(outputs)
    unknown = keras.tree.map_shape_structure(lambda s: keras.KerasTensor((None, *s[1:])), shapes)
    specs = layer(*unknown)
    assert shape_of(specs) == keras.tree.map_structure(lambda part: (None, *part.shape[1:]), outputs)
    dtypes = [keras.backend.standardize_dtype(part.dtype) for part in keras.tree.flatten(outputs)]
    assert [spec.dtype for spec in keras.tree.flatten(specs)] == dtypes


@pytest.mark.parametrize("steps", [None, T])
@pytest.mark.parametrize("name", ["lstm", "gru_reverse", "bidirectional"])
def test_time_distributed_runs_the_layer_at_every_step(name, steps):
    layer, inputs = CONTRACTS[name].make(), keras.Input([steps, steps, D])
    model = keras.Model(inputs, keras.layers.TimeDistributed(layer)(inputs))
    sequences = np.stack([sequence_of()] * T, axis=1) + np.arange(T, dtype="float32")[:, None, None]
    expected = np.stack([layer(sequences[:, t]) for t in range(T)], axis=1)
    assert model.output_shape == (None, steps, steps, *expected.shape[3:])
    np.testing.assert_allclose(model(sequences), expected, rtol=1e-5, atol=1e-6)


def test_wrappers_of_keras_run_cells():
    stack = keras.layers.StackedRNNCells([LSTMCell(H), GRUCell(3), RNNCell(2)])
    assert keras.layers.RNN(stack)(sequence_of()).shape == (B, 2)
    both = keras.layers.Bidirectional(keras.layers.RNN(LSTMCell(H), return_sequences=True))
    assert both(sequence_of()).shape == (B, T, 2 * H)


@every_layer
def test_a_frozen_layer_stays_frozen_until_it_is_freed(contract):
    if not is_ours(contract.make()):
        pytest.skip("keras.layers.RNN does not freeze its cell")
    layer = type(contract.make()).from_config({**contract.make().get_config(), "trainable": False})
    for frozen in (layer, type(layer).from_config(layer.get_config())):
        contract.apply(frozen, sequence_of())
        outer = keras.Sequential([frozen])
        assert not outer.trainable_weights
        frozen.trainable = True
        assert len(outer.trainable_weights) == len(frozen.weights)


@pytest.mark.parametrize(
    ("name", "training"),
    [
        *((name, True) for name in ("rnn", "lstm", "gru_reverse", "min_gru", "step_only", "bidirectional")),
        *((name, None) for name in ("lstm", "step_only")),  # the loop, and Keras's own, without saved tensors
        *(
            pytest.param(name, None, marks=pytest.mark.slow)
            for name in ("rnn", "gru_reverse", "min_gru", "bidirectional")
        ),
    ],
)
def test_batch_jacobian_is_the_gradient_of_each_output(name, training):
    layer, steps = CONTRACTS[name].make(), T if name == "lstm" else 3  # several steps an iteration, or one
    middle = steps // 2
    sequence = tf.constant(sequence_of()[:, :steps])
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 1, 1, 0]], bool)[:, :steps]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(sequence)
        outputs = layer(sequence, mask=mask, training=training)
        some = outputs[:, middle, 1]
    jacobian = tape.batch_jacobian(outputs, sequence)
    expected = tape.gradient(some, sequence)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(jacobian[:, middle, 1], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"reset_after": False}], ids=["reset_after", "reset_before"])
def test_jacobian_of_the_weights_of_a_gru_is_the_gradient_of_each_output(options):
    layer, sequence = Recurrent(GRUCell(H, **options), return_sequences=True), tf.constant(sequence_of()[:, :3])
    with tf.GradientTape(persistent=True) as tape:
        outputs = layer(sequence)
        some = outputs[1, 2, 1]
    jacobians = tape.jacobian(outputs, layer.trainable_weights)
    for jacobian, expected in zip(jacobians, tape.gradient(some, layer.trainable_weights), strict=True):
        np.testing.assert_allclose(jacobian[1, 2, 1], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cell", [LSTMCell, StepOnlyCell])
@pytest.mark.parametrize("steps", [67, None], ids=["known", "unknown"])
def test_xla_compiles_any_length(steps, cell):
    layer, sequence = Recurrent(cell(H)), np.random.default_rng(0).normal(size=(B, 67, D)).astype("float32")
    layer.build(sequence.shape)

    def outputs_and_gradient(sequence):
        with tf.GradientTape() as tape:
            tape.watch(sequence)
            outputs = layer(sequence, training=True)
        return outputs, tape.gradient(outputs, sequence)

    signature = [tf.TensorSpec([B, steps, D])]
    compiled = tf.function(outputs_and_gradient, input_signature=signature, jit_compile=True)(sequence)
    for got, expected in zip(compiled, outputs_and_gradient(tf.constant(sequence)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", [RNNCell, LSTMCell, GRUCell, MinGRUCell, StepOnlyCell])
def test_states_stay_float32_under_bfloat16(cell):
    layer = Recurrent(cell(H, dtype="mixed_bfloat16"), return_state=True, dtype="mixed_bfloat16")
    first, *states = layer(sequence_of())
    assert first.dtype == tf.bfloat16
    # A state that bfloat16 cannot hold comes through a masked sequence unrounded.
    given = [np.full((B, H), 1 / 3, "float32") for _ in states]
    _, *kept = layer(sequence_of(), initial_state=given, mask=np.zeros((B, T), bool))
    for state, before in zip(kept, given, strict=True):
        np.testing.assert_array_equal(state, before)
    with tf.GradientTape() as tape:
        loss = sum(tf.reduce_sum(tf.cast(part, tf.float32)) for part in layer(sequence_of()))
    gradients = tape.gradient(loss, [weight.value for weight in layer.trainable_weights])
    assert all(gradient.dtype == tf.float32 for gradient in gradients)


@every_layer
def test_tracing_and_compiling_change_nothing(contract):
    layer = contract.make()
    expected = contract.apply(layer, sequence_of())
    for jit_compile in (False, True):
        traced = tf.function(lambda sequence: contract.apply(layer, sequence), jit_compile=jit_compile)
        np.testing.assert_allclose(traced(tf.constant(sequence_of())), expected, rtol=1e-5, atol=1e-6)


@every_layer
def test_mask_of_an_embedding_goes_through_the_stack(contract):
    layer = contract.make()
    ids = keras.Input([None], dtype="int32")
    hidden = keras.layers.Embedding(7, D, mask_zero=True)(ids)
    hidden = Recurrent(GRUCell(D), return_sequences=True)(hidden)
    model = keras.Model(ids, [contract.apply(layer, hidden), Recurrent(RNNCell(H), reverse=True)(hidden)])
    for short, padded in [([[3, 5, 1]], [[3, 5, 1, 0, 0]]), ([[3, 5]], [[3, 5, 0], [1, 1, 1]])]:
        outputs, last = model(np.array(padded))
        expected, expected_last = model(np.array(short))
        if len(expected.shape) == 3:
            outputs = outputs[:, : len(short[0])]
        np.testing.assert_allclose(outputs[:1], expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(last[:1], expected_last, rtol=1e-5, atol=1e-6)


def test_mask_survives_an_initial_state_in_a_functional_model():
    ids = keras.Input([None], dtype="int32")
    embedded = keras.layers.Embedding(7, D, mask_zero=True)(ids)
    encoder, decoder = (Recurrent(LSTMCell(H), True, True) for _ in range(2))
    outputs, *states = encoder(embedded)
    outputs, *_ = decoder(outputs, initial_state=states)
    pooled = keras.layers.GlobalAveragePooling1D()(outputs)  # divides by the real steps, if the mask arrives
    model = keras.Model(ids, [outputs, pooled])
    outputs, pooled = model(np.array([[3, 5, 1, 0, 0], [0, 0, 0, 0, 2]]))
    expected, expected_pooled = model(np.array([[3, 5, 1]]))
    np.testing.assert_allclose(outputs[:1, :3], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(outputs[0, 3:], np.zeros((2, H)))
    np.testing.assert_allclose(pooled[:1], expected_pooled, rtol=1e-5, atol=1e-6)


@every_layer
def test_padding_does_not_change_loss_or_gradients(contract):
    layer = contract.make()
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0]], bool)
    clean = np.where(mask[..., None], sequence_of(), 0).astype("float32")
    wide_mask = np.pad(mask, [(0, 1), (0, 2)])
    dirty = np.full((B + 1, T + 2, D), np.nan if is_ours(layer) else 9, "float32")
    dirty[:B, :T][mask] = clean[mask]

    def loss_and_gradients(sequence, mask):
        sequence = tf.constant(sequence)
        with tf.GradientTape() as tape:
            tape.watch(sequence)
            outputs = call_with_mask(layer, sequence, mask)
            real = mask[..., None] if len(outputs.shape) == 3 else np.any(mask, axis=1)[:, None]
            loss = tf.reduce_sum(tf.where(real, outputs, 0) ** 2)
        gradients = tape.gradient(loss, [sequence, *[weight.value for weight in layer.trainable_weights]])
        return loss, gradients[0][:B, :T], *gradients[1:]

    for got, expected in zip(loss_and_gradients(dirty, wide_mask), loss_and_gradients(clean, mask), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def is_ours(layer):
    return not isinstance(layer, keras.layers.RNN)


def call_with_mask(layer, sequence, mask):
    if isinstance(layer, (AttentionPooling, ConcatPooling)):
        return layer(sequence, sequence[:, 0], mask=mask)
    return layer(sequence, mask=mask)


@every_layer
def test_fit_learns_from_numeric_series(contract):
    model = keras.Sequential([functional(contract, T), keras.layers.Flatten(), keras.layers.Dense(1)])
    series = np.tile(sequence_of(), (10, 1, 1))
    model.compile(keras.optimizers.Adam(0.05), "mse", jit_compile=False)
    losses = model.fit(series, series.sum(axis=(1, 2)), batch_size=B, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


def test_bidirectional_is_one_layer_each_way():
    layer, sequence = bidirectional(), sequence_of()
    mask = np.array([[1, 1, 1, 1, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], bool)
    outputs = layer(sequence, mask=mask)
    np.testing.assert_array_equal(outputs[..., :H], layer.forward(sequence, mask=mask))
    np.testing.assert_array_equal(outputs[..., H:], layer.backward(sequence, mask=mask))


def test_bidirectional_copies_its_layer_with_weights_of_its_own():
    layer = Bidirectional(Recurrent(LSTMCell(H), return_state=True))
    output, *states = layer(sequence_of())
    assert output.shape == (B, 2 * H)
    assert len(states) == 4
    assert layer.backward.reverse
    assert not np.array_equal(layer.forward.get_weights()[0], layer.backward.get_weights()[0])
    np.testing.assert_array_equal(output, tf.concat([states[0], states[2]], axis=1))


def test_pooling_counts_real_steps_only():
    outputs = np.array([[[1.0], [5.0], [9.0]], [[-1.0], [-3.0], [np.nan]], [[7.0], [7.0], [7.0]]], "float32")
    mask = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0]], bool)
    pooled = ConcatPooling()(outputs, np.array([[9.0], [-3.0], [0.0]], "float32"), mask=mask)
    np.testing.assert_allclose(pooled, [[9, 5, 9], [-3, -2, -1], [0, 0, 0]])


def test_attention_weighs_steps_by_their_scores():
    layer, outputs = AttentionPooling(seed=2), sequence_of()
    layer.build(outputs.shape)
    layer.query.assign(np.linspace(-2, 3, D))
    layer.bias.assign(np.linspace(0.5, -0.5, D))
    mask = np.array([[1, 1, 1, 1, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], bool)
    kernel, bias, query = layer.get_weights()
    pooled = layer(outputs, outputs[:, -1], mask=mask).numpy()
    for row, real in enumerate(mask):
        steps = np.asarray(outputs)[row][real]
        odds = np.exp(np.tanh(steps @ kernel + bias) @ query)
        expected = (odds[:, None] * steps).sum(axis=0) / odds.sum() if real.any() else np.zeros(D)
        np.testing.assert_allclose(pooled[row, D:], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [ConcatPooling, AttentionPooling])
def test_a_sequence_in_parts_pools_to_the_same(make):
    layer, outputs = make(), sequence_of()
    layer.build(outputs.shape)
    if isinstance(layer, AttentionPooling):
        layer.query.assign(np.linspace(-40, 60, D))
    mask = np.array([[1, 1, 1, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], bool)
    pooled = layer.start(B, D)
    for part in (slice(0, 2), slice(2, 3), slice(3, 5)):
        pooled = layer.add(pooled, outputs[:, part], mask[:, part])
    whole = layer(outputs, outputs[:, -1], mask=mask)
    np.testing.assert_allclose(layer.finish(pooled, outputs[:, -1]), whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_foreign_cell_runs_as_in_keras_and_the_log_says_so(reverse, caplog):
    ours = make_layer("lstm", reverse=reverse)
    cell = keras.layers.LSTMCell(H)
    engine.say_once.cache_clear()
    with caplog.at_level(logging.WARNING, "textrnn"):
        layer = Recurrent(cell, True, True, reverse)
        Recurrent(cell)
    assert caplog.text.count("Recurrent runs LSTMCell through keras.layers.RNN, which is slower") == 1
    sequence, initial = make_inputs(ours.cell)
    layer.build(sequence.shape)
    layer.set_weights(ours.get_weights())
    mask = np.array([[1, 0, 1, 1, 0], [0, 1, 0, 0, 1], [0, 0, 0, 0, 0]], bool)
    for some_mask in (None, mask):
        arguments = {"initial_state": initial, "mask": some_mask}
        got, expected = layer(sequence, **arguments), ours(sequence, **arguments)
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_stacked_foreign_cells_keep_all_their_states():
    def stack():
        return keras.layers.StackedRNNCells([keras.layers.LSTMCell(H), keras.layers.GRUCell(D)])

    ours, stock = Recurrent(stack(), True, True), keras.layers.RNN(stack(), return_sequences=True)
    outputs, *states = ours(sequence_of())
    stock.build((B, T, D))
    stock.set_weights(ours.get_weights())
    np.testing.assert_allclose(outputs, stock(sequence_of()), rtol=1e-5, atol=1e-6)
    assert [state.shape for state in states] == [(B, H), (B, H), (B, D)]
    first, *middle = ours(sequence_of()[:, :2])
    second, *_ = ours(sequence_of()[:, 2:], initial_state=middle)
    np.testing.assert_allclose(tf.concat([first, second], axis=1), outputs, rtol=1e-5, atol=1e-6)


def test_shapes_known_before_the_loop_are_known_after_it():
    layer = Recurrent(LSTMCell(H), return_sequences=True, return_state=True)
    layer.build((B, T, D))
    traced = tf.function(lambda sequence: layer(sequence)).get_concrete_function(tf.TensorSpec([B, T, D]))
    assert [tuple(part.shape) for part in traced.structured_outputs] == [(B, T, H), (B, H), (B, H)]


def zero_states(count, width=H):
    return [np.zeros((B, width), "float32") for _ in range(count)]


WRONG_USES = {
    "not_a_cell": (
        lambda: Recurrent(12),
        TypeError,
        r"`cell` must be a recurrent cell .* such as LSTMCell\(64\); received 12",
    ),
    "no_units": (lambda: LSTMCell(0), ValueError, "`units` must be a positive integer; received 0"),
    "half_a_unit": (lambda: GRUCell(2.5), TypeError, "`units` must be a positive integer; received 2.5"),
    "activation": (
        lambda: RNNCell(H, activation="gelu"),
        ValueError,
        '`activation` must be "tanh" or "relu"; received \'gelu\'',
    ),
    "flat_sequence": (
        lambda: Recurrent(RNNCell(H))(np.zeros((B, D), "float32")),
        ValueError,
        r"`sequence` must have shape \[B, T, D\]; received shape \(3, 2\)",
    ),
    "too_few_states": (
        lambda: Recurrent(LSTMCell(H))(sequence_of(), initial_state=zero_states(1)),
        ValueError,
        r"`initial_state` must hold 2 tensor\(s\) for LSTMCell; received 1",
    ),
    "too_many_states": (
        lambda: Recurrent(GRUCell(H))(sequence_of(), initial_state=zero_states(2)),
        ValueError,
        r"`initial_state` must hold 1 tensor\(s\) for GRUCell; received 2",
    ),
    "narrow_state": (
        lambda: Recurrent(RNNCell(H))(sequence_of(), initial_state=zero_states(1, 3)),
        ValueError,
        r"`initial_state` must have shape \[B, H\], \(3, 4\); received \(3, 3\)",
    ),
    "state_of_another_batch": (
        lambda: Recurrent(RNNCell(H))(sequence_of(), initial_state=np.zeros((7, 4), "float32")),
        ValueError,
        r"`initial_state` must have shape \[B, H\], \(3, 4\); received \(7, 4\)",
    ),
    "mask_of_another_length": (
        lambda: Recurrent(RNNCell(H))(sequence_of(), mask=np.ones((3, 9), bool)),
        ValueError,
        r"`mask` must have the shape \[B, T\] of `sequence`, \(3, 5\); received \(3, 9\)",
    ),
    "two_cells": (
        lambda: Bidirectional(LSTMCell(H)),
        TypeError,
        "`forward` must be a Recurrent layer; received <LSTMCell",
    ),
    "same_direction": (
        lambda: Bidirectional(Recurrent(RNNCell(H)), Recurrent(RNNCell(H))),
        ValueError,
        "`forward` and `backward` must agree .* and differ in `reverse`; received .*=False and .*=False",
    ),
    "keras_bidirectional": (
        lambda: keras.layers.Bidirectional(Recurrent(RNNCell(H))),
        ValueError,
        r"`go_backwards` must not be given.*use textrnn.layers.Bidirectional\(Recurrent",
    ),
    "keras_bidirectional_of_two": (
        lambda: keras.layers.Bidirectional(Recurrent(RNNCell(H)), backward_layer=Recurrent(RNNCell(H), reverse=True)),
        AttributeError,
        r"`go_backwards` must not be given.*use textrnn.layers.Bidirectional\(Recurrent",
    ),
    "keras_bidirectional_of_ours": (
        lambda: keras.layers.Bidirectional(Bidirectional(Recurrent(RNNCell(H)))),
        ValueError,
        "textrnn.layers.Bidirectional reads both ways already.*leave that wrapper out",
    ),
    "symbolic_states": (
        lambda: Recurrent(LSTMCell(H))(keras.Input([T, D]), initial_state=[keras.Input([H])]),
        ValueError,
        r"`initial_state` must hold 2 tensor\(s\) for LSTMCell; received 1",
    ),
    "unlike_returns": (
        lambda: Bidirectional(Recurrent(RNNCell(H)), Recurrent(RNNCell(H), True, reverse=True)),
        ValueError,
        "must agree in `return_sequences` and `return_state`",
    ),
}


@pytest.mark.parametrize(("use", "error", "message"), WRONG_USES.values(), ids=WRONG_USES)
def test_wrong_use_is_explained(use, error, message):
    with pytest.raises(error, match=message):
        use()
