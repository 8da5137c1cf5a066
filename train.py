"""Trains a model: `python train.py CORPUS`, the same as `textrnn train CORPUS` once installed."""

import sys

from textrnn.cli.main import run_script

if __name__ == "__main__":
    sys.exit(run_script("train"))
