"""Trains a model: `python train.py CORPUS`. The same as `textrnn train CORPUS` once installed."""
