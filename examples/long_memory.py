"""Memory of cells over hundreds of steps, and the time they take to learn it.

    python examples/long_memory.py                                  both problems, every cell; an hour or two
    python examples/long_memory.py adding --steps 200 --cells lstm  a single line of it
    python examples/long_memory.py gradients                        how far back a new cell's gradient reaches

Adding problem (Hochreiter and Schmidhuber, 1997): T numbers in 0 to 1, two of them marked; say their sum at the end.
A model that remembers nothing says 1 and has a mean squared error of 0.167. Solved: below 0.01.

Copy problem (Hochreiter and Schmidhuber, 1997; Arjovsky et al., 2016, arXiv 1511.06464): read ten of eight tokens,
wait T steps, then write them down in order. A model that remembers nothing is wrong by ln 8 = 2.08 nats a token.
Solved: below 0.1.

What is tried against forgetting: the plain cell with ReLU and W_h = I (Le et al., 2015, arXiv 1504.00941), gates, and
gates whose biases are spread so that their memories last from one step to T (Tallec and Ollivier, 2018, arXiv
1804.11188).
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from textrnn.layers import GRUCell, LSTMCell, MinGRUCell, Recurrent, RNNCell
from textrnn.layers.cell import Cell

BATCH = 64
TOKENS = 8
COPIED = 10
CHECK_STEPS = 50  # steps between two checks of the loss


@dataclass(frozen=True)
class Problem:
    """A task of any length T.

    Attributes:
        draw: From a generator, B and T to inputs float32 `[B, steps, D]` and targets.
        outputs: Size of the last layer.
        is_last: Whether only the last step says something, else the last ten.
        loss: Of targets and outputs, a scalar.
        unit: What the loss counts.
        chance: The loss of a model that remembers nothing.
        solved: The loss below which it remembers.
    """

    draw: Callable[[np.random.Generator, int, int], tuple[np.ndarray, np.ndarray]]
    outputs: int
    is_last: bool
    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    unit: str
    chance: float
    solved: float


def draw_adding(generator: np.random.Generator, rows: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    numbers, marks = generator.uniform(size=(rows, steps)), np.zeros((rows, steps))
    half, row = steps // 2, np.arange(rows)
    marks[row, generator.integers(half, size=rows)] = 1
    marks[row, generator.integers(half, steps, size=rows)] = 1
    targets = (numbers * marks).sum(axis=1, keepdims=True)
    return np.stack([numbers, marks], axis=2).astype(np.float32), targets.astype(np.float32)


def draw_copy(generator: np.random.Generator, rows: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    blank, now = TOKENS, TOKENS + 1
    tokens = generator.integers(TOKENS, size=(rows, COPIED))
    ids = np.full((rows, steps + 2 * COPIED), blank)
    ids[:, :COPIED], ids[:, -COPIED - 1] = tokens, now
    return np.eye(TOKENS + 2, dtype=np.float32)[ids], tokens.astype(np.int32)


def squared_error(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.square(targets - outputs))


def cross_entropy(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))


PROBLEMS = {
    "adding": Problem(draw_adding, 1, True, squared_error, "mean squared error", 0.167, 0.01),
    "copy": Problem(draw_copy, TOKENS, False, cross_entropy, "nats a token", math.log(TOKENS), 0.1),
}
LENGTHS = {"adding": (200, 750), "copy": (200, 1000)}


class SpreadBias(keras.initializers.Initializer):
    """Biases for memories of one step to T steps: +-log u, u uniform in 1 to T - 1.

    Args:
        signs: Of each of the cell's blocks: 1 for a gate that keeps the state when open, -1 for one that overwrites
            it, 0 for what is no such gate.
        steps: T.
    """

    def __init__(self, signs: list[int], steps: int) -> None:
        self.signs = signs
        self.steps = steps

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
        units = shape[-1] // len(self.signs)
        lasting = np.log(np.random.default_rng(0).uniform(1, self.steps - 1, units))
        bias = np.zeros(shape)
        bias.reshape(-1, shape[-1])[0] = np.outer(self.signs, lasting).reshape(-1)
        return tf.constant(bias, dtype or "float32")


CELLS: dict[str, Callable[[int, int], Cell]] = {
    "rnn": lambda units, steps: RNNCell(units),
    "irnn": lambda units, steps: RNNCell(
        units,
        activation="relu",
        recurrent_initializer="identity",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),  # as there; larger inputs make it explode
    ),
    "lstm": lambda units, steps: LSTMCell(units),
    "lstm_spread": lambda units, steps: LSTMCell(
        units, unit_forget_bias=False, bias_initializer=SpreadBias([-1, 1, 0, 0], steps)
    ),
    "gru": lambda units, steps: GRUCell(units),
    "gru_spread": lambda units, steps: GRUCell(units, bias_initializer=SpreadBias([1, 0, 0], steps)),
    "min_gru": lambda units, steps: MinGRUCell(units),
    "min_gru_spread": lambda units, steps: MinGRUCell(units, bias_initializer=SpreadBias([-1, 0], steps)),
}


def make_model(problem: Problem, cell: str, units: int, layers: int, steps: int) -> keras.Model:
    """Recurrent layers, the last of them read at the last step or at all, and a linear layer."""
    keras.utils.set_random_seed(0)
    stack = [
        Recurrent(CELLS[cell](units, steps), return_sequences=not (problem.is_last and number == layers - 1))
        for number in range(layers)
    ]
    return keras.Sequential([*stack, keras.layers.Dense(problem.outputs)])


def train(problem: Problem, cell: str, steps: int, options: argparse.Namespace) -> tuple[float, int, float]:
    """Train until the problem is solved or the time is over; returns the loss, the steps and the seconds."""
    model = make_model(problem, cell, options.units, options.layers, steps)
    optimizer = keras.optimizers.Adam(options.learning_rate, global_clipnorm=1.0)
    generator = np.random.default_rng(1)
    inputs, targets = problem.draw(generator, BATCH, steps)
    model.build(inputs.shape)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            loss = problem.loss(targets, outputs if problem.is_last else outputs[:, -COPIED:])
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    recent, began = [float(step(tf.constant(inputs), tf.constant(targets)))], time.perf_counter()
    with tqdm(desc=f"{cell}, T = {steps}", unit="step", leave=False, disable=None) as bar:
        for number in itertools.count(1):
            inputs, targets = problem.draw(generator, BATCH, steps)
            recent = [*recent[1 - CHECK_STEPS :], float(step(tf.constant(inputs), tf.constant(targets)))]
            loss, seconds = float(np.mean(recent)), time.perf_counter() - began
            bar.set_postfix_str(f"{problem.unit} {loss:.4f}", refresh=False)
            bar.update()
            if (
                (number >= CHECK_STEPS and loss < problem.solved)
                or seconds > options.seconds
                or not math.isfinite(loss)
            ):
                return loss, number, seconds
    raise AssertionError("the count never ends")


def measure_gradients(cell: str, steps: int, options: argparse.Namespace) -> dict[int, float]:
    """The norm of d h_T / d h_{T-k} times a random direction, for k = 1, 10, 100 and so on, in a new layer that reads
    the adding problem; a mean over the rows."""
    layer = make_model(PROBLEMS["adding"], cell, options.units, 1, steps).layers[0]
    inputs, _ = draw_adding(np.random.default_rng(0), BATCH, steps)
    reading = Recurrent(layer.cell, return_state=True)
    lags = [lag for lag in (1, 3, 10, 30, 100, 300, 1000) if lag < steps]
    direction = tf.constant(np.random.default_rng(1).normal(size=(BATCH, options.units)) / math.sqrt(options.units))
    norms = {}
    for lag in lags:
        _, *at = reading(inputs[:, : steps - lag])
        with tf.GradientTape() as tape:
            tape.watch(at)
            last = reading(inputs[:, steps - lag :], initial_state=at)[0]
            reached = tf.reduce_sum(last * tf.cast(direction, last.dtype))
        gradients = [gradient for gradient in tape.gradient(reached, at) if gradient is not None]
        norms[lag] = float(tf.reduce_mean(tf.norm(tf.concat(gradients, axis=1), axis=1)))
    return norms


def solve(name: str, options: argparse.Namespace) -> Iterator[str]:
    problem = PROBLEMS[name]
    yield f"| {name} | cell | {problem.unit}, {problem.chance:.3g} by chance | steps | seconds | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for steps in options.steps or LENGTHS[name]:
        for cell in options.cells:
            loss, number, seconds = train(problem, cell, steps, options)
            verdict = "solved" if loss < problem.solved else "not solved"
            yield f"| T = {steps} | {cell} | {loss:.4f} | {number:,} | {seconds:.0f} | {verdict} |"


def show_gradients(options: argparse.Namespace) -> Iterator[str]:
    (steps, *_) = options.steps or (1001,)
    measured = {cell: measure_gradients(cell, steps, options) for cell in options.cells}
    lags = next(iter(measured.values()))
    yield f"| cell | {' | '.join(f'{lag} back' for lag in lags)} |"
    yield f"| --- |{' --- |' * len(lags)}"
    for cell, norms in measured.items():
        yield f"| {cell} | {' | '.join(f'{norm:.1e}' for norm in norms.values())} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Which cells remember over hundreds of steps.")
    parser.add_argument("part", nargs="?", choices=(*PROBLEMS, "gradients"), help="default: both problems")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--steps", nargs="+", type=int, metavar="T", help="lengths (default: 200 and 750 or 1000)")
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--seconds", type=float, default=300.0, help="training time of a cell (default: 300)")
    options = parser.parse_args()
    for part in [options.part] if options.part else PROBLEMS:
        for line in show_gradients(options) if part == "gradients" else solve(part, options):
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
