"""`textrnn train CORPUS`."""

from __future__ import annotations

import argparse
import contextlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.cli import flags
from textrnn.cli.folders import latest_folder, new_folder, read_config
from textrnn.cli.hints import command_line
from textrnn.cli.library import import_api
from textrnn.files import DamagedFileError

if TYPE_CHECKING:
    from textrnn.text import TableFormat

OWN = (
    "find_learning_rate",
    "task",
    "deterministic",
    "quiet",
    "command",
    "run",
    "source",
    "out",
    "resume",
    *flags.TABLE,
)
ONLY_LANGUAGE = (
    "recipe",
    "sequence_length",
    "input_dropout",
    "output_dropout",
    "embedding_dropout",
    "zoneout",
    "layer_norm",
    "residual",
    "tie_embeddings",
    "negatives",
    "random_offsets",
    "schedule",
    "activation_penalty",
    "change_penalty",
    "weight_averaging",
    "documents",
    "reverse",
    "condition",
    "init_from",
    "gradient_by_lag",
)
ONLY_CLASSIFIER = (
    "pretrained",
    "language_model_loss",
    "bptt",
    "maximum_length",
    "layer_discount",
    "unfreezing",
    "members",
    "ngrams",
    "ngram_buckets",
    "ngram_dim",
    "symbol_dropout",
    "bidirectional",
    "smoothness",
    "unlabelled",
    "pooling",
    "class_weight",
    "label_column",
)


