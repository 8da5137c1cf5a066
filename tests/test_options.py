"""Options are written once: everything derived from their classes is complete, and mistakes are named."""

import argparse
import dataclasses

import pytest

import textrnn
from textrnn.cli import generate, train
from textrnn.options import (
    ClassifierOptions,
    GenerationConfig,
    LanguageModelOptions,
    LanguageModelTraining,
    RunOptions,
    TableOptions,
    options_of,
)
from textrnn.options.recipes import choose_wide_buckets, follow_texts, make_classifier_recipe, make_recipe
from textrnn.options.tasks import CLASSIFIER, LANGUAGE_MODEL, names_of

ALL = [*dict.fromkeys([*LANGUAGE_MODEL.values(), *CLASSIFIER.values(), GenerationConfig])]
BY_THE_DATA = {"wide_buckets", "num_sampled", "reverse", "tokenizer"}  # decided where the vocabulary is known


def open_options(task):
    return {one.name for kind in task.values() for one in options_of(kind) if one.is_from_recipe}


@pytest.mark.parametrize("recipe", ["quick", "standard", "best"])
def test_recipe_decides_every_option_that_is_left_to_it(recipe):
    values = make_recipe(recipe, 100_000)
    assert open_options(LANGUAGE_MODEL) - BY_THE_DATA <= values.keys() <= {*names_of(LANGUAGE_MODEL)}
    for kind in LANGUAGE_MODEL.values():
        kind.from_given(values)  # or an error: each value is in its range


@pytest.mark.parametrize("tokenizer", ["word", "byte"])
@pytest.mark.parametrize("pretrained", [None, "min_gru"])
def test_classifier_recipe_decides_every_option_that_is_left_to_it(tokenizer, pretrained):
    values = make_classifier_recipe(tokenizer, pretrained)
    open_later = BY_THE_DATA | follow_texts(1).keys()
    assert open_options(CLASSIFIER) - open_later <= values.keys() <= {*names_of(CLASSIFIER)}
    for kind in CLASSIFIER.values():
        kind.from_given(values)


def test_epochs_and_batches_of_a_classifier_follow_the_number_of_texts():
    assert follow_texts(1) == follow_texts(10_000) == {"epochs": 8, "batch_size": 16}
    assert follow_texts(40_000) == {"epochs": 4, "batch_size": 32}
    assert follow_texts(10**6) == {"epochs": 2, "batch_size": 64}


def test_buckets_of_the_wide_path_follow_the_texts_and_the_labels():
    assert choose_wide_buckets(200_000, 2) == 1 << 17
    assert choose_wide_buckets(50, 2) == 1 << 10
    assert choose_wide_buckets(10**9, 2) * 2 == choose_wide_buckets(10**9, 8) * 8 == 1 << 23


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_help_of_every_option_is_a_sentence(kind):
    for one in options_of(kind):
        assert one.help[0].isupper(), one.name
        assert one.help.endswith("."), one.name
        assert one.range.description, one.name


def test_an_option_of_two_classes_is_the_same_in_both():
    seen = {}
    for kind in {*LANGUAGE_MODEL.values(), *CLASSIFIER.values()}:
        for one in options_of(kind):
            facts = (one.help, one.flags, one.range.description, one.default)
            assert seen.setdefault(one.name, facts) == facts


@pytest.mark.parametrize(
    ("command", "kinds"), [(train, [*LANGUAGE_MODEL.values(), *CLASSIFIER.values()]), (generate, [GenerationConfig])]
)
def test_command_has_the_flag_of_every_option(command, kinds):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    flags = {flag: action for action in parser._actions for flag in action.option_strings}
    for one in {one.name: one for kind in kinds for one in options_of(kind) if one.is_in_shell}.values():
        for flag in (f"--{one.name.replace('_', '-')}", *one.flags):
            assert flags[flag].dest == one.name
            assert flags[flag].help


def test_typed_value_is_checked_as_in_python():
    parser = argparse.ArgumentParser(exit_on_error=False)
    train.add_arguments(parser)
    with pytest.raises(argparse.ArgumentError, match=r"must be a positive integer; received -3"):
        parser.parse_args(["corpus.txt", "--units", "-3"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LanguageModelOptions(unit=8), "LanguageModelOptions has no option `unit`; did you mean `units`?"),
        (lambda: ClassifierOptions(qqq=8), "ClassifierOptions has no option `qqq`; it has cell, units"),
        (lambda: LanguageModelOptions(units=0), "`units` must be a positive integer; received 0"),
        (lambda: RunOptions(precision="half"), "`precision` must be one of 'auto', 'float32', 'bfloat16'"),
        (lambda: TableOptions(encoding=None), "`encoding` must be a string; received None"),
        (
            lambda: textrnn.train_classifier("table.csv", ensemble_size=3),
            r"train_classifier takes `ensemble_size` as model=textrnn.ClassifierOptions\(ensemble_size=...\)",
        ),
        (
            lambda: textrnn.train_language_model("text.txt", learning_rat=3),
            "train_language_model has no option `learning_rat`; did you mean `learning_rate`?",
        ),
        (
            lambda: textrnn.train_language_model("text.txt", units=3, model=LanguageModelOptions(units=4)),
            "`units` must be given once; received 3 and, in `model`, 4",
        ),
        (
            lambda: textrnn.train_language_model("text.txt", model=LanguageModelTraining()),
            "`model` must be a textrnn.LanguageModelOptions; received LanguageModelTraining",
        ),
    ],
)
def test_mistake_is_named_at_once(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_options_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        LanguageModelOptions(units=8).units = 9


def test_flat_arguments_come_on_top_of_an_object():
    config = GenerationConfig(top_k=5, length=10).updated("config", {"length": 400, "temperature": 0.5, "seed": None})
    assert config.changed() == {"top_k": 5, "length": 10, "temperature": 0.5}
