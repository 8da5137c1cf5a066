"""The recurrence equals its equations: outputs, states and gradients."""

import functools
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from references import (
    CELLS,
    MASKS,
    B,
    D,
    H,
    T,
    gradients_of,
    make_inputs,
    make_layer,
    run_reference,
    weighted_sum,
    weights_of,
)

from textrnn.layers import Recurrent, recurrence

every_cell = pytest.mark.parametrize("name", CELLS)
every_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def assert_close(got, expected, tolerance):
    got, expected = (list(map(np.asarray, group)) for group in (got, expected))
    for one, other in zip(got, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def run(layer, sequence, initial, mask=None):
    outputs, *states = layer(sequence, initial_state=list(initial), mask=mask)
    return outputs, states


def flat(outputs, states):
    return [outputs, *states]


@every_cell
@every_mask
@both_directions
@pytest.mark.parametrize("use_bias", [True, False], ids=["bias", "no_bias"])
def test_layer_equals_the_slow_loop(name, mask, reverse, use_bias):
    layer = make_layer(name, "float64", reverse, use_bias=use_bias)
    weights = weights_of(layer.cell)
    assert ("bias" in weights) == use_bias
    sequence, initial = make_inputs(layer.cell, "float64")
    expected = run_reference(layer.cell, weights, sequence, initial, mask, reverse)
    assert_close(flat(*run(layer, sequence, initial, mask)), flat(*expected), 1e-12)


@every_cell
@both_directions
def test_one_trace_serves_every_batch_size_and_length(name, reverse):
    layer = make_layer(name, reverse=reverse)
    shapes = [tf.TensorSpec([None, None, D]), *[tf.TensorSpec([None, H])] * layer.cell.number_of_states]

    @tf.function(input_signature=[*shapes, tf.TensorSpec([None, None], tf.bool)])
    def traced(sequence, *rest):
        return run(layer, sequence, rest[:-1], rest[-1])

    for rows, steps in [(B, T), (1, 1), (5, 8)]:
        sequence, initial = make_inputs(layer.cell, rows=rows, steps=steps)
        mask = np.random.default_rng(rows).random((rows, steps)) < 0.7
        expected = run_reference(layer.cell, weights_of(layer.cell), sequence, initial, mask, reverse)
        assert_close(flat(*traced(sequence, *initial, mask)), flat(*expected), 1e-5)
    assert traced.experimental_get_tracing_count() == 1


@every_cell
@both_directions
@pytest.mark.parametrize("mask", [None, MASKS["hole"], MASKS["empty_row"]], ids=["none", "hole", "empty_row"])
def test_gradients_equal_central_differences(name, mask, reverse):
    layer = make_layer(name, "float64", reverse)
    sequence, initial = make_inputs(layer.cell, "float64")
    weights = weights_of(layer.cell)
    gradients = gradients_of(lambda x, h: run(layer, x, h, mask), layer, sequence, initial)

    def loss():
        return float(weighted_sum(*run_reference(layer.cell, weights, sequence, initial, mask, reverse)))

    inputs = [sequence, *initial, *(weights[weight.name] for weight in layer.trainable_weights)]
    for gradient, array in zip(gradients, inputs, strict=True):
        np.testing.assert_allclose(gradient, central_differences(loss, array), rtol=1e-6, atol=1e-7)


def central_differences(loss, array, step=1e-5):
    """The derivative of `loss()` to each number of `array`, which is moved in place and put back."""
    result = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + step
        above = loss()
        array[index] = value - step
        result[index] = (above - loss()) / (2 * step)
        array[index] = value
    return result


@every_cell
@both_directions
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
def test_gradients_equal_automatic_differentiation_of_a_plain_loop(name, reverse, dtype, tolerance):
    layer, mask = make_layer(name, dtype, reverse), MASKS["hole"]

    def plain_loop(sequence, states):
        outputs = [None] * T
        for t in reversed(range(T)) if reverse else range(T):
            real = mask[:, t, None]
            _, stepped = layer.cell(sequence[:, t], states)
            states = [tf.where(real, new, old) for new, old in zip(stepped, states, strict=True)]
            outputs[t] = tf.where(real, states[0], 0)
        return tf.stack(outputs, axis=1), states

    sequence, initial = make_inputs(layer.cell, dtype)
    got = gradients_of(lambda x, h: run(layer, x, h, mask), layer, sequence, initial)
    assert_close(got, gradients_of(plain_loop, layer, sequence, initial), tolerance)


KERAS_LAYERS = {
    "rnn_tanh": lambda **options: keras.layers.SimpleRNN(H, **options),
    "rnn_relu": lambda **options: keras.layers.SimpleRNN(H, activation="relu", **options),
    "lstm": lambda **options: keras.layers.LSTM(H, **options),
    "gru": lambda **options: keras.layers.GRU(H, **options),
    "gru_reset_before": lambda **options: keras.layers.GRU(H, reset_after=False, **options),
}


@pytest.mark.parametrize("name", KERAS_LAYERS)
@both_directions
@pytest.mark.parametrize("mask", [None, MASKS["mix"], MASKS["hole"]], ids=["none", "mix", "hole"])
def test_layer_equals_keras_with_the_same_weights(name, mask, reverse):
    layer = make_layer(name, reverse=reverse)
    options = {"return_sequences": True, "return_state": True, "zero_output_for_mask": True}
    stock = KERAS_LAYERS[name](go_backwards=reverse, **options)
    stock.build((B, T, D))
    stock.set_weights(layer.get_weights())

    def run_stock(sequence, initial):
        outputs, *states = stock(sequence, initial_state=list(initial), mask=mask)
        return tf.reverse(outputs, [1]) if reverse else outputs, states

    sequence, initial = make_inputs(layer.cell)
    assert_close(flat(*run(layer, sequence, initial, mask)), flat(*run_stock(sequence, initial)), 1e-5)
    got = gradients_of(lambda x, h: run(layer, x, h, mask), layer, sequence, initial)
    assert_close(got, gradients_of(run_stock, stock, sequence, initial), 1e-5)


@every_cell
@both_directions
def test_padding_changes_no_output_state_or_gradient(name, reverse):
    layer, lengths = make_layer(name, reverse=reverse), [5, 3, 1]
    sequence, initial = make_inputs(layer.cell)
    mask = MASKS["mix"]
    got = gradients_of(lambda x, h: run(layer, x, h, mask), layer, sequence, initial)

    # Three more columns and two more rows, all of them filled with values that must not leak.
    wide = np.full((B + 2, T + 3, D), np.nan, "float32")
    wide[:B, :T] = np.where(mask[..., None], sequence, np.nan)
    wide_mask = np.pad(mask, [(0, 2), (0, 3)])
    wide_initial = [np.pad(state, [(0, 2), (0, 0)], constant_values=9) for state in initial]

    def run_wide(x, h):
        outputs, states = run(layer, x, h, wide_mask)
        assert not np.any(np.asarray(outputs)[~wide_mask])
        return outputs[:B, :T], [state[:B] for state in states]

    padded = gradients_of(run_wide, layer, wide, wide_initial)
    narrow = [padded[0][:B, :T], *(state[:B] for state in padded[1 : 1 + len(initial)])]
    assert_close([*narrow, *padded[1 + len(initial) :]], got, 1e-5)
    assert not np.any(padded[0][~wide_mask])

    for row, length in enumerate(lengths):
        alone = run(layer, sequence[row : row + 1, :length], [state[row : row + 1] for state in initial])
        outputs, states = run(layer, wide, wide_initial, wide_mask)
        assert_close([outputs[row, :length]], [alone[0][0]], 1e-6)
        assert_close([state[row] for state in states], [state[0] for state in alone[1]], 1e-6)


@every_cell
def test_step_by_step_equals_the_whole_sequence(name):
    layer = make_layer(name)
    sequence, initial = make_inputs(layer.cell)
    outputs, states = run(layer, sequence, initial)
    stepped = [tf.constant(state) for state in initial]
    for t in range(T):
        output, stepped = layer.cell(sequence[:, t], stepped)
        assert_close([output], [outputs[:, t]], 1e-6)
    assert_close(stepped, states, 1e-6)


@every_cell
@both_directions
@pytest.mark.parametrize("cut", [1, 3])
def test_cutting_a_sequence_in_two_changes_nothing(name, reverse, cut):
    layer, mask = make_layer(name, reverse=reverse), MASKS["hole"]
    sequence, initial = make_inputs(layer.cell)

    def run_in_two(x, states):
        parts = [slice(None, cut), slice(cut, None)]
        pieces = {}
        for part in reversed(parts) if reverse else parts:
            pieces[part.start], states = run(layer, x[:, part], states, mask[:, part])
        return tf.concat([pieces[part.start] for part in parts], axis=1), states

    assert_close(flat(*run_in_two(sequence, initial)), flat(*run(layer, sequence, initial, mask)), 1e-6)
    got = gradients_of(run_in_two, layer, sequence, initial)
    assert_close(got, gradients_of(lambda x, h: run(layer, x, h, mask), layer, sequence, initial), 1e-5)


@every_cell
@both_directions
def test_last_output_is_the_last_real_one(name, reverse):
    layer = make_layer(name, reverse=reverse)
    sequence, initial = make_inputs(layer.cell)
    mask = MASKS["empty_row"]
    _, (h, *_) = run(layer, sequence, initial, mask)
    layer.return_sequences = layer.return_state = False
    last = layer(sequence, initial_state=initial, mask=mask)
    np.testing.assert_array_equal(last, h)
    np.testing.assert_array_equal(last[1], initial[0][1])  # nothing was read in the empty row


@pytest.mark.parametrize("name", ["lstm", "gru", "min_gru", "step_only"])
@pytest.mark.parametrize("is_masked", [False, True], ids=["no_mask", "mask"])
@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        *itertools.product(["unknown_length", "eager"], [3, 8, 13]),
        ("known_length", 8),
        ("known_length", 13),
        pytest.param("known_length", 3, marks=pytest.mark.slow),
    ],
)
def test_chunks_of_time_change_nothing(name, is_masked, kind, steps, monkeypatch):
    layer, gradients = make_gradients(name, is_masked)
    sequence, initial = make_inputs(layer.cell, "float64", steps=steps)
    inputs = [tf.constant(sequence), list(map(tf.constant, initial))]
    if is_masked:
        inputs.append(tf.constant(np.random.default_rng(5).random((B, steps)) < 0.6))
    expected = gradients(*inputs)
    monkeypatch.setattr(recurrence, "MAX_CHUNK_STEPS", 4)
    if kind != "eager":
        gradients = trace_gradients(name, is_masked, steps if kind == "known_length" else None)
    assert_close(gradients(*inputs), expected, 1e-10)


