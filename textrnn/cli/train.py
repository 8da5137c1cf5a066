"""`textrnn train CORPUS`."""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path
from typing import Any

from textrnn.cli.folders import latest_folder, new_folder, read_config
from textrnn.cli.hints import command_line
from textrnn.cli.library import import_api
from textrnn.cli.option_flags import add_options
from textrnn.files import DamagedFileError, refuse_damage
from textrnn.options import (
    IN_MEMORY,
    ClassifierOptions,
    ClassifierTraining,
    LanguageModelOptions,
    LanguageModelTraining,
    ModelOptions,
    Options,
    RunOptions,
    TableFormat,
    TableOptions,
    TrainingOptions,
)
from textrnn.options.tasks import CLASSIFIER, LANGUAGE_MODEL, arguments_for, names_of

NOT_OPTIONS = ("find_learning_rate", "task", "deterministic", "quiet", "command", "run", "source", "out", "resume")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `train`. A flag that is not given leaves the value to the library."""
    parser.usage = "%(prog)s CORPUS [options]"
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add(
        "source",
        nargs="?",
        metavar="CORPUS",
        help=".txt file or folder of them for a language model; .csv, .tsv or .jsonl for a classifier",
    )
    add("--out", metavar="DIR", help="run folder (default: runs/CORPUS)")
    add("--resume", action="store_true", help="resume the run in --out exactly where it was saved")
    add("--task", choices=("language-model", "classifier"), help="model to train (default: by the file's ending)")
    add("--deterministic", action="store_true", help="give bit for bit the same result on the same machine")
    add("--quiet", action="store_true", help="print only the result")
    add(
        "--find-learning-rate",
        action="store_true",
        help="train nothing; print the loss at each learning rate",
    )
    added: list[str] = []
    for title, description, kinds in SECTIONS:
        group = parser.add_argument_group(title, description)
        for kind in kinds:
            add_options(group, kind, left_out=added)
            added.extend(kind.names())


SECTIONS: tuple[tuple[str, str | None, tuple[type[Options], ...]], ...] = (
    ("model", "The recipe decides where a flag is not given.", (ModelOptions,)),
    ("training", "The recipe decides where a flag is not given.", (TrainingOptions,)),
    ("language models only", None, (LanguageModelTraining, LanguageModelOptions)),
    ("classifiers only", None, (ClassifierTraining, ClassifierOptions)),
    ("run", None, (RunOptions,)),
    ("tables and files", None, (TableOptions,)),
)
"""Sections of the help: title, description, and the classes whose options have their flags there."""


def run(arguments: argparse.Namespace) -> None:
    """Train a model, then print a sample or a command to try it."""
    given = vars(arguments)
    source, out = given.get("source"), given.get("out")
    recorded: dict[str, Any] = {}
    if given.get("resume"):
        out = out or latest_folder(source)
        recorded = read_config(Path(out))
        source = source or recorded.get("settings", {}).get("source")
        _check_texts_can_be_read_again({**recorded.get("settings", {}), **given}, out, is_given="source" in given)
    if source is None:
        raise argparse.ArgumentTypeError("CORPUS is needed (or --resume with the --out of a run)")
    stored = {name: value for name, value in recorded.get("settings", {}).items() if name != "source"}
    options = {**stored, **{name: value for name, value in given.items() if name not in NOT_OPTIONS}}
    is_table_of_texts = (
        "condition_column" in options or options.get("documents") == "row"
    ) and "model" not in recorded
    task = given.get("task", "language-model" if is_table_of_texts else None)
    is_classifier = _is_classifier(task, recorded.get("model"), source, options)
    kinds = CLASSIFIER if is_classifier else LANGUAGE_MODEL
    _check_recorded(stored, kinds, out)
    _refuse(options, kinds, is_classifier)
    if source != "-":
        os.stat(source)  # a file that is missing is an error at once: TensorFlow takes seconds to start
    api = import_api(work="training", deterministic=given.get("deterministic", False))
    train: Any = api.train_classifier if is_classifier else api.train_language_model
    quiet = given.get("quiet", False)
    if given.get("find_learning_rate"):
        _find_learning_rate(api, source, is_classifier, not quiet, options)
        return
    with new_folder(source) if out is None else contextlib.nullcontext(out) as out:
        model = train(
            source, out=out, resume=given.get("resume", False), verbose=not quiet, **arguments_for(kinds, **options)
        )
    if is_classifier:
        print(f"\ntry it:  {command_line('classify', out, 'Not bad at all!')}")
    elif model.reverse:
        print(f"\nuse it:  {command_line('train', 'TABLE', '--pretrained', out)}")
    else:
        condition = model.labels[0] if model.labels else None
        passage = model.generate(length=500, temperature=0.7, seed=options.get("seed", 0), condition=condition)
        print(f"\n--- what it writes ---\n{passage}\n---")
        chosen = ["--condition", condition] if condition else []
        print(f"\nmore of it:  {command_line('generate', out, '--temperature', 0.7, *chosen)}")


def _find_learning_rate(api: Any, source: str, is_classifier: bool, verbose: bool, options: dict[str, Any]) -> None:
    if is_classifier:
        raise argparse.ArgumentTypeError("--find-learning-rate does not apply to a classifier")
    found = api.find_learning_rate(source, verbose=verbose, **options)
    print("learning rate  loss, nats")
    for rate, loss in list(zip(found.rates, found.losses, strict=True))[:: max(1, len(found.rates) // 20)]:
        print(f"{rate:13.2e}  {loss:.3f}")
    print(f"the loss falls fastest at {found.suggestion:.2g}")


def _is_classifier(task: str | None, model: str | None, source: str, options: dict[str, Any]) -> bool:
    """The task given with `--task`, or that of the resumed run, or that of the corpus's ending."""
    if task is not None or model is not None:
        return task == "classifier" or (task is None and model == "TextClassifier")
    from textrnn.text import TABLES, file_ending

    table = TableFormat.from_given(options)
    if table.changed():
        return table.format != "txt"
    return file_ending(Path(source)) in TABLES


