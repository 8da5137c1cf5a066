"""`Recurrent`: the layer that runs a cell over a sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from textrnn import checks
from textrnn.forks import check_process
from textrnn.layers import arguments
from textrnn.layers.arguments import check_rank
from textrnn.layers.cell import Cell
from textrnn.layers.engine import choose_engine, say_once
from textrnn.layers.execution import ENGINES, Run
from textrnn.layers.locked_dropout import draw_mask
from textrnn.layers.masks import zero_masked
from textrnn.layers.projection import Projection, project_ids, project_sequence
from textrnn.layers.shards import has_gpu
from textrnn.layers.zoneout import Zoneout


@keras.saving.register_keras_serializable("textrnn")
class Recurrent(keras.layers.Layer):
    """Runs a cell over a sequence `[B, T, D]`: embedded text or any numeric series.

    Masking: True marks a real step. A masked step leaves every state as it was and its output is zero, so padding,
    holes in the middle and all-padding rows change nothing for the real steps. The mask is the argument
    `mask`, else the one Keras attached to the input (also with an `initial_state`, where Keras itself forgets it).

    XLA compiles it for any T, LiteRT converts it with its built-in operations for any B and T, and a SavedModel of it
    can be differentiated. Keras's wrappers take it, `keras.layers.Bidirectional` excepted: use `Bidirectional`.

    Precision: products run in the cell's compute dtype, states are kept and returned in its variable dtype, so under
    `mixed_bfloat16` nothing is rounded from step to step.

    Threads: on a CPU `textrnn.configure_tensorflow()` sets those that suit the layer, for the whole process.

    Example:
        >>> layer = Recurrent(LSTMCell(8), return_sequences=True, return_state=True)
        >>> outputs, h, c = layer(np.zeros((2, 5, 3), "float32"), mask=np.ones((2, 5), bool))
        >>> outputs.shape, h.shape
        (TensorShape([2, 5, 8]), TensorShape([2, 8]))

    Args:
        cell: `RNNCell`, `LSTMCell`, `GRUCell`, `MinGRUCell`, a `Cell` of your own, or any cell that
            `keras.layers.RNN` accepts; `keras.layers.RNN` runs a cell that is no `Cell`, which the log says once.
        return_sequences: Whether to return all outputs `[B, T, H]` instead of the last real one `[B, H]`.
        return_state: Whether to return the final states too, after the output.
        reverse: Whether to read from the last step to the first. Outputs stay at the position of their input:
            output t has seen the steps t to T. (`keras.layers.RNN(go_backwards=True)` returns them reversed.)
        weight_drop: Fraction of the recurrent kernel dropped while training, the same at every step of a call
            (DropConnect; Merity et al., 2018, arXiv 1708.02182, section 2).
        zoneout: Probability that a unit keeps its state at a step while training; at inference every state keeps
            this share of itself, the mean (Krueger et al., 2017, arXiv 1606.01305).
        seed: For dropped weights and kept states.

    Raises:
        TypeError: If `cell` has no `state_size` or cannot be called.
        ValueError: If a fraction is outside 0 to 1, or not 0 with a cell that is no `Cell`.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        reverse: bool = False,
        weight_drop: float = 0.0,
        zoneout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if "go_backwards" in kwargs:
            raise ValueError(arguments.NOT_GO_BACKWARDS)
        super().__init__(**kwargs)
        if not callable(cell) or not hasattr(cell, "state_size"):
            raise TypeError(
                "`cell` must be a recurrent cell with `state_size` and `call(inputs, states)`, such as "
                f"LSTMCell(64); received {cell!r}."
            )
        self.cell = cell
        arguments.freeze_parts(self)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.reverse = reverse
        self.weight_drop = checks.fraction("weight_drop", weight_drop)
        self.zoneout = checks.fraction("zoneout", zoneout)
        self.seed = seed
        self.seeds: Any = keras.random.SeedGenerator(seed) if weight_drop or zoneout else None
        if weight_drop and isinstance(cell, Cell) and not cell.has_recurrent_kernel:
            raise ValueError(
                f"`weight_drop` must be 0 for {type(cell).__name__}, which has no recurrent kernel; received "
                f"{weight_drop!r}."
            )
        self.supports_masking = True
        self.autocast = False  # Keras would round a float32 state to bfloat16 on its way in
        self.supports_jit = not has_gpu()  # XLA cannot compile cuDNN's recurrence
        if not isinstance(cell, Cell):
            if self.seeds is not None:
                raise ValueError(
                    f"`weight_drop` and `zoneout` need a cell of textrnn.layers; received {type(cell).__name__}."
                )
            say_once(
                f"Recurrent runs {type(cell).__name__} through keras.layers.RNN, which is slower: it is no "
                "textrnn.layers.Cell, so its input projection is not kept apart."
            )

    def build(self, sequence_shape: tuple[int | None, ...]) -> None:
        check_rank(sequence_shape)
        if not self.cell.built:
            self.cell.build((sequence_shape[0], sequence_shape[2]))
            self.cell.built = True
        self.built = True

    def get_initial_state(self, batch_size: Any) -> list[tf.Tensor]:
        """Zeros for each state of `batch_size` rows, in the dtype the states are carried in."""
        states = tf.nest.flatten(self.cell.get_initial_state(batch_size))
        return [tf.cast(state, self.cell.variable_dtype) for state in states]

    @tf.autograph.experimental.do_not_convert  # rewriting code that needs no rewriting doubles the time to trace it
    def call(
        self,
        sequence: tf.Tensor,
        initial_state: Any = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """Run the cell.

        Args:
            sequence: Float `[B, T, D]`.
            initial_state: A tensor `[B, H]` or a list of one for each state; zeros by default.
            mask: Bool `[B, T]`, True at real steps.
            training: Whether weights are dropped and units zoned out; passed on to a cell that is no `Cell`. True
                also saves the tensors that a gradient needs; without them a gradient runs the loop again.

        Returns:
            The outputs `[B, T, H]` or the last real one `[B, H]`; with `return_state` a tuple of that and the
            final states.
        """
        check_process()
        mask = getattr(sequence, "_keras_mask", None) if mask is None else mask
        check_rank(sequence.shape)
        mask = None if mask is None else arguments.checked_mask(mask, sequence)
        sequence = zero_masked(tf.cast(sequence, self.cell.compute_dtype), mask)
        return self._run(project_sequence, sequence, initial_state, mask, training)

    @tf.autograph.experimental.do_not_convert
    def read_ids(
        self,
        ids: tf.Tensor,
        embeddings: tf.Tensor,
        initial_state: Any = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """As calling the layer on `embeddings[ids]`, but each token is projected once, not each step.

        Args:
            ids: Int `[B, T]`.
            embeddings: Float `[V, D]`, a row for each token.
            initial_state: As for a call.
            mask: As for a call.
            training: As for a call.

        Returns:
            As a call.
        """
        check_process()
        ids, embeddings = tf.cast(ids, tf.int32), tf.cast(embeddings, self.cell.compute_dtype)
        if not self.built:
            self.build((None, None, embeddings.shape[1]))
        if not isinstance(self.cell, Cell) or has_gpu():
            return self.call(tf.gather(embeddings, ids), initial_state, mask, training)
        mask = None if mask is None else arguments.checked_mask(mask, ids)

        def look_up(cell: Cell, ids: tf.Tensor) -> Projection:
            return project_ids(cell, ids, embeddings)

        return self._run(look_up, ids, initial_state, mask, training)

    def _initial_states(self, given: Any, sequence: tf.Tensor) -> list[tf.Tensor]:
        if given is None:
            return self.get_initial_state(tf.shape(sequence)[0])
        return [tf.cast(state, self.cell.variable_dtype) for state in self._checked_states(given, sequence)]

    def _checked_states(self, given: Any, sequence: Any) -> list[Any]:
        return arguments.checked_states(given, self._state_sizes(), sequence.shape[0], type(self.cell).__name__)

    def _state_sizes(self) -> list[int]:
        return tf.nest.flatten(self.cell.state_size)

    def _run(
        self,
        project: Callable[[Cell, tf.Tensor], Projection],
        source: tf.Tensor,
        initial_state: Any,
        mask: tf.Tensor | None,
        training: bool | None,
    ) -> Any:
        """Run the cell on `source`, a sequence or ids, by the engine that suits it."""
        engine = choose_engine(self.cell, mask, on_gpu=has_gpu(), zoneout=self.zoneout)
        run = Run(
            cell=self.cell,
            source=source,
            project=project,
            weights=self._recurrent_weights(training),
            initial=self._initial_states(initial_state, source),
            mask=mask,
            reverse=self.reverse,
            make_zoneout=lambda: self._zoneout(training),
            training=training,
            policy=self.dtype_policy,
        )
        outputs, last, states = ENGINES[engine](run)
        output = tf.cast(outputs if self.return_sequences else last, self.compute_dtype)
        return (output, *states) if self.return_state else output

    def _recurrent_weights(self, training: bool | None) -> tuple[tf.Tensor, ...]:
        weights = self.cell.recurrent_weights() if isinstance(self.cell, Cell) else ()
        if not (training and self.weight_drop):
            return weights
        # A matrix of one row is a bias, which the GRU has among them; biases are left whole.
        are_kernels = (number == 0 or weight.shape[0] > 1 for number, weight in enumerate(weights))
        return tuple(
            weight * draw_mask(weight.shape, self.weight_drop, self.seeds.next(), weight.dtype)
            if is_kernel
            else weight
            for weight, is_kernel in zip(weights, are_kernels, strict=True)
        )

    def _zoneout(self, training: bool | None) -> Zoneout | None:
        if not self.zoneout:
            return None
        return Zoneout(self.zoneout, tf.cast(self.seeds.next(), tf.int32) if training else None)

    @property
    def go_backwards(self) -> bool:
        """The counterpart of `reverse` in Keras's RNN layers.

        Raises:
            AttributeError: Always; the message names the layer to use.
        """
        raise AttributeError(arguments.NOT_GO_BACKWARDS)

    def compute_output_shape(self, sequence_shape: Any, initial_state_shape: Any = None) -> Any:
        """Shapes of a call's results, from that of a sequence."""
        check_rank(sequence_shape)
        rows, steps, _ = sequence_shape
        sizes = self._state_sizes()
        width = getattr(self.cell, "output_size", None) or sizes[0]
        output = (rows, steps, width) if self.return_sequences else (rows, width)
        return (output, *((rows, size) for size in sizes)) if self.return_state else output

    def compute_output_spec(
        self, sequence: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None
    ) -> Any:
        """Shapes and dtypes of a call's results, found without tracing the loop."""
        if mask is not None:
            arguments.check_mask(mask, sequence)
        if initial_state is not None:
            self._checked_states(initial_state, sequence)
        shapes = self.compute_output_shape(sequence.shape)
        if not self.return_state:
            return keras.KerasTensor(shapes, self.compute_dtype)
        output, *states = shapes
        in_states = self.cell.variable_dtype
        return (
            keras.KerasTensor(output, self.compute_dtype),
            *(keras.KerasTensor(state, in_states) for state in states),
        )

    def compute_mask(self, sequence: Any, mask: tf.Tensor | None = None) -> Any:
        """The mask of the outputs: that of the input for a sequence, none for the last output."""
        output_mask = mask if self.return_sequences else None
        if not self.return_state:
            return output_mask
        return (output_mask, *(None for _ in self._state_sizes()))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "reverse": self.reverse,
            "weight_drop": self.weight_drop,
            "zoneout": self.zoneout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Recurrent:
        config = dict(config)
        return cls(keras.saving.deserialize_keras_object(config.pop("cell")), **config)
