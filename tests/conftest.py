"""What every test needs: a quiet TensorFlow, and property tests that a busy machine does not fail."""

import os
import signal

import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

settings.register_profile("textrnn", deadline=None)
settings.load_profile("textrnn")


@pytest.fixture(autouse=True, scope="module")
def quickly_traced(request):
    """One step of a recurrence a loop instead of several, wherever loops are not what is tested: the same numbers,
    sooner traced."""
    if "layers" in request.path.parts:
        yield
        return
    from textrnn.layers import recurrence

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recurrence, "UNROLLED", 1)
        yield


def pytest_configure(config):
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell: processes inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Keras 3.15 hands its variables to h5py, and their `__array__` has no `copy` argument, which NumPy 2 asks for.
    config.addinivalue_line(
        "filterwarnings", "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
    )
