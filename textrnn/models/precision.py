"""The precision of products: chosen by what the processor is fast at."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import tensorflow as tf

from textrnn import checks

PRECISIONS = ("auto", "float32", "bfloat16")
INSTRUCTIONS = ("amx_bf16", "avx512_bf16")
CPU_INFORMATION = Path("/proc/cpuinfo")


def resolve_precision(precision: str) -> str:
    """`"float32"` or `"bfloat16"`: as asked for, or for `"auto"` what this machine multiplies faster.

    bfloat16 means products of bfloat16 numbers; states, sums over time and the weights that training moves stay
    float32 (Micikevicius et al., 2018, arXiv 1710.03740; Kalamkar et al., 2019, arXiv 1905.12322). A processor
    without such instructions computes it more slowly than float32, and on a GPU cuDNN's float32 recurrence is the
    faster one.

    Raises:
        ValueError: If `precision` is none of `"auto"`, `"float32"`, `"bfloat16"`.
    """
    if checks.one_of("precision", precision, PRECISIONS) != "auto":
        return precision
    is_free = keras.config.dtype_policy().name == "float32"  # somebody who set another policy has chosen already
    is_faster = multiplies_bfloat16() and not tf.config.list_physical_devices("GPU")
    return "bfloat16" if is_free and is_faster else "float32"


def dtype_policy(precision: str) -> str | None:
    """The Keras policy of a resolved precision; None, for `"float32"`, is the one Keras is set to."""
    return "mixed_bfloat16" if precision == "bfloat16" else None


def multiplies_bfloat16() -> bool:
    """Whether the processor says it has instructions for bfloat16 products; only Linux can be asked."""
    try:
        information = CPU_INFORMATION.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    flags = re.search(r"^flags\s*:(.*)$", information, re.MULTILINE)
    return flags is not None and not set(INSTRUCTIONS).isdisjoint(flags[1].split())
