"""Options of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from textrnn.options.option import Options, from_recipe, option, options
from textrnn.options.ranges import (
    FRACTION,
    NON_NEGATIVE_NUMBER,
    POSITIVE_INTEGER,
    POSITIVE_NUMBER,
    SHARE,
    SWITCH,
    anything,
    one_of,
)

RECIPES = ("quick", "standard", "best")
SCHEDULES = ("cosine", "one_cycle", "constant")
TOKENIZERS = ("character", "byte", "byte_pair", "word")


@options
class TrainingOptions(Options):
    """Options of training either model.

    None leaves an option to the recipe.
    """

    tokenizer: Annotated[
        Any,
        option(
            anything("NAME", "character, byte, byte_pair, word or a tokenizer", choices=TOKENIZERS),
            "Tokenizer, fitted on the training texts.",
        ),
    ] = None
    epochs: Annotated[
        int | None,
        from_recipe(POSITIVE_INTEGER, "Passes over the training data.", flags=("--num-epochs", "--max-epochs")),
    ] = None
    batch_size: Annotated[int | None, from_recipe(POSITIVE_INTEGER, "Sequences in a training step.")] = None
    learning_rate: Annotated[float | None, from_recipe(POSITIVE_NUMBER, "Peak learning rate.", flags=("--lr",))] = (
        None
    )
    schedule: Annotated[str | None, from_recipe(one_of(*SCHEDULES), "Learning rate schedule after the warm-up.")] = (
        None
    )
    warmup: Annotated[
        float | None, from_recipe(FRACTION, "Fraction of all steps over which the learning rate rises.")
    ] = None
    weight_decay: Annotated[
        float | None,
        from_recipe(NON_NEGATIVE_NUMBER, "Weight decay of AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101)."),
    ] = None
    clip_norm: Annotated[
        float | None,
        from_recipe(
            POSITIVE_NUMBER,
            "Largest global norm of the gradients; larger ones are scaled down to it (Pascanu et al., 2013, arXiv "
            "1211.5063).",
            flags=("--grad-clip",),
        ),
    ] = None
    weight_averaging: Annotated[
        float | None,
        from_recipe(
            FRACTION,
            "Decay of the exponential moving average of the weights that is validated and saved, such as 0.999; 0 "
            "disables it (Izmailov et al., 2018, arXiv 1803.05407).",
        ),
    ] = None
    layerwise_lr_decay: Annotated[
        float | None,
        from_recipe(
            SHARE,
            "Factor of the learning rate from each layer to the one below; below 1, pretrained layers change less "
            "(Howard and Ruder, 2018, arXiv 1801.06146).",
        ),
    ] = None
    gradual_unfreezing: Annotated[
        float | None,
        from_recipe(NON_NEGATIVE_NUMBER, "Epochs that each layer stays frozen after the one above it."),
    ] = None
    validation_data: Annotated[
        Any,
        option(
            anything("FILE", "a path, or texts as `source` has them"),
            "Validation data, read as the training data are, instead of a part of these.",
            flags=("--validation",),
        ),
    ] = None
    patience: Annotated[
        int | None,
        option(
            POSITIVE_INTEGER, "Epochs without a better validation loss after which training stops; off by default."
        ),
    ] = None
    validation_split: Annotated[
        float | None, from_recipe(FRACTION, "Fraction of the data held out for validation.", flags=("--val-frac",))
    ] = None


@options
class LanguageModelTraining(TrainingOptions):
    """Options of training a language model.

    None leaves an option to the recipe.
    """

    recipe: Annotated[
        str, option(one_of(*RECIPES), "Recipe that sets all options not given; each takes longer and ends better.")
    ] = "quick"
    sequence_length: Annotated[
        int | None,
        from_recipe(
            POSITIVE_INTEGER,
            "Tokens in a training window, the reach of the gradients.",
            flags=("--seq-length", "--block-size"),
        ),
    ] = None
    random_offsets: Annotated[
        bool | None, from_recipe(SWITCH, "Cutting of a continuous text into windows at other places in each epoch.")
    ] = None
    documents: Annotated[
        str | None,
        option(
            one_of("line", "file", "string", "row"),
            "Unit that is a document, a text with an end: line, file of a folder, string, or row of a table; by "
            "default the corpus is one continuous text.",
        ),
    ] = None
    condition_column: Annotated[
        str | None,
        option(anything("COLUMN", "a column's name"), "Column of a table whose labels the texts are conditioned on."),
    ] = None
    init_from: Annotated[
        Any,
        option(
            anything("MODEL", "a language model or its path"),
            "Language model to start from: its vocabulary, sizes and weights.",
        ),
    ] = None
    activation_regularization: Annotated[
        float | None,
        from_recipe(
            NON_NEGATIVE_NUMBER,
            "Weight of the mean square of the outputs (alpha of Merity et al., 2017, arXiv 1708.01009).",
        ),
    ] = None
    temporal_activation_regularization: Annotated[
        float | None,
        from_recipe(
            NON_NEGATIVE_NUMBER,
            "Weight of the mean square of the outputs' changes (beta of Merity et al., 2017, arXiv 1708.01009).",
        ),
    ] = None
    gradient_by_lag: Annotated[bool, option(SWITCH, "Metrics of how far back gradients reach.")] = False


@options
class ClassifierTraining(TrainingOptions):
    """Options of training a classifier.

    None leaves an option to the recipe.
    """

    pretrained: Annotated[
        Any,
        option(
            anything("MODEL", "a language model or its path, or several", is_repeated=True),
            "Language model to start from: its vocabulary, embedding and recurrent layers; may be repeated, one for "
            "each encoder.",
        ),
    ] = None
    class_weight: Annotated[
        str | Mapping[str, float] | None,
        option(
            anything("NAME", "balanced, or a weight for every label", choices=("balanced",)),
            "Weight of a text by its label; balanced weighs rare labels more; 1 by default.",
        ),
    ] = None
    vat_weight: Annotated[
        float,
        option(
            NON_NEGATIVE_NUMBER,
            "Weight of the virtual adversarial loss (Miyato et al., 2017, arXiv 1605.07725); 0 disables it.",
        ),
    ] = 0.0
    unlabeled: Annotated[
        Any,
        option(
            anything("FILE", "a path or strings"),
            "Texts without labels for the virtual adversarial loss.",
        ),
    ] = None
    lm_loss_weight: Annotated[
        float,
        option(
            NON_NEGATIVE_NUMBER,
            "Weight of the pretrained language model's own loss; 0 disables it.",
        ),
    ] = 0.0
    bptt: Annotated[
        int | None,
        option(POSITIVE_INTEGER, "Tokens at the end of a text that gradients reach; all by default."),
    ] = None
    maximum_length: Annotated[
        int | None, option(POSITIVE_INTEGER, "Most tokens of a training text, the last ones; all by default.")
    ] = None
