"""Process-wide settings of TensorFlow, which only the owner of the process may change."""

from __future__ import annotations

import tensorflow as tf

from textrnn import checks
from textrnn.layers.shards import MAX_SHARDS, has_gpu
from textrnn.threads import count_cores

SKIPPED_PASSES = (
    "auto_mixed_precision",
    "constant_folding",
    "debug_stripper",
    "dependency_optimization",
    "function_optimization",
    "implementation_selector",
    "layout_optimizer",
    "loop_optimization",
    "pin_to_host_optimization",
    "remapping",
    "scoped_allocator_optimization",
    "shape_optimization",
)
"""Graph optimizations that take half of the time before the first step and make no step faster."""


def configure_tensorflow(*, deterministic: bool = False) -> None:
    """Configure TensorFlow for training recurrent models in this process; `textrnn train` does so by itself.

    A training step is cut into shards that run in parallel, one per core; in a Keras model of one's own, the layer
    `Recurrent` is. By default TensorFlow also splits every operation over all cores, so the shards wait for each
    other. This call gives an operation its share of the cores (one thread on up to four cores) and skips graph
    optimizations that delay the first step. With a GPU the threads are not changed.

    Call it once, before anything else makes TensorFlow run.

    Args:
        deterministic: Whether operations give the same bits every time, so that a resumed training equals one that
            never stopped bit for bit.

    Raises:
        TypeError: If `deterministic` is not True or False.
        RuntimeError: If TensorFlow has run already with other threads.
    """
    checks.boolean("deterministic", deterministic)
    skip_slow_passes()
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    if tf.config.list_physical_devices("GPU"):
        return
    cores = count_cores()
    threads = max(1, cores // MAX_SHARDS)
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(cores)
    except RuntimeError as error:
        raise RuntimeError(
            "`configure_tensorflow` must be called before TensorFlow runs anything in this process; it has run."
        ) from error


def skip_slow_passes() -> None:
    """Skip graph optimizations, so that TensorFlow runs a new graph sooner."""
    tf.config.optimizer.set_experimental_options(dict.fromkeys(SKIPPED_PASSES, False))


def is_configured() -> bool:
    """Whether the number of threads is set, by `configure_tensorflow` or the user, or does not matter."""
    return has_gpu() or count_cores() == 1 or tf.config.threading.get_intra_op_parallelism_threads() > 0
