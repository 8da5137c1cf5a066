"""Generation and scoring of text, over any step function; no TensorFlow here."""

from textrnn.generation.beam_search import BeamSearch
from textrnn.generation.copying import Copied, find_copied
from textrnn.generation.plan import is_worth_compiling
from textrnn.generation.pool import Stream, StreamPool
from textrnn.generation.sampler import Sampler
from textrnn.generation.scoring import Score, Span
from textrnn.generation.session import Session
from textrnn.generation.snapshot import DecodingState, Snapshot, Step
from textrnn.generation.state import State
from textrnn.generation.text_model import TextModel
from textrnn.generation.transcript import Transcript, transcribe

__all__ = [
    "BeamSearch",
    "Copied",
    "DecodingState",
    "Sampler",
    "Score",
    "Session",
    "Snapshot",
    "Span",
    "State",
    "Step",
    "Stream",
    "StreamPool",
    "TextModel",
    "Transcript",
    "find_copied",
    "is_worth_compiling",
    "transcribe",
]
