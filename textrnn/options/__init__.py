"""Options, each written once: type, default, range, help and flags. Imports the standard library alone."""

from textrnn.options.generation import GenerationConfig, SamplingOptions
from textrnn.options.models import CELLS, POOLINGS, ClassifierOptions, LanguageModelOptions, ModelOptions
from textrnn.options.option import Option, Options, check_names, options_of
from textrnn.options.run import IN_MEMORY, PRECISIONS, RunOptions
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
    "IN_MEMORY",
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
