"""The runtime where NumPy and h5py are the only other packages."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

import textrnn

SCRIPT = Path(__file__).with_name("lean_environment.py")


def test_models_run_with_numpy_and_h5py_alone(tmp_path):
    for package in (h5py, np, textrnn):
        home = Path(package.__file__).parent
        for folder in (home, home.with_name(f"{home.name}.libs")):
            if folder.exists():
                (tmp_path / folder.name).symlink_to(folder)
    done = subprocess.run(
        [sys.executable, "-S", str(SCRIPT)],  # -S: no site-packages
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.endswith("runs with NumPy and h5py alone\n")