@functools.cache
def make_gradients(name, is_masked):
    """A layer, which reads masked sequences from their end, and the function of its gradients."""
    layer = make_layer(name, "float64", reverse=is_masked)

    def gradients(sequence, initial, mask=None):
        def run_to_known_shapes(x, h):
            outputs, states = run(layer, x, h, mask)
            measures = tf.cos(tf.cast(tf.range(tf.shape(x)[1]), tf.float64))  # a step's own one
            weighed = tf.einsum("bth,t->bh", outputs, measures)
            return tf.ensure_shape(weighed, [B, H]), [tf.ensure_shape(state, [B, H]) for state in states]

        return gradients_of(run_to_known_shapes, layer, sequence, initial)

    return layer, gradients


@functools.cache
def trace_gradients(name, is_masked, length):
    """These gradients traced for sequences of `length`, or of any length."""
    layer, gradients = make_gradients(name, is_masked)
    states = [tf.TensorSpec([None, H], tf.float64)] * layer.cell.number_of_states
    mask = [tf.TensorSpec([None, length], tf.bool)] * is_masked
    return tf.function(gradients, [tf.TensorSpec([None, length, D], tf.float64), states, *mask])


@every_cell
def test_gradients_of_bfloat16_products_are_those_of_float32_nearly(name):
    full = make_layer(name)
    half = Recurrent(CELLS[name](dtype="mixed_bfloat16"), True, True, dtype="mixed_bfloat16")
    half.build((None, None, D))
    half.set_weights(full.get_weights())
    sequence, initial = make_inputs(full.cell)
    results = [gradients_of(lambda x, h, of=of: run(of, x, h), of, sequence, initial) for of in (half, full)]
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, atol=0.03 * np.abs(expected).max())


