"""How a model is trained, and on what."""

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
    """How any model is trained.

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
    batch_size: Annotated[int | None, from_recipe(POSITIVE_INTEGER, "Rows of a training step.")] = None
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
            "Global norm to which larger gradients are scaled down (Pascanu et al., 2013, arXiv 1211.5063).",
            flags=("--grad-clip",),
        ),
    ] = None
    weight_averaging: Annotated[
        float | None,
        from_recipe(
            FRACTION,
            "Decay of the exponential moving average of the weights, such as 0.999, which validation and the best "
            "model use (Izmailov et al., 2018, arXiv 1803.05407); 0 disables it.",
        ),
    ] = None
    layerwise_lr_decay: Annotated[
        float | None,
        from_recipe(
            SHARE,
            "Factor of the learning rate from each layer to the one below it, so that pretrained layers change less "
            "(Howard and Ruder, 2018, arXiv 1801.06146).",
        ),
    ] = None
    gradual_unfreezing: Annotated[
        float | None,
        from_recipe(NON_NEGATIVE_NUMBER, "Epochs that each layer waits for the one above it before it learns."),
    ] = None
    validation_data: Annotated[
        Any,
        option(
            anything("FILE", "a path, or texts as `source` has them"),
            "Data to validate on, read as the training data are, instead of a part of these.",
            flags=("--validation",),
        ),
    ] = None
    patience: Annotated[
        int | None,
        option(
            POSITIVE_INTEGER, "Epochs without a better validation result after which training stops; none by default."
        ),
    ] = None
    validation_split: Annotated[
        float | None, from_recipe(FRACTION, "Fraction of the data held out for validation.", flags=("--val-frac",))
    ] = None


@options
class LanguageModelTraining(TrainingOptions):
    """How a language model is trained.

    None leaves an option to the recipe.
    """

    recipe: Annotated[str, option(one_of(*RECIPES), "Recipe that decides where nothing is given.")] = "quick"
    sequence_length: Annotated[
        int | None,
        from_recipe(
            POSITIVE_INTEGER, "Steps of a window, which gradients reach back.", flags=("--seq-length", "--block-size")
        ),
    ] = None
    random_offsets: Annotated[
        bool | None, from_recipe(SWITCH, "Windows of a continuous text cut at other places in each epoch.")
    ] = None
    documents: Annotated[
        str | None,
        option(
            one_of("line", "file", "string", "row"),
            "Units that the corpus is cut into, each a text that ends: lines, files of a folder, strings, or rows "
            "of a table; one continuous text by default.",
        ),
    ] = None
    condition_column: Annotated[
        str | None,
        option(
            anything("COLUMN", "a column's name"),
            "Column of a table whose labels the texts are conditioned on.",
            flags=("--condition",),
        ),
    ] = None
    init_from: Annotated[
        Any,
        option(
            anything("MODEL", "a language model or its path"),
            "Language model whose vocabulary, sizes and weights this one starts with.",
        ),
    ] = None
    activation_regularization: Annotated[
        float | None,
        from_recipe(
            NON_NEGATIVE_NUMBER,
            "Weight of the mean square of the outputs: alpha of Merity et al., 2017, arXiv 1708.01009.",
        ),
    ] = None
    temporal_activation_regularization: Annotated[
        float | None,
        from_recipe(
            NON_NEGATIVE_NUMBER, "Weight of the mean square of the outputs' changes: beta of the same paper."
        ),
    ] = None
    gradient_by_lag: Annotated[bool, option(SWITCH, "Record in the metrics of how far back gradients reach.")] = False


@options
class ClassifierTraining(TrainingOptions):
    """How a classifier is trained.

    None leaves an option to the recipe.
    """

    pretrained: Annotated[
        Any,
        option(
            anything("MODEL", "a language model or its path, or several", is_repeated=True),
            "Language model whose vocabulary, embedding and recurrent layers the classifier starts with; of several, "
            "each encoder takes one.",
        ),
    ] = None
    class_weight: Annotated[
        str | Mapping[str, float] | None,
        option(
            anything("NAME", "balanced, or a weight for every label", choices=("balanced",)),
            "Weight of a text by its label; 1 by default.",
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
            "Texts without labels that the virtual adversarial loss also reads.",
        ),
    ] = None
    lm_loss_weight: Annotated[
        float,
        option(
            NON_NEGATIVE_NUMBER,
            "Weight of the pretrained language model's own loss beside that of the labels; 0 disables it.",
        ),
    ] = 0.0
    bptt: Annotated[
        int | None,
        option(POSITIVE_INTEGER, "Tokens, counted from the last, that gradients reach back; all by default."),
    ] = None
    maximum_length: Annotated[
        int | None, option(POSITIVE_INTEGER, "Tokens of a text that are trained on, the last ones; all by default.")
    ] = None
