"""Models at the beginning of a training: options resolved, weights inherited, no step traced."""

from textrnn.api.classifier import build_classifier
from textrnn.api.corpus import load_text
from textrnn.api.labeled_data import load_labeled_data
from textrnn.api.language_model import build_language_model
from textrnn.api.settings import resolve
from textrnn.options.tasks import CLASSIFIER, LANGUAGE_MODEL


def make_language_model(source, **options):
    """The model that `train_language_model` would train with these options."""
    return build_language_model(load_text(resolve(LANGUAGE_MODEL, source, {"precision": "float32", **options})))


def make_classifier(source, **options):
    """The model that `train_classifier` would train with these options."""
    return build_classifier(load_labeled_data(resolve(CLASSIFIER, source, {"precision": "float32", **options})))
