"""Options of a run: seed, precision, folder and output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any

from textrnn.options.option import Options, option, options
from textrnn.options.ranges import COUNT, NON_NEGATIVE_NUMBER, SWITCH, anything, one_of

PRECISIONS = ("auto", "float32", "bfloat16")
IN_MEMORY = "in memory"
"""Name of texts that were no file, in the recorded options of a run."""


@options
class RunOptions(Options):
    """Options of a run: seed, precision, folder and output."""

    seed: Annotated[int, option(COUNT, "Seed of the weights, dropout, held-out texts and order.")] = 0
    precision: Annotated[
        str,
        option(
            one_of(*PRECISIONS),
            "Precision of products; states, sums and weights stay float32. auto takes bfloat16 where the processor "
            "has instructions for it.",
        ),
    ] = "auto"
    out: Annotated[
        str | os.PathLike[str] | None,
        option(anything("DIR", "a path"), "Folder of the run; without it nothing is saved.", is_in_shell=False),
    ] = None
    resume: Annotated[
        bool, option(SWITCH, "Resuming of the run in `out` exactly where it was saved.", is_in_shell=False)
    ] = False
    checkpoint_seconds: Annotated[float, option(NON_NEGATIVE_NUMBER, "Seconds between checkpoints.")] = 60.0
    callbacks: Annotated[
        Sequence[Any],
        option(
            anything("", "Keras callbacks"),
            "Keras callbacks other than those that set the learning rate.",
            is_in_shell=False,
        ),
    ] = ()
    verbose: Annotated[bool, option(SWITCH, "Display of progress.", is_in_shell=False)] = True
