"""Worker of PyTorch, with its fused layers, in float32 or in bfloat16 by autocast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from protocol import VOCABULARY, Case, serve
from torch import nn


def make(case: Case) -> Callable[[], Any]:
    layer = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[case.cell]
    embedding = nn.Embedding(VOCABULARY, case.units)
    recurrent = layer(case.units, case.units, case.layers, batch_first=True)
    head = nn.Linear(case.units, VOCABULARY)
    parameters = [*embedding.parameters(), *recurrent.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-3)
    ids = torch.randint(3, VOCABULARY, (case.batch, case.steps + 1))
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].reshape(-1)

    def forward() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=case.precision == "bfloat16"):
            return head(recurrent(embedding(inputs))[0]).float()

    def train() -> float:
        loss = nn.functional.cross_entropy(forward().view(-1, VOCABULARY), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()

    def score() -> torch.Tensor:
        with torch.no_grad():
            return forward()

    def generate() -> list[list[int]]:
        """The usual loop of PyTorch: each step samples one token from the softmax of the last logits."""
        tokens, state, written = inputs[:, :1], None, []
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=case.precision == "bfloat16"):
            for _ in range(case.steps):
                outputs, state = recurrent(embedding(tokens), state)
                tokens = torch.multinomial(torch.softmax(head(outputs[:, -1]).float(), dim=-1), 1)
                written.append(tokens)
        return torch.cat(written, dim=1).tolist()

    return {"train": train, "score": score, "generate": generate}[case.task]


serve(make)
