"""What a model may be made of: for constructors, and for files, whose config is checked before it is used."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from textrnn import checks
from textrnn.runtime.cells import KINDS
from textrnn.text import tokenizer_from_dict

Checked = dict[str, Any]
Check = Callable[[str, Any], Any]

POOLINGS = ("concat", "attention")
NGRAMS_AT_MOST = 64
PRECISIONS = ("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def _ngrams(name: str, value: Any) -> int:
    longest = checks.integer_of_at_least(2, name, value)
    if longest > NGRAMS_AT_MOST:
        raise ValueError(f"`{name}` must be an integer from 2 to {NGRAMS_AT_MOST}; received {value!r}.")
    return longest


def _size_or_none(name: str, value: Any) -> int | None:
    return None if value is None else checks.positive_integer(name, value)


COUNT = functools.partial(checks.integer_of_at_least, 0)
LANGUAGE_MODEL: dict[str, Check] = {
    "cell": functools.partial(checks.one_of, allowed=tuple(KINDS)),
    "units": checks.positive_integer,
    "num_layers": checks.positive_integer,
    "embedding_dim": checks.positive_integer,
    "input_dropout": checks.fraction,
    "dropout": checks.fraction,
    "output_dropout": checks.fraction,
    "embedding_dropout": checks.fraction,
    "weight_drop": checks.fraction,
    "zoneout": checks.fraction,
    "layer_norm": checks.boolean,
    "residual": checks.boolean,
    "tie_embeddings": checks.boolean,
    "negatives": COUNT,
    "labels": checks.distinct_strings,
    "documents": checks.boolean,
    "reverse": checks.boolean,
    "seed": COUNT,
}
TEXT_CLASSIFIER: dict[str, Check] = {
    "labels": functools.partial(checks.distinct_strings, least=2),
    "cell": functools.partial(checks.one_of, allowed=tuple(KINDS)),
    "units": checks.positive_integer,
    "num_layers": checks.positive_integer,
    "embedding_dim": checks.positive_integer,
    "ngrams": _ngrams,
    "ngram_buckets": COUNT,
    "ngram_dim": _size_or_none,
    "dropout": checks.fraction,
    "symbol_dropout": checks.fraction,
    "weight_drop": checks.fraction,
    "bidirectional": checks.boolean,
    "pooling": functools.partial(checks.one_of, allowed=POOLINGS),
    "members": checks.positive_integer,
    "seed": COUNT,
    "temperature": checks.positive_number,
}


def _checked(table: Mapping[str, Check], options: Mapping[str, Any]) -> Checked:
    checked = {name: check(name, options[name]) for name, check in table.items()}
    if checked["cell"] == "min_gru" and checked["weight_drop"]:
        raise ValueError(
            f"`weight_drop` must be 0 for MinGRUCell, which has no recurrent kernel; received "
            f"{checked['weight_drop']!r}."
        )
    return checked


def check_language_model(options: Mapping[str, Any], vocabulary_size: int) -> Checked:
    """The arguments of a `LanguageModel` but the tokenizer, sizes resolved.

    Raises:
        ValueError, TypeError: If one is out of its range or of another type, or two do not go together.
    """
    checked = _checked(LANGUAGE_MODEL, options)
    negatives = checked["negatives"]
    if negatives and not 2 <= negatives < vocabulary_size:
        raise ValueError(
            f"`negatives` must be 0, or 2 or more and less than the {vocabulary_size} symbols of the vocabulary; "
            f"received {negatives}."
        )
    if checked["reverse"] and not checked["documents"]:
        raise ValueError("`reverse` needs documents, which have an end to read them from; received none.")
    return checked


def check_text_classifier(options: Mapping[str, Any]) -> Checked:
    """The arguments of a `TextClassifier` but the tokenizer; `reverse` becomes one answer a reader.

    Raises:
        ValueError, TypeError: As `check_language_model`.
    """
    checked = _checked(TEXT_CLASSIFIER, options)
    for name, is_given in {"ngrams": checked["ngrams"] > 2, "ngram_dim": checked["ngram_dim"] is not None}.items():
        if is_given and not checked["ngram_buckets"]:
            raise ValueError(f"`{name}` needs `ngram_buckets`; received {name}={checked[name]} without.")
    reverse, members = options["reverse"], checked["members"]
    if not isinstance(reverse, (bool, list, tuple)):
        raise TypeError(f"`reverse` must be True or False, or a list of them; received {reverse!r}.")
    given = [reverse] * members if isinstance(reverse, bool) else reverse
    checked["reverse"] = tuple(checks.boolean(f"reverse[{n}]", one) for n, one in enumerate(given))
    if len(given) != members:
        raise ValueError(f"`reverse` must be one answer, or one a reader, {members}; received {reverse!r}.")
    if checked["bidirectional"] and any(checked["reverse"]):
        raise ValueError(f"`reverse` must be False for readers that are bidirectional; received {reverse!r}.")
    return checked


def check_config(kind: str, config: Any) -> tuple[dict[str, Any], int]:
    """The config of a file of a model of this kind, its precision by name, and the size of its vocabulary.

    Raises:
        ValueError, TypeError: If a setting is missing, unknown or impossible.
    """
    if not isinstance(config, dict):
        raise ValueError(f"its config must be an object; it is {config!r:.60}")
    is_language_model = kind == "LanguageModel"
    known = {*(LANGUAGE_MODEL if is_language_model else {**TEXT_CLASSIFIER, "reverse": None})}
    known |= {"tokenizer", "name", "trainable", "dtype"}
    config = {"reverse": False, **config} if is_language_model else config  # a file may be older
    for missing in sorted(known - config.keys()):
        raise ValueError(f"its config lacks `{missing}`")
    for unknown in sorted(config.keys() - known):
        raise ValueError(f"its config has `{unknown:.60}`, which this version of textrnn does not know")
    for name in ("labels",) if is_language_model else ("labels", "reverse"):
        if not isinstance(config[name], list):
            raise TypeError(f"`{name}` must be a list; received {config[name]!r}.")
    size = tokenizer_from_dict(config["tokenizer"]).vocabulary_size
    checked = check_language_model(config, size) if is_language_model else check_text_classifier(config)
    if not config["name"] or "/" in checks.string("name", config["name"]):
        raise ValueError(f"`name` must be a name without a slash; received {config['name']!r}.")
    checks.boolean("trainable", config["trainable"])
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in checked.items()}
    return {**config, **lists, "dtype": _precision(config["dtype"])}, size


def _precision(dtype: Any) -> str:
    """By name: what else Keras would make of a file's words is not made."""
    is_policy = isinstance(dtype, dict) and dtype.get("class_name") == "DTypePolicy"
    named = dtype["config"] if is_policy and isinstance(dtype.get("config"), dict) else {"name": dtype}
    return str(checks.one_of("dtype", named.get("name"), PRECISIONS))
