"""Predictions, calibration, explanations and reports of any text classifier; NumPy alone."""

from textrnn.classification.calibration import (
    Calibration,
    CalibrationError,
    expected_calibration_error,
    fit_temperature,
)
from textrnn.classification.classification_stream import ClassificationStream
from textrnn.classification.explanation import Explanation
from textrnn.classification.report import ClassificationReport, Coverage, LabelMeasures
from textrnn.classification.text_labeler import Prediction, TextLabeler

__all__ = [
    "Calibration",
    "CalibrationError",
    "ClassificationReport",
    "ClassificationStream",
    "Coverage",
    "Explanation",
    "LabelMeasures",
    "Prediction",
    "TextLabeler",
    "expected_calibration_error",
    "fit_temperature",
]
