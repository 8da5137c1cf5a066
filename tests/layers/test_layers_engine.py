"""The engine that runs a layer follows from cell, mask, device and zoneout."""

import keras
import numpy as np
import pytest
from references import CELLS, B, H, T

from textrnn.layers import LSTMCell
from textrnn.layers.engine import choose_engine

MASK = np.ones((B, T), bool)
ON_A_GPU = {"lstm": "cudnn", "gru": "cudnn", "min_gru": "scan"}


@pytest.mark.parametrize("name", CELLS)
def test_a_processor_runs_every_cell_in_the_loop(name):
    assert choose_engine(CELLS[name](), MASK, on_gpu=False) == "loop"


@pytest.mark.parametrize("name", CELLS)
def test_a_gpu_runs_the_fastest_engine_that_knows_the_cell(name):
    cell, engine = CELLS[name](), ON_A_GPU.get(name, "loop")
    assert choose_engine(cell, None, on_gpu=True) == engine
    assert choose_engine(cell, MASK, on_gpu=True) == {"cudnn": "cudnn_or_loop"}.get(engine, engine)
    assert choose_engine(cell, None, on_gpu=True, zoneout=0.1) == "loop"


@pytest.mark.parametrize("on_gpu", [False, True])
def test_keras_runs_its_own_cells(on_gpu):
    assert choose_engine(keras.layers.LSTMCell(H), None, on_gpu=on_gpu) == "keras"


def test_a_gpu_runs_no_step_that_its_kernel_does_not_know():
    class Other(LSTMCell):
        pass

    assert choose_engine(Other(H), None, on_gpu=True) == "loop"
    assert choose_engine(LSTMCell(H, dtype="mixed_bfloat16"), None, on_gpu=True) == "loop"
