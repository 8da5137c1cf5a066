"""Reading a sequence from both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from textrnn.layers.arguments import READS_BOTH_WAYS, freeze_parts
from textrnn.layers.recurrent import Recurrent


@keras.saving.register_keras_serializable("textrnn")
class Bidirectional(keras.layers.Layer):
    """Runs one `Recurrent` layer forwards and one backwards, and concatenates their outputs at each step.

    Keras's own `Bidirectional` flips outputs and masks around `go_backwards`; `Recurrent` keeps outputs in
    place, so here padding on the right is simply masked in both directions.

    Paper: Schuster and Paliwal, 1997.

    Example:
        >>> layer = Bidirectional(Recurrent(GRUCell(8), return_sequences=True))
        >>> layer(np.zeros((2, 5, 3), "float32")).shape
        TensorShape([2, 5, 16])

    Args:
        forward: A `Recurrent` layer.
        backward: One with `reverse` set and the same returns as `forward`; by default a copy of `forward` that
            reads the other way, with weights of its own.

    Raises:
        TypeError: If a layer is not a `Recurrent`.
        ValueError: If the two read the same way or return different things, or if Keras's `Bidirectional`
            wraps this layer.
    """

    def __init__(self, forward: Recurrent, backward: Recurrent | None = None, **kwargs: Any) -> None:
        if "go_backwards" in kwargs:
            raise ValueError(READS_BOTH_WAYS)
        super().__init__(**kwargs)
        for name, layer in (("forward", forward), ("backward", backward or forward)):
            if not isinstance(layer, Recurrent):
                raise TypeError(f"`{name}` must be a Recurrent layer; received {layer!r}.")
        seed = None if forward.seed is None else forward.seed + 1
        mirrored = {"name": f"{forward.name}_backward", "reverse": not forward.reverse, "seed": seed}
        self.forward = forward
        self.backward = backward or Recurrent.from_config({**forward.get_config(), **mirrored})
        if _returns(self.forward) != _returns(self.backward) or self.forward.reverse == self.backward.reverse:
            raise ValueError(
                "`forward` and `backward` must agree in `return_sequences` and `return_state` and differ in "
                f"`reverse`; received {_returns(self.forward)}, reverse={self.forward.reverse} and "
                f"{_returns(self.backward)}, reverse={self.backward.reverse}."
            )
        self.supports_masking = True
        freeze_parts(self)

    def build(self, sequence_shape: tuple[int | None, ...]) -> None:
        for layer in (self.forward, self.backward):
            layer.build(sequence_shape)
        self.built = True

    def get_initial_state(self, batch_size: Any) -> list[tf.Tensor]:
        """Zeros for each state of `batch_size` rows, those of the forward layer first."""
        return [*self.forward.get_initial_state(batch_size), *self.backward.get_initial_state(batch_size)]

    def call(
        self,
        sequence: tf.Tensor,
        initial_state: Any = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """Outputs `[B, T, 2 H]`, or `[B, 2 H]` without `return_sequences`; states, if any, follow in turn."""
        of_forward, of_backward = _halves(initial_state)
        there = self.forward(sequence, initial_state=of_forward, mask=mask, training=training)
        back = self.backward(sequence, initial_state=of_backward, mask=mask, training=training)
        return self._joined(there, back, lambda *outputs: tf.concat(outputs, axis=-1))

    def compute_output_shape(self, sequence_shape: Any, initial_state_shape: Any = None) -> Any:
        """Shapes of a call's results, from that of a sequence."""
        there, back = (layer.compute_output_shape(sequence_shape) for layer in (self.forward, self.backward))
        return self._joined(there, back, _side_by_side)

    def compute_output_spec(
        self, sequence: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None
    ) -> Any:
        of_forward, of_backward = _halves(initial_state)
        there = self.forward.compute_output_spec(sequence, of_forward, mask)
        back = self.backward.compute_output_spec(sequence, of_backward, mask)
        return self._joined(
            there, back, lambda one, other: keras.KerasTensor(_side_by_side(one.shape, other.shape), one.dtype)
        )

    def _joined(self, there: Any, back: Any, join: Callable[[Any, Any], Any]) -> Any:
        """A call's results, from those of the two directions; `join` makes one output of two."""
        if not self.forward.return_state:
            return join(there, back)
        return (join(there[0], back[0]), *there[1:], *back[1:])

    def compute_mask(self, sequence: Any, mask: tf.Tensor | None = None) -> Any:
        one_way = self.forward.compute_mask(sequence, mask)
        return (*one_way, *one_way[1:]) if self.forward.return_state else one_way

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "forward": serialize(self.forward),
            "backward": serialize(self.backward),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Bidirectional:
        layers = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("forward", "backward")}
        return cls(**{**config, **layers})


def _halves(initial_state: Any) -> tuple[Any, Any]:
    """The initial states of each direction, forward first."""
    if initial_state is None:
        return None, None
    half = len(initial_state) // 2
    return initial_state[:half], initial_state[half:]


def _side_by_side(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*one[:-1], one[-1] + other[-1])


def _returns(layer: Recurrent) -> dict[str, bool]:
    return {"return_sequences": layer.return_sequences, "return_state": layer.return_state}
