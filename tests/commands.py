"""Commands and scripts that do not wait for TensorFlow: in this process, or in a fork of one that imported it."""

import contextlib
import io
import multiprocessing
import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path
from unittest.mock import patch

from textrnn.cli.main import main

ROOT = Path(__file__).parents[1]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["textrnn.api"])  # the server imports TensorFlow and runs nothing with it


def textrnn_here(*arguments, cwd="."):
    """Run `textrnn` in this process; returns a CompletedProcess."""
    return _record(lambda: main(list(map(str, arguments))), arguments, cwd)


def script_here(path, *arguments, cwd="."):
    """Run a Python script in this process; returns a CompletedProcess."""
    words = [str(path), *map(str, arguments)]
    with patch.object(sys, "argv", words):
        return _record(lambda: runpy.run_path(words[0], run_name="__main__") and 0, words, cwd)


def _record(work, words, cwd):
    outputs = [io.TextIOWrapper(io.BytesIO()) for _ in range(2)]
    with contextlib.chdir(cwd), warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", DeprecationWarning)  # as Python does
        with contextlib.redirect_stdout(outputs[0]), contextlib.redirect_stderr(outputs[1]):
            try:
                status = work()
            except SystemExit as stop:
                status = stop.code or 0
            except Exception as error:
                error.add_note(_shown(outputs[1]))
                raise
    return subprocess.CompletedProcess(words, status, *map(_shown, outputs))


def _shown(output):
    output.flush()
    return output.buffer.getvalue().decode()


class Fork(FORKS.Process):
    """A started process that runs `textrnn`, or with `-c` a Python program; its output goes into a file."""

    def __init__(self, *arguments, cwd, output="shown.txt"):
        super().__init__()
        self.arguments = list(map(str, arguments))
        self.folder = cwd
        self.output = cwd / output
        self.start()

    def run(self):
        from textrnn.layers import recurrence, shards

        recurrence.UNROLLED, shards.MAX_SHARDS = 1, 1  # sooner traced
        os.chdir(self.folder)
        with open(self.output, "wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        if self.arguments[0] != "-c":
            sys.exit(main(self.arguments))
        sys.argv = ["-c", *self.arguments[2:]]
        exec(self.arguments[1], {"__name__": "__main__"})

    def end(self):
        """Exit status, and all that was printed."""
        self.join(timeout=300)
        return self.exitcode, self.output.read_text()
