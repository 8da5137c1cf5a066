"""Threads of NumPy's products."""

import threading

import pytest

from textrnn.runtime.blas import blas_threads, one_blas_thread


@pytest.fixture
def threads():
    """The number of threads, two at the beginning."""
    functions = blas_threads()
    if functions is None:
        pytest.skip("NumPy's library is not OpenBLAS")
    get, set_to = functions
    before = get()
    set_to(2)
    if get() != 2:
        pytest.skip("this machine has one core")
    yield get
    set_to(before)


def test_the_last_to_leave_restores_the_threads(threads):
    is_inside, may_leave = threading.Event(), threading.Event()

    def other():
        with one_blas_thread():
            is_inside.set()
            may_leave.wait(timeout=60)

    with one_blas_thread():
        beside = threading.Thread(target=other)
        beside.start()
        assert is_inside.wait(timeout=60)
        assert threads() == 1
    assert threads() == 1  # the other thread is inside still
    may_leave.set()
    beside.join()
    assert threads() == 2


def test_an_error_restores_the_threads_too(threads):
    with pytest.raises(KeyError), one_blas_thread():
        raise KeyError
    assert threads() == 2
