"""The backward step of a cell equals automatic differentiation, which serves cells without one."""

import numpy as np
import pytest
import tensorflow as tf
from references import CELLS, MASKS, B, D, H, StepOnlyCell, T, gradients_of, make_inputs, make_layer

from textrnn.layers import Cell, LSTMCell, Recurrent, RNNCell

STATED = [name for name in CELLS if make_layer(name).cell.has_own_backward]
MODES = {"plain": {}, "regularized": {"zoneout": 0.3, "weight_drop": 0.4, "seed": 1}}


def without_backward(cell):
    """A cell like `cell`, of a subclass that restates `step` alone."""

    def step(self, projected, states, weights):
        return type(cell).step(self, projected, states, weights)[0], ()

    kind = type(f"StepOf{type(cell).__name__}", (type(cell),), {"step": step, "__module__": __name__})
    return kind.from_config(cell.get_config())


def make_twins(name, dtype, mode):
    """Two layers of the same weights, the second with automatic differentiation of the step."""
    options = {key: value for key, value in MODES[mode].items() if (name, key) != ("min_gru", "weight_drop")}
    weights = make_layer(name, dtype).get_weights()
    twins = []
    for change in (lambda cell: cell, without_backward):
        layer = Recurrent(change(CELLS[name](dtype=dtype)), True, True, dtype=dtype, **options)
        layer.build((None, None, D))
        layer.set_weights([*weights, *layer.get_weights()[len(weights) :]])
        twins.append(layer)
    return twins


def gradients_in_training(layer, mask, sequence, initial):
    def train(x, h):
        outputs, *states = layer(x, initial_state=list(h), mask=mask, training=True)
        return tf.ensure_shape(outputs, [B, T, H]), [tf.ensure_shape(state, [B, H]) for state in states]

    return gradients_of(train, layer, sequence, initial)


def assert_twins_agree(twins, tolerance, run):
    results = []
    for layer in twins:
        sequence, initial = make_inputs(layer.cell, layer.compute_dtype)
        results.append(run(layer, tf.constant(sequence), list(map(tf.constant, initial))))
    for stated, automatic in zip(*results, strict=True):
        np.testing.assert_allclose(automatic, stated, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("mask", [None, MASKS["hole"], MASKS["empty_row"]], ids=["none", "hole", "empty_row"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 1e-5)])
def test_stated_backward_step_equals_automatic_differentiation(name, mask, mode, dtype, tolerance):
    twins = make_twins(name, dtype, mode)
    assert_twins_agree(twins, tolerance, lambda layer, *inputs: gradients_in_training(layer, mask, *inputs))


@pytest.mark.parametrize("name", ["lstm", "gru_reset_before"])
def test_backward_steps_are_equal_in_a_graph_of_any_length(name):
    def run(layer, sequence, initial):
        shapes = [
            tf.TensorSpec([None, None, D], sequence.dtype),
            [tf.TensorSpec([None, H], sequence.dtype)] * len(initial),
        ]
        traced = tf.function(lambda *inputs: gradients_in_training(layer, MASKS["hole"], *inputs), shapes)
        return traced(sequence, initial)

    assert_twins_agree(make_twins(name, "float64", "regularized"), 1e-11, run)


def test_every_cell_of_the_package_states_its_backward_step():
    assert [name for name in CELLS if name != "step_only"] == STATED


def test_a_backward_step_belongs_to_the_step_it_was_stated_with():
    class Renamed(LSTMCell):
        pass

    class OtherStep(LSTMCell):
        def step(self, projected, states, weights):
            (h, c), saved = super().step(projected, states, weights)
            return (2 * h, c), saved

    assert Renamed(H).has_own_backward
    assert not OtherStep(H).has_own_backward
    assert not StepOnlyCell(H).has_own_backward


class OddCell(Cell):
    """Two states, of which one only counts, and a weight that no step uses."""

    blocks = 1
    number_of_states = 2

    def build(self, input_shape):
        super().build(input_shape)
        self.unused = self.add_weight(shape=(1, self.units), name="unused")

    def recurrent_weights(self):
        return (*super().recurrent_weights(), self.read(self.unused))

    def step(self, projected, states, weights):
        (h, count), (w_h, _) = states, weights
        return (tf.tanh(projected + w_h @ h), count + 1), ()


def test_outputs_of_a_step_that_use_no_weight_have_zero_gradients():
    layer = Recurrent(OddCell(H), True, True)
    sequence, initial = make_inputs(layer.cell)
    layer.build(sequence.shape)
    plain = Recurrent(RNNCell(H), True, True)
    plain.build(sequence.shape)
    plain.set_weights([layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias])

    def run(layer):
        def outputs_twice(x, h):
            outputs, *_ = layer(x, initial_state=h[: layer.cell.number_of_states], training=True)
            return outputs, [outputs[:, -1]]

        return outputs_twice

    *found, unused = gradients_of(run(layer), layer, sequence, initial)
    np.testing.assert_array_equal(found.pop(2), 0)
    assert unused is None or not np.any(unused)
    expected = gradients_of(run(plain), plain, sequence, initial[:1])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


class ReadsAVariable(Cell):
    blocks = 1

    def step(self, projected, states, weights):
        (h,) = states
        return (tf.tanh(projected + tf.transpose(self.read(self.recurrent_kernel)) @ h),), ()


class Stepless(Cell):
    blocks = 1


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (ReadsAVariable, TypeError, "`step` of ReadsAVariable must read no variable: return its weights from"),
        (Stepless, NotImplementedError, "Stepless must define `step`"),
    ],
)
def test_a_wrong_cell_is_explained(kind, error, message):
    layer = Recurrent(kind(H))
    with tf.GradientTape(), pytest.raises(error, match=message):
        layer(make_inputs(layer.cell)[0], training=True)
