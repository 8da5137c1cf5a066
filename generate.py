"""Writes text: `python generate.py RUN --prompt "ISELIN:"`, the same as `textrnn generate` once installed."""

import sys

from textrnn.cli.main import run_script

if __name__ == "__main__":
    sys.exit(run_script("generate"))
