"""What every test needs: a quiet TensorFlow, and property tests that a busy machine does not fail."""

import gc
import os
import signal

import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

settings.register_profile("textrnn", deadline=None)
settings.load_profile("textrnn")


PRODUCTION_LOOP = {"layers", "models", "training"}
"""Folders of tests that run the loop of production, which does several steps per iteration."""

ON_BY_DEFAULT = (
    "constant_folding",
    "dependency_optimization",
    "function_optimization",
    "implementation_selector",
    "layout_optimizer",
    "loop_optimization",
    "remapping",
    "shape_optimization",
)
"""Graph optimizations of TensorFlow that `skip_slow_passes` turns off."""


def pytest_sessionstart(session):
    """Configure TensorFlow as `textrnn train` does, in every process that runs tests."""
    if hasattr(session.config, "workerinput") or not session.config.getoption("numprocesses", None):
        from textrnn.cli.library import import_api

        import_api(work="training")
        gc.collect()
        gc.freeze()  # no collection of garbage walks what TensorFlow and Keras made when they were imported
        gc.set_threshold(50_000, 20, 100)  # graphs are many objects, and few of them are garbage


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each process of `-n` neighboring tests, which share traced models, and let an idle one take some over."""
    if config.getoption("dist") == "load":  # the default
        from xdist.scheduler import WorkStealingScheduling

        return WorkStealingScheduling(config, log)
    return None


@pytest.fixture(autouse=True, scope="module")
def quickly_traced(request):
    """One step of a recurrence per iteration and one shard of a batch where they are not tested: sooner traced.

    Tests of the contracts of layers run with all graph optimizations, as in the Keras model of a user.
    """
    import tensorflow as tf

    from textrnn.api import process
    from textrnn.layers import recurrence, shards

    with pytest.MonkeyPatch.context() as patch:
        if request.path.stem == "test_layers_contracts":
            tf.config.optimizer.set_experimental_options(dict.fromkeys(ON_BY_DEFAULT, True))
        else:
            process.skip_slow_passes()
        if not PRODUCTION_LOOP.intersection(request.path.parts):
            patch.setattr(recurrence, "UNROLLED", 1)
        if "layers" not in request.path.parts:
            patch.setattr(shards, "MAX_SHARDS", 1)
        yield


@pytest.fixture(autouse=True, scope="module")
def forgotten_gradients():
    """No custom gradients of past modules: TensorFlow keeps each, and with it its graph, as long as the process."""
    from tensorflow.python.framework import ops

    yield
    registered = ops.gradient_registry._registry
    for name in [name for name in registered if name.startswith("CustomGradient-")]:
        del registered[name]


def pytest_configure(config):
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell: processes inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Keras 3.15 hands its variables to h5py, and their `__array__` has no `copy` argument, which NumPy 2 asks for.
    config.addinivalue_line(
        "filterwarnings", "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
    )
