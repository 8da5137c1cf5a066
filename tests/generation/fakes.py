"""Models whose next token is known."""

import numpy as np

from textrnn.generation import TextModel
from textrnn.text import CharacterTokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Alphabet(TextModel):
    """After a letter comes the next one; after z, or anything else, a. Padding and unknown look likelier still."""

    end_of_text = False

    def __init__(self, letters=LETTERS):
        self.tokenizer = CharacterTokenizer().fit(letters)

    def initial_states(self, batch_size):
        return ()

    def step(self, ids, states):
        tokenizer = self.tokenizer
        first, size = int(tokenizer.encode("a")[0]), tokenizer.vocabulary_size
        after = np.where((ids >= first) & (ids + 1 < size), ids + 1, first)
        logits = 20.0 * np.eye(size, dtype=np.float32)[after]
        logits[..., [tokenizer.pad_id, tokenizer.unknown_id, tokenizer.end_id]] = 99
        return logits, states


class Script(TextModel):
    """Writes `text`, whatever it reads, and then the end of text. Its state counts the tokens read."""

    end_of_text = True

    def __init__(self, text, letters="ab"):
        self.tokenizer = CharacterTokenizer().fit(letters)
        self.script = [*self.tokenizer.encode(text), self.tokenizer.end_id]

    def initial_states(self, batch_size):
        return (np.zeros((batch_size, 1), np.float32),)

    def step(self, ids, states):
        counts = states[0] + np.arange(ids.shape[1])
        following = np.array(self.script)[np.minimum(counts, len(self.script) - 1).astype(int)]
        return 50.0 * np.eye(self.tokenizer.vocabulary_size, dtype=np.float32)[following], (counts[:, -1:] + 1,)


class Memory(TextModel):
    """A small recurrent network with random weights: what comes next depends on everything before."""

    end_of_text = False

    def __init__(self, letters="abcd\n"):
        self.tokenizer = CharacterTokenizer().fit(letters)
        size, generator = self.tokenizer.vocabulary_size, np.random.default_rng(4)
        self.kernel, self.recurrent, self.output = (
            generator.normal(size=shape) for shape in [(size, 8), (8, 8), (8, size)]
        )

    def initial_states(self, batch_size):
        return (np.zeros((batch_size, 8)),)

    def step(self, ids, states):
        (h,), hidden = states, []
        for t in range(ids.shape[1]):
            h = np.tanh(self.kernel[ids[:, t]] + h @ self.recurrent)
            hidden.append(h)
        return np.stack(hidden, axis=1) @ self.output, (h,)
