"""A 2 x 512 LSTM in PyTorch, trained for a given time: Adam 2e-3, dropout 0.5, batch size 64, 128 steps, stateful.

The model is evaluated after each epoch and at the end; the lowest loss counts. Products run in bfloat16 where that is
faster. The standard library and PyTorch are its only imports, since PyTorch's environment does not have textrnn.
"""

from __future__ import annotations

import json
import math
import sys
import time

import torch

UNITS, LAYERS, BATCH, STEPS, DROPOUT, RATE, CLIP = 512, 2, 64, 128, 0.5, 2e-3, 1.0


class Model(torch.nn.Module):
    """Embedding, LSTM, logits."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(tokens, UNITS)
        self.lstm = torch.nn.LSTM(UNITS, UNITS, LAYERS, batch_first=True, dropout=DROPOUT)
        self.dropout = torch.nn.Dropout(DROPOUT)
        self.head = torch.nn.Linear(UNITS, tokens)

    def forward(self, ids: torch.Tensor, state: tuple | None) -> tuple[torch.Tensor, tuple]:
        outputs, state = self.lstm(self.dropout(self.embedding(ids)), state)
        return self.head(self.dropout(outputs)), tuple(part.detach() for part in state)


def score(model: Model, ids: torch.Tensor) -> float:
    """Nats per character of a text, with the state carried over all of it."""
    model.eval()
    total, state = 0.0, None
    with torch.no_grad():
        for begin in range(0, len(ids) - 1, 1024):
            inputs, targets = ids[begin : begin + 1024], ids[begin + 1 : begin + 1025]
            logits, state = model(inputs[: len(targets)][None], state)
            total += torch.nn.functional.cross_entropy(logits[0].float(), targets, reduction="sum").item()
    model.train()
    return total / (len(ids) - 1)


def windows(ids: torch.Tensor) -> list[torch.Tensor]:
    length = (len(ids) - 1) // BATCH
    rows = torch.stack([ids[row * length : row * length + length + 1] for row in range(BATCH)])
    return [rows[:, begin : begin + STEPS + 1] for begin in range(0, length, STEPS)]


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as stream:
        task = json.load(stream)
    torch.manual_seed(task["seed"])
    tokens = {token: n for n, token in enumerate(sorted(set(task["training"] + task["validation"])))}
    training, validation = (
        torch.tensor([tokens[token] for token in task[part]]) for part in ("training", "validation")
    )
    has_bfloat16 = "bf16" in open("/proc/cpuinfo", encoding="ascii", errors="replace").read()  # noqa: SIM115
    model = Model(len(tokens))
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    seconds, best, epoch = 0.0, math.inf, 0
    while seconds < task["seconds"]:
        state = None
        for window in windows(training):
            began = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16):
                logits, state = model(window[:, :-1], state)
            loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), window[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            seconds += time.perf_counter() - began
            if seconds >= task["seconds"]:
                break
        epoch += 1
        best = min(best, score(model, validation))
    print(f"PyTorch 2 x 512: {best:.4f} nats per character, the lowest of {epoch} epochs, {seconds:.0f} s")


if __name__ == "__main__":
    main()
