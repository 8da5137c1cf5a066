"""Arithmetic coding: tokens to bits, as many as their probabilities imply, and back.

Paper: Witten, Neal and Cleary, 1987, Arithmetic coding for data compression. Registers are 48 bits wide, so that
counts may sum to 2**24 and still split them finely.
"""

from __future__ import annotations

import numpy as np

BITS = 48
WHOLE, HALF, QUARTER = 1 << BITS, 1 << (BITS - 1), 1 << (BITS - 2)
TOTAL = 1 << 24
BITS_AT_ONCE = 1 << 12  # become bytes


def cumulative_counts(log_probabilities: np.ndarray) -> np.ndarray:
    """Distributions of each row as integers, int64 `[B, V + 1]`: token v owns the counts from entry v to v + 1.

    Every token has a count of at least one, so that every text can be coded, however unlikely.
    """
    size = log_probabilities.shape[1]
    counts = np.floor(np.exp(log_probabilities) * (TOTAL - size)).astype(np.int64) + 1
    return np.concatenate([np.zeros([len(counts), 1], np.int64), counts.cumsum(axis=1)], axis=1)


class Encoder:
    """Codes tokens, one after the other."""

    def __init__(self) -> None:
        self.low, self.high = 0, WHOLE - 1
        self.pending = 0  # bits that will be the opposite of the next one
        self.bits: list[int] = []  # not yet bytes
        self.data = bytearray()

    def write(self, below: int, above: int, total: int) -> None:
        """Code a token that owns the counts from `below` to `above` of `total`."""
        width = self.high - self.low + 1
        self.low, self.high = self.low + width * below // total, self.low + width * above // total - 1
        while True:
            if self.high < HALF:
                self._put(0)
            elif self.low >= HALF:
                self._put(1)
                self._subtract(HALF)
            elif self.low >= QUARTER and self.high < HALF + QUARTER:
                self.pending += 1
                self._subtract(QUARTER)
            else:
                return
            self.low, self.high = 2 * self.low, 2 * self.high + 1

    def finish(self) -> bytes:
        """All bytes written. Zeros are cut off the end: the decoder reads zeros there."""
        self.pending += 1
        self._put(int(self.low >= QUARTER))
        return bytes(self.data + np.packbits(self.bits).tobytes()).rstrip(b"\0")

    def _put(self, bit: int) -> None:
        self.bits.append(bit)
        self.bits.extend([1 - bit] * self.pending)
        self.pending = 0
        if len(self.bits) > BITS_AT_ONCE:
            self.data += np.packbits(self.bits[:BITS_AT_ONCE]).tobytes()
            del self.bits[:BITS_AT_ONCE]

    def _subtract(self, amount: int) -> None:
        self.low, self.high = self.low - amount, self.high - amount


class Decoder:
    """Decodes the tokens that an `Encoder` wrote.

    Args:
        data: All bytes of the encoder.
    """

    def __init__(self, data: bytes) -> None:
        self.low, self.high = 0, WHOLE - 1
        self.bits = (byte >> place & 1 for byte in data for place in range(7, -1, -1))
        self.code = 0
        for _ in range(BITS):
            self.code = 2 * self.code + next(self.bits, 0)

    def read(self, cumulative: np.ndarray) -> int:
        """The next token, by the counts it was written with, int64 `[V + 1]`."""
        total, width = int(cumulative[-1]), self.high - self.low + 1
        place = ((self.code - self.low + 1) * total - 1) // width
        token = int(np.searchsorted(cumulative, place, side="right")) - 1
        below, above = int(cumulative[token]), int(cumulative[token + 1])
        self.low, self.high = self.low + width * below // total, self.low + width * above // total - 1
        while True:
            if self.high < HALF:
                amount = 0
            elif self.low >= HALF:
                amount = HALF
            elif self.low >= QUARTER and self.high < HALF + QUARTER:
                amount = QUARTER
            else:
                return token
            self.low, self.high = 2 * (self.low - amount), 2 * (self.high - amount) + 1
            self.code = 2 * (self.code - amount) + next(self.bits, 0)
