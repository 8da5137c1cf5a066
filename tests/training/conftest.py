"""Graphs are run a few times here: what TensorFlow does to a graph beforehand would take most of the time."""

from textrnn.cli.library import spare_passes

spare_passes()
