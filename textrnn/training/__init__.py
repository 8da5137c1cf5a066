"""Batches, objectives, the training loop and its run folder, independent of the model."""

from textrnn.training.batch import Batches
from textrnn.training.bucketed_batches import LabeledBatches
from textrnn.training.curves import can_draw, draw_curves
from textrnn.training.interrupt import TrainingInterrupted
from textrnn.training.objectives import LabelOfText, NextToken
from textrnn.training.range_test import RangeTest, run_range_test
from textrnn.training.report import say
from textrnn.training.run_folder import RunFolder
from textrnn.training.runs import begin_run, checksum, claim_run, describe_run
from textrnn.training.splits import (
    split_documents,
    split_labeled,
    split_stream,
    validation_documents,
    validation_stream,
    weigh_classes,
)
from textrnn.training.trainer import Trainer, TrainingDivergedError

__all__ = [
    "Batches",
    "LabelOfText",
    "LabeledBatches",
    "NextToken",
    "RangeTest",
    "RunFolder",
    "Trainer",
    "TrainingDivergedError",
    "TrainingInterrupted",
    "begin_run",
    "can_draw",
    "checksum",
    "claim_run",
    "describe_run",
    "draw_curves",
    "run_range_test",
    "say",
    "split_documents",
    "split_labeled",
    "split_stream",
    "validation_documents",
    "validation_stream",
    "weigh_classes",
]