@every_cell
def test_inference_saves_nothing_but_has_its_gradients(name):
    layer, mask = make_layer(name, "float64"), MASKS["hole"]
    sequence, initial = make_inputs(layer.cell, "float64")

    def infer(x, h):
        outputs, *states = layer(x, initial_state=list(h), mask=mask, training=False)
        return outputs, states

    got = gradients_of(infer, layer, sequence, initial)
    assert_close(got, gradients_of(lambda x, h: run(layer, x, h, mask), layer, sequence, initial), 1e-12)
    traced = tf.function(lambda x, h: layer(x, initial_state=list(h), training=False)[0])
    traced = traced.get_concrete_function(sequence, initial)
    nodes = [node for function in traced.graph.as_graph_def().library.function for node in function.node_def]
    steps = recurrence.UNROLLED + 1  # in the bodies of the two loops
    assert sum(node.op == "TensorListSetItem" for node in nodes) == steps  # each writes one output, nothing beside it


@every_cell
def test_inputs_of_steps_are_not_copied_into_lists(name):
    layer = make_layer(name, "float64")
    sequence, initial = make_inputs(layer.cell, "float64")
    traced = tf.function(lambda x, h: gradients_of(lambda x, h: run(layer, x, h), layer, x, h))
    graph = traced.get_concrete_function(sequence, initial).graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    assert "While" in "".join(node.op for node in nodes)
    assert not [node.name for node in nodes if node.op == "TensorListFromTensor"]


@every_cell
@pytest.mark.parametrize("steps", [pytest.param(3, marks=pytest.mark.slow), 12], ids=["one_chunk", "chunks"])
def test_xla_compiles_forward_and_backward(name, steps, monkeypatch):
    monkeypatch.setattr(recurrence, "MAX_CHUNK_STEPS", 4)
    layer, mask = make_layer(name), np.random.default_rng(2).random((B, steps)) < 0.6
    sequence, initial = make_inputs(layer.cell, steps=steps)

    @tf.function(jit_compile=True)
    def compiled(x, *h):
        with tf.GradientTape() as tape:
            tape.watch([x, *h])
            outputs, states = run(layer, x, h, tf.constant(mask))
            loss = sum(tf.reduce_sum(part * (part + 1)) for part in (outputs, *states))
        sources = [x, *h, *[weight.value for weight in layer.trainable_weights]]
        return [outputs, *states, *tape.gradient(loss, sources)]

    tensors = [tf.constant(sequence), *map(tf.constant, initial)]
    assert_close(compiled(*tensors), compiled.python_function(*tensors), 1e-5)
