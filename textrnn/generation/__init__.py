"""Decoding, scoring and state over any step function `(ids, states) -> (logits, states)`; no TensorFlow here."""

from textrnn.generation.decoding import decode
from textrnn.generation.sampler import Sampler
from textrnn.generation.scoring import Score, Step, read_ids
from textrnn.generation.state import State
from textrnn.generation.text_model import TextModel
from textrnn.generation.transcript import Transcript

__all__ = ["Sampler", "Score", "State", "Step", "TextModel", "Transcript", "decode", "read_ids"]
