"""Worker of textrnn, with the model, the trainer and the threads of `textrnn train`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from protocol import VOCABULARY, Case, serve

from textrnn.cli.library import import_api
from textrnn.options import TrainingOptions
from textrnn.options.tasks import GENERATION, arguments_for


def make(case: Case) -> Callable[[], Any]:
    import_api(work="training" if case.task == "train" else "batches")
    from textrnn.models import LanguageModel
    from textrnn.models.precision import dtype_policy, resolve_precision
    from textrnn.text import CharacterTokenizer
    from textrnn.training import NextToken, Trainer
    from textrnn.training.streams import StreamBatches

    tokens = "".join(chr(ord("!") + n) for n in range(VOCABULARY - 3))  # the others: padding, unknown, end of text
    tokenizer = CharacterTokenizer().fit([tokens])
    # A loaded model runs in float32, whatever the precision of its training.
    policy = dtype_policy(resolve_precision(case.precision) if case.task == "train" else "float32")
    model = LanguageModel(tokenizer, cell=case.cell, units=case.units, num_layers=case.layers, dtype=policy)
    if case.task == "generate":
        options = {"length": case.steps, "samples": case.batch, "seed": 0}
        return lambda: model.generate(**arguments_for(GENERATION, **options))
    ids = np.random.default_rng(0).integers(3, VOCABULARY, case.batch * case.steps * 4 + 1).astype(np.uint8)
    if case.task == "score":
        window = ids[: case.batch * case.steps].reshape(case.batch, case.steps)
        states = model.initial_states(case.batch)
        return lambda: model.step(window, states)
    batches = StreamBatches(ids, case.batch, case.steps)
    trainer = Trainer(
        model, NextToken(), batches, None, TrainingOptions(epochs=1, learning_rate=1e-3), is_shown=False
    )
    endless = itertools.cycle([batch for batch in batches.epoch(0) if batch.inputs.shape[1] == case.steps])
    return lambda: trainer.train_step(next(endless))


serve(make)
