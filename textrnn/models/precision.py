"""Precision of products, chosen by the speed of the processor."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import tensorflow as tf

from textrnn import checks
from textrnn.options import PRECISIONS

INSTRUCTIONS = ("amx_bf16", "avx512_bf16")
CPU_INFORMATION = Path("/proc/cpuinfo")


def resolve_precision(precision: str) -> str:
    """The given precision; for `"auto"` the faster one on this machine, `"float32"` or `"bfloat16"`.

    `"auto"` stays where Keras has another policy than its default: the user has chosen already.

    bfloat16 means products of bfloat16 numbers; states, sums over time and trained weights stay float32
    (Micikevicius et al., 2018, arXiv 1710.03740; Kalamkar et al., 2019, arXiv 1905.12322). A processor without such
    instructions computes them more slowly than float32 ones, and on a GPU cuDNN's float32 recurrence is faster.

    Raises:
        ValueError: If `precision` is none of `"auto"`, `"float32"`, `"bfloat16"`.
    """
    if checks.one_of("precision", precision, PRECISIONS) != "auto":
        return precision
    if keras.config.dtype_policy().name != "float32":
        return precision
    return "bfloat16" if multiplies_bfloat16() and not tf.config.list_physical_devices("GPU") else "float32"


def dtype_policy(precision: str) -> str | None:
    """The Keras policy of a resolved precision; None, for `"auto"`, is the one Keras is set to."""
    return {"bfloat16": "mixed_bfloat16", "float32": "float32", "auto": None}[precision]


def copy_with_policy(model: keras.Model, policy: str) -> keras.Model:
    """A copy of a model whose layers compute by a Keras policy."""
    again = type(model).from_config({**model.get_config(), "dtype": policy})
    for variable, value in zip(again.variables, model.variables, strict=True):
        variable.assign(value)
    return again


def multiplies_bfloat16() -> bool:
    """Whether the processor reports instructions for bfloat16 products; known on Linux only."""
    try:
        information = CPU_INFORMATION.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    flags = re.search(r"^flags\s*:(.*)$", information, re.MULTILINE)
    return flags is not None and not set(INSTRUCTIONS).isdisjoint(flags[1].split())
