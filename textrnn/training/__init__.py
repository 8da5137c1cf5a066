"""Batches, objectives, the training loop and its run folder; which model it trains it does not know."""

from textrnn.training.curves import can_draw, draw_curves
from textrnn.training.documents import ExampleBatches
from textrnn.training.interrupt import TrainingInterrupted
from textrnn.training.objectives import LabelOfText, NextSymbol
from textrnn.training.run_folder import RunFolder
from textrnn.training.session import checksum, describe_run, open_run
from textrnn.training.splits import split_documents, split_labelled, split_stream, weigh_classes
from textrnn.training.trainer import Trainer, TrainingDivergedError, TrainingSettings

__all__ = [
    "ExampleBatches",
    "LabelOfText",
    "NextSymbol",
    "RunFolder",
    "Trainer",
    "TrainingDivergedError",
    "TrainingInterrupted",
    "TrainingSettings",
    "can_draw",
    "checksum",
    "describe_run",
    "draw_curves",
    "open_run",
    "split_documents",
    "split_labelled",
    "split_stream",
    "weigh_classes",
]
