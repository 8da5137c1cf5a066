"""The examples in the docstrings are executed."""

import doctest

import numpy as np
import pytest

from textrnn import layers


@pytest.mark.parametrize("name", layers.__all__)
def test_example_runs_as_shown(name):
    shown = {"np": np, **{other: getattr(layers, other) for other in layers.__all__}}
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(layers, name), name, globs=shown)
    assert test.examples, f"{name} shows no example"
    result = doctest.DocTestRunner(verbose=False).run(test)
    assert result.failed == 0
