"""A Keras model that refuses to work where it would wait for ever."""

from __future__ import annotations

from typing import Any

import keras

from textrnn.forks import check_process


class OneProcessModel(keras.Model):
    """Checks the process before calls, and before `fit`, `evaluate`, `predict` and their likes for one batch."""

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