def _check_texts_can_be_read_again(settings: dict[str, Any], out: str, *, is_given: bool) -> None:
    """Refuse to resume a run without its texts: standard input and texts in memory are kept nowhere."""
    gone = [name for name, value in settings.items() if isinstance(value, str) and value == IN_MEMORY]
    if gone:
        raise argparse.ArgumentTypeError(
            f"the run in {out} was started in Python with texts in memory ({', '.join(gone)}): resume it in Python "
            "with the same texts and resume=True"
        )
    if settings.get("source") == "-" and not is_given:
        raise argparse.ArgumentTypeError(
            f"CORPUS is needed: the run in {out} was started with standard input; give the same text again, as in "
            f"`{command_line('train', '-', '--resume', '--out', out)} < FILE`, or the name of a file that holds it"
        )


def _check_recorded(stored: dict[str, Any], kinds: dict[str, type[Options]], out: str | None) -> None:
    """Refuse recorded settings that are no options of the run's model, or out of their range."""
    if unknown := stored.keys() - names_of(kinds):
        raise DamagedFileError(
            f"{out}/config.json must hold the settings of a run; it has {', '.join(sorted(unknown))}, which "
            "this version of textrnn does not know."
        )
    with refuse_damage(f"{out}/config.json", "hold the settings of a run"):
        for kind in kinds.values():
            kind.from_given(stored)


def _refuse(options: dict[str, Any], kinds: dict[str, type[Options]], is_classifier: bool) -> None:
    """Refuse flags of the other model."""
    known = names_of(kinds)
    for name in options:
        if name not in known:
            kind = "a classifier" if is_classifier else "a language model"
            raise argparse.ArgumentTypeError(f"--{name.replace('_', '-')} does not apply to {kind}")
