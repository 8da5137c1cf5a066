"""What can be set, written once: types, defaults, ranges, help and flags. The standard library, nothing else."""

from textrnn.options.generation import GenerationConfig, SamplingOptions
from textrnn.options.models import CELLS, POOLINGS, ClassifierOptions, LanguageModelOptions, ModelOptions
from textrnn.options.option import Option, Options, check_names, options_of
from textrnn.options.run import PRECISIONS, RunOptions
from textrnn.options.tables import FORMATS, QUOTINGS, TableFormat, TableOptions
from textrnn.options.training import (
    RECIPES,
    SCHEDULES,
    TOKENIZERS,
    ClassifierTraining,
    LanguageModelTraining,
    TrainingOptions,
)

__all__ = [
    "CELLS",
    "FORMATS",
    "POOLINGS",
    "PRECISIONS",
    "QUOTINGS",
    "RECIPES",
    "SCHEDULES",
    "TOKENIZERS",
    "ClassifierOptions",
    "ClassifierTraining",
    "GenerationConfig",
    "LanguageModelOptions",
    "LanguageModelTraining",
    "ModelOptions",
    "Option",
    "Options",
    "RunOptions",
    "SamplingOptions",
    "TableFormat",
    "TableOptions",
    "TrainingOptions",
    "check_names",
    "options_of",
]
