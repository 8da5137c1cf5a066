"""How weights are moved, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn import checks


@dataclass(frozen=True)
class TrainingSettings:
    """How weights are moved, and for how long.

    Args:
        epochs: Passes over the training data.
        learning_rate: The peak, reached after the warm-up; a cosine then takes it to 0 (Loshchilov and Hutter, 2017,
            arXiv 1608.03983).
        weight_decay: Of AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101).
        clip_norm: The gradient is scaled down to this global norm (Pascanu et al., 2013, arXiv 1211.5063).
        warmup: Fraction of all steps over which the learning rate rises from 0.
        patience: Epochs without a better validation loss after which training stops; None never stops early.
        checkpoint_seconds: Training time between checkpoints; there is one after each epoch too.

    Raises:
        ValueError, TypeError: If a value is out of its range or of another type.
    """

    epochs: int
    learning_rate: float
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    warmup: float = 0.05
    patience: int | None = None
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        checks.positive_integer("epochs", self.epochs)
        checks.positive_number("learning_rate", self.learning_rate)
        checks.non_negative_number("weight_decay", self.weight_decay)
        checks.positive_number("clip_norm", self.clip_norm)
        checks.fraction("warmup", self.warmup)
        if self.patience is not None:
            checks.positive_integer("patience", self.patience)
        checks.non_negative_number("checkpoint_seconds", self.checkpoint_seconds)
