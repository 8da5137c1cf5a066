"""What is done with text, writing, scoring and labelling, over any step function; no TensorFlow here."""

from textrnn.generation.decoding import decode
from textrnn.generation.sampler import Sampler
from textrnn.generation.scoring import Score, read_ids
from textrnn.generation.state import State
from textrnn.generation.stepper import Step, Stepper
from textrnn.generation.text_labeller import Prediction, TextLabeller
from textrnn.generation.text_model import TextModel
from textrnn.generation.transcript import Transcript

__all__ = [
    "Prediction",
    "Sampler",
    "Score",
    "State",
    "Step",
    "Stepper",
    "TextLabeller",
    "TextModel",
    "Transcript",
    "decode",
    "read_ids",
]
