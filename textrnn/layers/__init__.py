"""Recurrent layers for Keras: cells, the layer that runs them over time, and poolings of its outputs."""

from textrnn.layers.bidirectional import Bidirectional
from textrnn.layers.cell import Cell, product
from textrnn.layers.gru_cell import GRUCell
from textrnn.layers.locked_dropout import LockedDropout
from textrnn.layers.lstm_cell import LSTMCell
from textrnn.layers.min_gru_cell import MinGRUCell
from textrnn.layers.ngram_embedding import NgramEmbedding
from textrnn.layers.pooling import AttentionPooling, ConcatPooling
from textrnn.layers.recurrent import Recurrent
from textrnn.layers.rnn_cell import RNNCell
from textrnn.layers.wide_path import WidePath

__all__ = [
    "AttentionPooling",
    "Bidirectional",
    "Cell",
    "ConcatPooling",
    "GRUCell",
    "LSTMCell",
    "LockedDropout",
    "MinGRUCell",
    "NgramEmbedding",
    "RNNCell",
    "Recurrent",
    "WidePath",
    "product",
]
