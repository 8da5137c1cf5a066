"""The two models, and their loading from files."""

from textrnn.models.language_model import LanguageModel
from textrnn.models.saving import load_model
from textrnn.models.text_classifier import TextClassifier

__all__ = ["LanguageModel", "TextClassifier", "load_model"]