REGULARISERS = {
    "--input-dropout": "fraction of the embeddings' features dropped",
    "--output-dropout": "fraction of the last layer's outputs dropped (default: --dropout)",
    "--embedding-dropout": "fraction of the symbols whose embedding is dropped",
    "--weight-drop": "fraction of each recurrent kernel dropped",
    "--zoneout": "how likely a unit keeps its state at a step",
    "--weight-averaging": "how much of the weights' average stays at a step, such as 0.999",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `train`: one that is not given leaves the default to the library."""
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add(
        "source",
        nargs="?",
        metavar="CORPUS",
        help=".txt file or folder of them; .csv, .tsv, .jsonl for a classifier; - is the input",
    )
    add("--out", metavar="DIR", help="run folder (default: runs/ and the corpus's name)")
    add("--resume", action="store_true", help="go on with the run in --out, exactly where it was saved")
    add("--task", choices=("language-model", "classifier"), help="default: by the corpus's ending")
    add("--tokenizer", choices=("character", "byte", "byte_pair", "word"), help="what a symbol is")
    add("--cell", "--model", choices=("rnn", "lstm", "gru", "min_gru"), help="the recurrent cell")
    add(
        "--units",
        "--rnn_size",
        "--rnn-size",
        type=flags.positive_integer,
        metavar="N",
        help="size of each recurrent layer",
    )
    add("--num-layers", "--num_layers", type=flags.positive_integer, metavar="N", help="recurrent layers")
    add(
        "--embedding-dim",
        "--embedding_dim",
        type=flags.positive_integer,
        metavar="N",
        help="size of a symbol's embedding",
    )
    add("--dropout", type=flags.fraction, metavar="X", help="fraction dropped while training")
    add(
        "--epochs",
        "--num_epochs",
        "--max_epochs",
        type=flags.positive_integer,
        metavar="N",
        help="passes over the corpus",
    )
    add("--batch-size", "--batch_size", type=flags.positive_integer, metavar="N", help="rows a step")
    add(
        "--learning-rate",
        "--learning_rate",
        "--lr",
        type=flags.positive_number,
        metavar="X",
        help="peak learning rate",
    )
    add("--weight-decay", "--weight_decay", type=flags.number, metavar="X", help="of AdamW")
    add(
        "--clip-norm",
        "--grad_clip",
        type=flags.positive_number,
        metavar="X",
        help="largest global norm of the gradient",
    )
    add("--warmup", type=flags.fraction, metavar="X", help="fraction of all steps over which the learning rate rises")
    add(
        "--patience",
        type=flags.positive_integer,
        metavar="N",
        help="stop after so many epochs without a better result on what is held out",
    )
    add("--validation-split", "--val_frac", type=flags.fraction, metavar="X", help="fraction held out for validation")
    flags.add_table(parser)
    add(
        "--validation",
        dest="validation_data",
        metavar="FILE",
        help="a file of your own to validate on, read as CORPUS is, instead of a part of it",
    )
    add("--precision", choices=("auto", "float32", "bfloat16"), help="of products; auto asks the processor")
    add("--seed", type=flags.count, metavar="N", help="for the weights, dropout and order")
    add("--checkpoint-seconds", type=flags.number, metavar="X", help="time between checkpoints")
    add("--deterministic", action="store_true", help="bit for bit the same result on the same machine")
    add("--quiet", action="store_true", help="print nothing but the end")
    language = parser.add_argument_group("language model")
    add = language.add_argument
    add(
        "--sequence-length",
        "--seq_length",
        "--block_size",
        type=flags.positive_integer,
        metavar="N",
        help="steps a gradient goes",
    )
    add(
        "--recipe", choices=("quick", "standard", "best"), help="what decides where no flag is given (default: quick)"
    )
    for flag, what in REGULARISERS.items():
        add(flag, type=flags.fraction, metavar="X", help=what)
    add("--layer-norm", action=argparse.BooleanOptionalAction, help="normalise the outputs of each layer")
    add("--residual", action=argparse.BooleanOptionalAction, help="each layer but the first adds to its inputs")
    add("--tie-embeddings", action=argparse.BooleanOptionalAction, help="output shares the embedding's weights")
    add("--negatives", type=flags.count, metavar="N", help="symbols the right one is told from; 0 for all")
    add("--random-offsets", action=argparse.BooleanOptionalAction, help="cut the windows of each epoch elsewhere")
    add("--schedule", choices=("cosine", "one_cycle", "constant"), help="what follows the warm-up")
    add("--activation-penalty", type=flags.number, metavar="X", help="on the mean square of the outputs")
    add("--change-penalty", type=flags.number, metavar="X", help="on the mean square of their changes")
    add(
        "--documents",
        choices=("line", "file", "row"),
        help="many texts that end, one a line, a file or a row of a table",
    )
    add("--reverse", action=argparse.BooleanOptionalAction, help="read documents from their end, for a classifier")
    add(
        "--condition",
        type=flags.column,
        metavar="COLUMN",
        help="condition the texts of a table on the labels in this column",
    )
    add("--init-from", "--init_from", metavar="MODEL", help="begin with the weights of a language model")
    add(
        "--find-learning-rate",
        action="store_true",
        help="train nothing: print at which learning rates the loss falls",
    )
    add("--gradient-by-lag", action="store_true", help="record how far back gradients reach")
    classifier = parser.add_argument_group("classifier")
    add = classifier.add_argument
    add(
        "--pretrained",
        metavar="MODEL",
        action="append",
        help="begin with the layers of a language model of the same kind of texts; given twice, a reader with each",
    )
    add("--language-model-loss", type=flags.number, metavar="X", help="weight of predicting the next symbol, too")
    add("--bptt", type=flags.positive_integer, metavar="N", help="symbols that gradients reach back from the last")
    add("--maximum-length", type=flags.positive_integer, metavar="N", help="train on the last N symbols of a text")
    add("--layer-discount", type=flags.share, metavar="X", help="how much slower each layer is than the one above")
    add("--unfreezing", type=flags.number, metavar="EPOCHS", help="how long each layer waits for the one above")
    add("--bidirectional", action=argparse.BooleanOptionalAction, help="also read backwards")
    add("--pooling", choices=("concat", "attention"), help="what is made of the outputs of all steps")
    add("--members", type=flags.positive_integer, metavar="N", help="readers whose answers are averaged")
    add("--ngrams", type=flags.ngram_length, metavar="N", help="symbols the longest n-gram has (2: pairs)")
    add("--ngram-buckets", type=flags.count, metavar="N", help="hashed vectors of n-grams; 0 for none")
    add("--ngram-dim", type=flags.positive_integer, metavar="N", help="size of what is kept of an n-gram")
    add("--symbol-dropout", type=flags.fraction, metavar="X", help="fraction of symbols made unknown in training")
    add("--smoothness", type=flags.number, metavar="X", help="weight of virtual adversarial training (default: 0)")
    add("--unlabelled", metavar="FILE", help="more texts of the kind, for --smoothness as well")
    add("--class-weight", choices=("balanced",), help="let rare labels count more")
    add("--label-column", type=flags.column, metavar="NAME", help="default: label or sentiment")


def run(arguments: argparse.Namespace) -> None:
    """Train, then show what the model can do."""
    given = vars(arguments)
    source, out = given.get("source"), given.get("out")
    recorded: dict[str, Any] = {}
    if given.get("resume"):
        out = out or latest_folder(source)
        recorded = read_config(Path(out))
        source = source or recorded.get("settings", {}).get("source")
        _check_not_input(given.get("source"), source, out)
    if source is None:
        raise argparse.ArgumentTypeError("CORPUS is needed (or --resume with the --out of a run)")
    stored = {name: value for name, value in recorded.get("settings", {}).items() if name != "source"}
    options = {**stored, **{name: value for name, value in given.items() if name not in OWN}}
    table = flags.table(given, stored.get("table"))
    options["table"] = None if table == flags.table({}) else table
    is_table_of_texts = ("condition" in options or options.get("documents") == "row") and "model" not in recorded
    task = given.get("task", "language-model" if is_table_of_texts else None)
    is_classifier = _is_classifier(task, recorded.get("model"), source, table)
    _refuse(options, ONLY_LANGUAGE if is_classifier else ONLY_CLASSIFIER, is_classifier)
    api = import_api(work="training", deterministic=given.get("deterministic", False))
    train: Any = api.train_classifier if is_classifier else api.train_language_model
    if unknown := stored.keys() - inspect.signature(train).parameters.keys():
        raise DamagedFileError(
            f"{out}/config.json must hold the settings of a run; it has {', '.join(sorted(unknown))}, which "
            "this version of textrnn does not know."
        )
    quiet = given.get("quiet", False)
    if given.get("find_learning_rate"):
        _find_learning_rate(api, source, is_classifier, not quiet, options)
        return
    with new_folder(source) if out is None else contextlib.nullcontext(out) as out:
        model = train(source, out=out, resume=given.get("resume", False), verbose=not quiet, **options)
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


def _is_classifier(task: str | None, model: str | None, source: str, table: TableFormat) -> bool:
    """As asked for; else as the resumed run is; else by what the corpus holds."""
    if task is not None or model is not None:
        return task == "classifier" or (task is None and model == "TextClassifier")
    from textrnn.text import TABLES, TableFormat, file_ending

    if table != TableFormat():
        return table.format != "txt"
    return file_ending(Path(source)) in TABLES


def _check_not_input(given: str | None, source: str | None, out: str) -> None:
    """A run that was begun with standard input goes on with the same text, which nobody has kept."""
    if given is None and source == "-":
        raise argparse.ArgumentTypeError(
            f"CORPUS is needed: the run in {out} was begun with standard input; give the same text again, as in "
            f"`{command_line('train', '-', '--resume', '--out', out)} < FILE`, or the name of a file that holds it"
        )


def _refuse(options: dict[str, Any], foreign: tuple[str, ...], is_classifier: bool) -> None:
    for name in foreign:
        if name in options:
            kind = "a classifier" if is_classifier else "a language model"
            raise argparse.ArgumentTypeError(f"--{name.replace('_', '-')} does not apply to {kind}")
