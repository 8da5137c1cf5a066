"""Slow, plain loops for the recurrences, and the cases over which tests of them run."""

import keras
import numpy as np
import tensorflow as tf

from textrnn.layers import Cell, GRUCell, LSTMCell, MinGRUCell, Recurrent, RNNCell, product

B, T, D, H = 3, 5, 2, 4


@keras.saving.register_keras_serializable("tests")
class StepOnlyCell(Cell):
    """The minimal gated unit (Zhou et al., 2016, arXiv 1603.09420): a cell without a backward step of its own."""

    blocks = 2

    def step(self, projected, states, weights):
        (h,), (w_h,) = states, weights
        (x_f, x_g), (w_f, w_g) = tf.split(projected, 2), tf.split(w_h, 2)
        f = tf.sigmoid(x_f + product(w_f, h))
        g = tf.tanh(x_g + product(w_g, f * h))
        h = (1 - f) * h + f * g
        return (h,), ()


CELLS = {
    "rnn_tanh": lambda **options: RNNCell(H, **options),
    "rnn_relu": lambda **options: RNNCell(H, activation="relu", **options),
    "lstm": lambda **options: LSTMCell(H, **options),
    "gru": lambda **options: GRUCell(H, **options),
    "gru_reset_before": lambda **options: GRUCell(H, reset_after=False, **options),
    "min_gru": lambda **options: MinGRUCell(H, **options),
    "step_only": lambda **options: StepOnlyCell(H, **options),
}

MASKS = {
    "none": None,
    "all": np.ones((B, T), bool),
    "mix": np.arange(T) < np.array([[5], [3], [1]]),
    "hole": np.array([[1, 0, 1, 1, 0], [0, 1, 0, 0, 1], [1, 1, 1, 1, 1]], bool),
    "empty_row": np.array([[1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 1, 0, 1, 0]], bool),
}


def make_layer(name, dtype="float32", reverse=False, **options):
    """A built layer that returns everything, none of its weights zero."""
    layer = Recurrent(CELLS[name](dtype=dtype, **options), True, True, reverse, dtype=dtype)
    layer.build((None, None, D))
    generator = np.random.default_rng(7)
    layer.set_weights([generator.normal(0, 0.6, weight.shape) for weight in layer.get_weights()])
    return layer


def make_inputs(cell, dtype="float32", rows=B, steps=T):
    """A sequence `[B, T, D]` and a list of initial states `[B, H]`."""
    generator = np.random.default_rng(3)
    sequence = generator.normal(size=(rows, steps, D)).astype(dtype)
    return sequence, [generator.normal(size=(rows, H)).astype(dtype) for _ in range(cell.number_of_states)]


def weights_of(cell):
    """The weights by their role, float64."""
    return {weight.name: np.asarray(weight, np.float64) for weight in cell.weights}


def run_reference(cell, weights, sequence, initial, mask=None, reverse=False):
    """The outputs `[B, T, H]` and the final states of `cell`, from weights as `weights_of` returns them."""
    rows, steps = sequence.shape[:2]
    outputs, final = np.zeros((rows, steps, cell.units)), [np.array(state, np.float64) for state in initial]
    for row in range(rows):
        states = [state[row] for state in final]
        for t in reversed(range(steps)) if reverse else range(steps):
            if mask is None or mask[row, t]:
                states = STEPS[type(cell)](cell, weights, sequence[row, t], *states)
                outputs[row, t] = states[0]
        for state, last in zip(final, states, strict=True):
            state[row] = last
    return outputs, final


def _rnn_step(cell, weights, x, h):
    z = x @ weights["kernel"] + h @ weights["recurrent_kernel"] + weights.get("bias", 0)
    return [np.tanh(z) if cell.activation == "tanh" else np.maximum(z, 0)]


def _lstm_step(cell, weights, x, h, c):
    z = x @ weights["kernel"] + h @ weights["recurrent_kernel"] + weights.get("bias", 0)
    i, f, g, o = np.split(z, 4)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return [_sigmoid(o) * np.tanh(c), c]


def _gru_step(cell, weights, x, h):
    bias = weights.get("bias", np.zeros((2, 3 * H)) if cell.reset_after else np.zeros(3 * H))
    u_z, u_r, u_g = np.split(weights["recurrent_kernel"], 3, axis=1)
    x_z, x_r, x_g = np.split(x @ weights["kernel"] + (bias[0] if cell.reset_after else bias), 3)
    b_z, b_r, b_g = np.split(bias[1], 3) if cell.reset_after else np.zeros((3, H))
    z = _sigmoid(x_z + h @ u_z + b_z)
    r = _sigmoid(x_r + h @ u_r + b_r)
    g = np.tanh(x_g + (r * (h @ u_g + b_g) if cell.reset_after else (r * h) @ u_g))
    return [z * h + (1 - z) * g]


def _min_gru_step(cell, weights, x, h):
    z, g = np.split(x @ weights["kernel"] + weights.get("bias", 0), 2)
    return [(1 - _sigmoid(z)) * h + _sigmoid(z) * g]


def _minimal_gated_step(cell, weights, x, h):
    u_f, u_g = np.split(weights["recurrent_kernel"], 2, axis=1)
    x_f, x_g = np.split(x @ weights["kernel"] + weights.get("bias", 0), 2)
    f = _sigmoid(x_f + h @ u_f)
    g = np.tanh(x_g + (f * h) @ u_g)
    return [(1 - f) * h + f * g]


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


STEPS = {
    RNNCell: _rnn_step,
    LSTMCell: _lstm_step,
    GRUCell: _gru_step,
    MinGRUCell: _min_gru_step,
    StepOnlyCell: _minimal_gated_step,
}


def weighted_sum(outputs, states):
    """One number that depends on every output and every final state, each in its own measure."""
    generator = np.random.default_rng(11)
    weights = [generator.normal(size=tuple(part.shape)) for part in (outputs, *states)]
    return sum(
        tf.reduce_sum(tf.cast(part, tf.float64) * weight)
        for part, weight in zip((outputs, *states), weights, strict=True)
    )


def gradients_of(run, layer, sequence, initial):
    """The gradients of `weighted_sum(*run(sequence, initial))`: of the sequence, the states and each weight."""
    sequence, initial = tf.convert_to_tensor(sequence), [tf.convert_to_tensor(state) for state in initial]
    with tf.GradientTape() as tape:
        tape.watch([sequence, *initial])
        loss = weighted_sum(*run(sequence, initial))
    sources = [sequence, *initial, *[weight.value for weight in layer.trainable_weights]]
    gradients = tape.gradient(loss, sources)
    return [gradient.numpy() for gradient in gradients] if tf.executing_eagerly() else gradients
