"""Arrays of tensors that a loop over time reads and writes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

Arrays = tuple[tf.TensorArray, ...]


def make_arrays(size: tf.Tensor, heights: Sequence[int], rows: tf.Tensor, dtype: tf.DType) -> Arrays:
    """One array for each of `heights`, of `size` elements `[height, rows]`."""
    if tf.executing_eagerly():
        shapes = ([height, None] for height in heights)
        return tuple(tf.TensorArray(dtype, size, element_shape=shape, clear_after_read=False) for shape in shapes)
    # LiteRT makes room for all elements at once, so their shape must hold no unknown, as a TensorArray's own would.
    reserve = functools.partial(tf.raw_ops.TensorListReserve, num_elements=size, element_dtype=dtype)
    flows = (reserve(element_shape=tf.stack([height, rows])) for height in heights)
    return tuple(tf.TensorArray(dtype, flow=flow, clear_after_read=False) for flow in flows)


def write(arrays: Arrays, places: Sequence[tf.Tensor], values: Sequence[tf.Tensor]) -> Arrays:
    """Arrays with one of `values` written to each, at its own of `places`."""
    return tuple(array.write(*pair) for array, *pair in zip(arrays, places, values, strict=True))


@dataclass(frozen=True)
class Elements:
    """The elements of a tensor along its first axis, read where they stand: a TensorArray would copy all of them."""

    tensor: tf.Tensor

    def read(self, place: tf.Tensor | int) -> tf.Tensor:
        """`tensor[place]`."""
        begin = tf.reshape(place, [1])
        return tf.strided_slice(self.tensor, begin, begin, [1], shrink_axis_mask=1)


def make_chunk_array(source: tf.Tensor, length: int | None) -> Arrays:
    """One array for the gradients of all chunks of `length` steps of `source` `[T, B, D]`; None is all steps."""
    steps = source.shape[0]
    known = steps if length is None else length if steps is not None and steps % length == 0 else None
    count = 1 if length is None else -(-tf.shape(source)[0] // length)
    shape = [known, None, source.shape[2]]
    return (tf.TensorArray(source.dtype, count, element_shape=shape, infer_shape=False),)
