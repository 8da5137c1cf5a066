"""How weights are moved, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn import checks
from textrnn.training.schedule import SCHEDULES


@dataclass(frozen=True)
class TrainingSettings:
    """How weights are moved, and for how long.

    Args:
        epochs: Passes over the training data.
        learning_rate: The peak, reached after the warm-up.
        weight_decay: Of AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101).
        clip_norm: The gradient is scaled down to this global norm (Pascanu et al., 2013, arXiv 1211.5063).
        warmup: Fraction of all steps over which the learning rate rises from 0.
        schedule: How the learning rate moves, one of `schedule.SCHEDULES`.
        weight_averaging: How much of the average of the weights stays at a step (Polyak and Juditsky, 1992; as an
            exponential average, Izmailov et al., 2018, arXiv 1803.05407, section 3.2): validation and the best model
            use the averages, training goes on with the weights themselves. 0 averages nothing.
        layer_discount: What the learning rate is multiplied by from each layer to the one below it; 1 for the same.
        unfreezing: How many epochs each layer waits for the one above it, before it begins to learn.
        patience: Epochs without a better result on the validation data (a lower loss; of a classifier, more right
            answers or, of as many, a lower loss) after which training stops; None never stops early.
        checkpoint_seconds: Training time between checkpoints; there is one after each epoch too.

    Raises:
        ValueError, TypeError: If a value is out of its range or of another type.
    """

    epochs: int
    learning_rate: float
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    warmup: float = 0.05
    schedule: str = "cosine"
    weight_averaging: float = 0.0
    layer_discount: float = 1.0
    unfreezing: float = 0.0
    patience: int | None = None
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        checks.positive_integer("epochs", self.epochs)
        checks.positive_number("learning_rate", self.learning_rate)
        checks.non_negative_number("weight_decay", self.weight_decay)
        checks.positive_number("clip_norm", self.clip_norm)
        checks.fraction("warmup", self.warmup)
        checks.one_of("schedule", self.schedule, SCHEDULES)
        checks.fraction("weight_averaging", self.weight_averaging)
        checks.fraction("layer_discount", self.layer_discount, zero=False, one=True)
        checks.non_negative_number("unfreezing", self.unfreezing)
        if self.patience is not None:
            checks.positive_integer("patience", self.patience)
        checks.non_negative_number("checkpoint_seconds", self.checkpoint_seconds)
