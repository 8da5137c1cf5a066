"""Base of Keras models whose inputs are ids."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from textrnn.forks import check_process


class ModelOfIds(keras.Model):
    """A Keras model from ids int `[B, T]` to logits float32, which exports without having been called.

    Every call is refused in a forked child, where TensorFlow would wait forever.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        check_process()
        return super().__call__(*args, **kwargs)

    def make_train_function(self, force: bool = False) -> Any:
        check_process()
        return super().make_train_function(force)

    def make_test_function(self, force: bool = False) -> Any:
        check_process()
        return super().make_test_function(force)

    def make_predict_function(self, force: bool = False) -> Any:
        check_process()
        return super().make_predict_function(force)

    @property
    def input_dtype(self) -> str:
        return "int32"

    def compute_output_spec(self, ids: Any, training: bool | None = None, mask: Any = None) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(ids.shape), "float32")

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",  # noqa: A002 - as Keras has it
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """As `keras.Model.export`: the call on ids, for any number of rows and steps unless `input_signature` fixes
        them, such as `[keras.InputSpec(shape=(1, 128), dtype="int32")]`.

        Raises:
            ValueError: For `format="onnx"`.
        """
        if format == "onnx":  # tf2onnx would log an error and write a file that no program reads
            raise ValueError(
                "`format` must be 'tf_saved_model' or 'litert'; received 'onnx', whose converter, tf2onnx, does not "
                "know the loop over time."
            )
        if input_signature is None:
            input_signature = [tf.TensorSpec([None, None], tf.int32, name="ids")]
        super().export(filepath, format, verbose, input_signature, **kwargs)
