"""Checks of a model's config, the same for constructors and for files, before a model is made."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from textrnn import checks
from textrnn.options import ClassifierOptions, LanguageModelOptions, ModelOptions, options_of
from textrnn.text import tokenizer_from_dict

Facts = dict[str, Any]
Check = Callable[[str, Any], Any]

PRECISIONS = ("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
COUNT = functools.partial(checks.integer_of_at_least, 0)
OF_LANGUAGE_MODEL: dict[str, Check] = {
    "labels": checks.distinct_strings,
    "end_of_text": checks.boolean,
    "seed": COUNT,
}
OF_CLASSIFIER: dict[str, Check] = {
    "labels": functools.partial(checks.distinct_strings, least=2),
    "seed": COUNT,
    "temperature": checks.positive_number,
}
OF_KERAS = ("tokenizer", "name", "trainable", "dtype")


def check_language_model(options: LanguageModelOptions, facts: Mapping[str, Any], vocabulary_size: int) -> Facts:
    """The arguments of a `LanguageModel` beside its options and its tokenizer.

    Args:
        options: Options, none of them None.
        facts: `labels`, `end_of_text` and `seed`.
        vocabulary_size: V.

    Raises:
        ValueError, TypeError: If one is out of its range or of another type, or two conflict.
    """
    checked = {name: check(name, facts[name]) for name, check in OF_LANGUAGE_MODEL.items()}
    _check_cell(options)
    sampled = options.num_sampled
    if sampled and not 2 <= sampled < vocabulary_size:
        raise ValueError(
            f"`num_sampled` must be 0, or 2 or more and less than the {vocabulary_size} tokens of the vocabulary; "
            f"received {sampled}."
        )
    if options.reverse and not checked["end_of_text"]:
        raise ValueError("`reverse` needs documents, which have an end to read them from; received none.")
    return checked


def check_text_classifier(options: ClassifierOptions, facts: Mapping[str, Any]) -> Facts:
    """The arguments of a `TextClassifier` beside its options and its tokenizer.

    Args:
        options: Options, none of them None.
        facts: `labels`, `seed`, `temperature` and `reverse`, which becomes one value an encoder.

    Raises:
        ValueError, TypeError: As `check_language_model`.
    """
    checked = {name: check(name, facts[name]) for name, check in OF_CLASSIFIER.items()}
    _check_cell(options)
    made: Any = options  # none of them is None
    ngrams, size = made.ngrams, made.ensemble_size
    for name, is_given in {"ngrams": ngrams > 2, "ngram_dim": options.ngram_dim is not None}.items():
        if is_given and not options.ngram_buckets:
            raise ValueError(f"`{name}` needs `ngram_buckets`; received {name}={getattr(options, name)} without.")
    reverse = facts["reverse"]
    if not isinstance(reverse, (bool, list, tuple)):
        raise TypeError(f"`reverse` must be True or False, or a list of them; received {reverse!r}.")
    given = [reverse] * size if isinstance(reverse, bool) else reverse
    checked["reverse"] = tuple(checks.boolean(f"reverse[{n}]", one) for n, one in enumerate(given))
    if len(given) != size:
        raise ValueError(f"`reverse` must be one answer, or one an encoder, {size}; received {reverse!r}.")
    if options.bidirectional and any(checked["reverse"]):
        raise ValueError(f"`reverse` must be False for encoders that are bidirectional; received {reverse!r}.")
    return checked


def _check_cell(options: ModelOptions) -> None:
    if options.cell == "min_gru" and options.weight_drop:
        raise ValueError(
            "`weight_drop` must be 0 for MinGRUCell, which has no recurrent kernel; received "
            f"{options.weight_drop!r}."
        )


def check_config(kind: str, config: Any) -> tuple[dict[str, Any], int]:
    """The config of a file of a model of this kind, its precision by name, and the size of its vocabulary.

    Raises:
        ValueError, TypeError: If a setting is missing, unknown or impossible.
    """
    if not isinstance(config, dict):
        raise ValueError(f"its config must be an object; it is {config!r:.60}")
    is_language_model = kind == "LanguageModel"
    options_class = LanguageModelOptions if is_language_model else ClassifierOptions
    facts = {**OF_LANGUAGE_MODEL} if is_language_model else {**OF_CLASSIFIER, "reverse": None}
    known = {*options_class.names(), *facts, *OF_KERAS}
    for missing in sorted(known - config.keys()):
        raise ValueError(f"its config lacks `{missing}`")
    for unknown in sorted(config.keys() - known):
        raise ValueError(f"its config has `{unknown:.60}`, which this version of textrnn does not know")
    for name in ("labels",) if is_language_model else ("labels", "reverse"):
        if not isinstance(config[name], list):
            raise TypeError(f"`{name}` must be a list; received {config[name]!r}.")
    size = tokenizer_from_dict(config["tokenizer"]).vocabulary_size
    checked = _checked(options_class, config, size)
    if not config["name"] or "/" in checks.string("name", config["name"]):
        raise ValueError(f"`name` must be a name without a slash; received {config['name']!r}.")
    checks.boolean("trainable", config["trainable"])
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in checked.items()}
    return {**config, **lists, "dtype": _precision(config["dtype"])}, size


def _checked(options_class: type[ModelOptions], config: Mapping[str, Any], vocabulary_size: int) -> dict[str, Any]:
    options = options_class.from_given(config)
    for one in options_of(options_class):
        if one.is_from_recipe and getattr(options, one.name) is None:
            raise TypeError(f"`{one.name}` must be {one.range.description}; received None.")
    if isinstance(options, LanguageModelOptions):
        if options.output_dropout is None:
            raise TypeError("`output_dropout` must be a fraction; received None.")
        return {**options.as_dict(), **check_language_model(options, config, vocabulary_size)}
    if isinstance(options, ClassifierOptions):
        return {**options.as_dict(), **check_text_classifier(options, config)}
    raise TypeError(f"{options_class.__name__} is of no model")


def _precision(dtype: Any) -> str:
    """The name of a precision; Keras makes no other object from a file."""
    is_policy = isinstance(dtype, dict) and dtype.get("class_name") == "DTypePolicy"
    named = dtype["config"] if is_policy and isinstance(dtype.get("config"), dict) else {"name": dtype}
    return str(checks.one_of("dtype", named.get("name"), PRECISIONS))
