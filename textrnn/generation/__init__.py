"""What is done with text, writing and scoring, over any step function; no TensorFlow here."""

from textrnn.generation.author import is_worth_compiling
from textrnn.generation.beam_search import BeamSearch
from textrnn.generation.copying import Copied, find_copied
from textrnn.generation.pool import Stream, StreamPool
from textrnn.generation.sampler import Sampler
from textrnn.generation.scoring import Score, Span
from textrnn.generation.session import Session
from textrnn.generation.state import State
from textrnn.generation.stepper import Start, Step, Stepper
from textrnn.generation.text_model import TextModel
from textrnn.generation.transcript import Transcript, transcribe

__all__ = [
    "BeamSearch",
    "Copied",
    "Sampler",
    "Score",
    "Session",
    "Span",
    "Start",
    "State",
    "Step",
    "Stepper",
    "Stream",
    "StreamPool",
    "TextModel",
    "Transcript",
    "find_copied",
    "is_worth_compiling",
    "transcribe",
]
