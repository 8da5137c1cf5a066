"""Graphs are run a few times here: what TensorFlow does to a graph beforehand would take most of the time."""

from textrnn.api.process import skip_slow_passes

skip_slow_passes()
