"""Weight drop, zoneout and dropout in training, and none of them at inference."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from references import CELLS, MASKS, B, D, H, T, gradients_of, make_inputs, run_reference, weighted_sum, weights_of

from textrnn.layers import LockedDropout, LSTMCell, MinGRUCell, Recurrent, RNNCell, execution

every_cell = pytest.mark.parametrize("name", CELLS)
with_recurrent_kernel = pytest.mark.parametrize("name", [name for name in CELLS if name != "min_gru"])


def make_layer(name, dtype="float64", **options):
    """A built layer with a regularizer, none of its weights zero."""
    layer = Recurrent(CELLS[name](dtype=dtype), True, True, seed=5, dtype=dtype, **options)
    layer.build((None, None, D))
    generator = np.random.default_rng(7)
    layer.set_weights([generator.normal(0, 0.6, weight.shape) for weight in layer.weights])
    return layer


def seeds_of(layer):
    return [] if layer.seeds is None else [layer.seeds.state]


def run(layer, sequence, initial, mask=None, training=True):
    """The same draw every time: the generator is put back first."""
    for variable in seeds_of(layer):
        variable.assign(np.array([3, 4], np.uint32))
    outputs, *states = layer(sequence, initial_state=list(initial), mask=mask, training=training)
    return outputs, states


@every_cell
@pytest.mark.parametrize("mask", [None, MASKS["hole"]], ids=["none", "hole"])
@pytest.mark.parametrize("training", [True, False])
def test_gradients_with_zoneout_and_weight_drop_equal_central_differences(name, mask, training):
    layer = make_layer(name, weight_drop=0.0 if name == "min_gru" else 0.4, zoneout=0.3)
    sequence, initial = make_inputs(layer.cell, "float64")

    found = gradients_of(lambda s, i: run(layer, s, i, mask, training), layer, sequence, initial)
    arrays = [sequence, *initial, *(weight.numpy() for weight in layer.trainable_variables)]
    for number, (array, gradient) in enumerate(zip(arrays, found, strict=True)):
        direction = np.random.default_rng(number).normal(size=array.shape)
        losses = []
        for sign in (1, -1):
            moved = [*arrays[:number], array + sign * 1e-6 * direction, *arrays[number + 1 :]]
            for weight, value in zip(layer.trainable_variables, moved[1 + len(initial) :], strict=True):
                weight.assign(value)
            losses.append(float(weighted_sum(*run(layer, moved[0], moved[1 : 1 + len(initial)], mask, training))))
        expected = (losses[0] - losses[1]) / 2e-6
        np.testing.assert_allclose(np.sum(gradient * direction), expected, rtol=1e-5, atol=1e-7)


def test_zoneout_in_training_keeps_some_units_and_steps_the_others():
    layer = make_layer("lstm", zoneout=0.5)
    sequence, initial = make_inputs(layer.cell, "float64", steps=1)
    _, states = run(layer, sequence, initial)
    _, stepped = run_reference(layer.cell, weights_of(layer.cell), sequence, initial)
    for before, after, new in zip(initial, states, stepped, strict=True):
        is_kept, is_stepped = np.isclose(after, before), np.isclose(after, new)
        assert (is_kept ^ is_stepped).all()
        assert is_kept.any()
        assert is_stepped.any()


def test_zoneout_keeps_as_many_units_as_asked():
    layer = Recurrent(RNNCell(64), True, zoneout=0.2, seed=1)
    kept = (
        np.diff(layer(np.random.default_rng(0).normal(size=(16, 200, 3)).astype("float32"), training=True), axis=1)
        == 0
    )
    assert abs(kept.mean() - 0.2) < 0.01


def test_zoneout_at_inference_is_the_mean():
    layer = make_layer("gru", zoneout=0.25)
    sequence, initial = make_inputs(layer.cell, "float64")
    state, expected = initial[0], []
    for t in range(T):
        _, (new,) = run_reference(layer.cell, weights_of(layer.cell), sequence[:, t : t + 1], [state])
        state = 0.25 * state + 0.75 * new
        expected.append(state)
    outputs, _ = run(layer, sequence, initial, training=False)
    np.testing.assert_allclose(outputs, np.stack(expected, axis=1), rtol=1e-10)


def test_no_two_chunks_calls_or_shards_keep_the_same_units(monkeypatch):
    monkeypatch.setattr(execution, "count_shards", lambda rows: 2)
    layer = Recurrent(RNNCell(64), True, zoneout=0.5, seed=1)
    sequence = np.random.default_rng(0).normal(size=(4, 150, 3)).astype("float32")
    outputs = np.concatenate([layer(sequence, training=True) for _ in range(3)], axis=1)
    is_kept = np.diff(outputs, axis=1) == 0
    windows = [
        is_kept[row, start : start + 20].tobytes() for row in range(4) for start in range(is_kept.shape[1] - 20)
    ]
    assert len(set(windows)) == len(windows)


def test_zoneout_over_several_chunks_has_exact_gradients():
    """The backward pass draws the masks of the forward pass, chunk by chunk."""
    layer = make_layer("lstm", zoneout=0.3)
    sequence, initial = make_inputs(layer.cell, "float64", steps=150)
    gradient = gradients_of(lambda s, i: run(layer, s, i), layer, sequence, initial)[0]
    direction = np.random.default_rng(2).normal(size=sequence.shape)
    ahead, behind = (
        float(weighted_sum(*run(layer, sequence + sign * 1e-6 * direction, initial))) for sign in (1, -1)
    )
    np.testing.assert_allclose(np.sum(gradient * direction), (ahead - behind) / 2e-6, rtol=1e-6)


@with_recurrent_kernel
def test_weight_drop_is_the_same_at_every_step_and_scales_the_rest(name):
    layer = make_layer(name, weight_drop=0.5)
    for variable in seeds_of(layer):
        variable.assign(np.array([3, 4], np.uint32))
    dropped = layer._recurrent_weights(training=True)
    for weight, whole in zip(dropped, layer.cell.recurrent_weights(), strict=True):
        if whole.shape[0] == 1:
            np.testing.assert_array_equal(weight, whole)  # the GRU's recurrent bias
        else:
            is_dropped = np.equal(weight, 0)
            assert 0 < is_dropped.mean() < 1
            np.testing.assert_allclose(weight, np.where(is_dropped, 0, 2 * np.asarray(whole)))
    sequence, initial = make_inputs(layer.cell, "float64")
    kernels = [v for v in layer.trainable_variables if v.name == "recurrent_kernel"]
    for kernel, weight in zip(kernels, dropped, strict=False):
        kernel.assign(weight)
    outputs, _ = run_reference(layer.cell, weights_of(layer.cell), sequence, initial)
    for kernel, weight in zip(kernels, make_layer(name).cell.recurrent_weights(), strict=False):
        kernel.assign(weight)
    np.testing.assert_allclose(run(layer, sequence, initial)[0], outputs, rtol=1e-10)


@with_recurrent_kernel
def test_nothing_is_dropped_at_inference(name):
    layer, plain = make_layer(name, weight_drop=0.5), make_layer(name)
    sequence, initial = make_inputs(layer.cell, "float64")
    np.testing.assert_array_equal(run(layer, sequence, initial, training=False)[0], run(plain, sequence, initial)[0])


def test_locked_dropout_keeps_its_settings_passes_masks_on_and_scales_the_rest(tmp_path):
    layer = LockedDropout(0.25, seed=3)
    assert LockedDropout.from_config(layer.get_config()).get_config() == layer.get_config()
    inputs = keras.Input([None, D])
    model = keras.Model(inputs, Recurrent(LSTMCell(H))(layer(keras.layers.Masking()(inputs))))
    model.save(tmp_path / "model.keras")
    padded = np.pad(np.ones((1, 3, D), "float32"), [(0, 0), (0, 2), (0, 0)])
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(padded), model(padded[:, :3]), atol=1e-6)
    for dtype in ("float32", "mixed_bfloat16"):
        dropped = LockedDropout(0.3, seed=1, dtype=dtype)(tf.ones([400, 3, 50]), training=True)
        assert float(tf.reduce_mean(tf.cast(dropped == 0, tf.float32))) == pytest.approx(0.3, abs=0.01)
        assert float(tf.reduce_mean(tf.cast(dropped, tf.float32))) == pytest.approx(1, abs=0.015)


def test_two_calls_draw_differently_and_a_seed_draws_the_same_again():
    sequence = np.random.default_rng(0).normal(size=(B, T, D)).astype("float32")

    def outputs(seed):
        layer = Recurrent(
            LSTMCell(
                H,
                recurrent_initializer=keras.initializers.Orthogonal(seed=1),
                kernel_initializer=keras.initializers.GlorotUniform(seed=1),
            ),
            True,
            weight_drop=0.5,
            zoneout=0.3,
            seed=seed,
        )
        return [layer(sequence, training=True).numpy() for _ in range(2)]

    first, second = outputs(1)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(outputs(1)[1], second)
    assert not np.array_equal(outputs(2)[0], first)


def test_regularizers_run_in_a_traced_function_of_any_shape():
    layer = make_layer("lstm", "float32", weight_drop=0.3, zoneout=0.2)
    traced = tf.function(
        lambda sequence: layer(sequence, training=True)[0], input_signature=[tf.TensorSpec([None, None, D])]
    )
    for rows, steps in ((2, 3), (5, 130)):
        assert np.isfinite(traced(tf.ones([rows, steps, D]))).all()


@pytest.mark.parametrize("option", ["weight_drop", "zoneout"])
def test_a_wrong_fraction_is_refused(option):
    with pytest.raises(ValueError, match=f"`{option}` must be a number of 0 or more and below 1; received 1.5"):
        Recurrent(LSTMCell(H), **{option: 1.5})


def test_a_cell_without_a_recurrent_kernel_has_nothing_to_drop():
    with pytest.raises(ValueError, match=r"`weight_drop` must be 0 for MinGRUCell, .*; received 0.5"):
        Recurrent(MinGRUCell(H), weight_drop=0.5)


def test_regularizers_need_a_cell_of_this_package():
    with pytest.raises(ValueError, match=r"need a cell of textrnn.layers; received SimpleRNNCell"):
        Recurrent(keras.layers.SimpleRNNCell(H), zoneout=0.1)
