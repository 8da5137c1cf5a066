"""Speed of generation, memory of a stream, and compression of a text.

    python benchmarks/generation.py                                         every part that needs no trained model
    python benchmarks/generation.py speed --torch-python ENV/bin/python     with PyTorch, from another environment
    python benchmarks/generation.py long --characters 1000000               one stream to the millionth token
    python benchmarks/generation.py compression --model RUN --text TEXT     against xz and zstd

Models are untrained, which does not change their speed. Contestants are processes that take turns; medians are
compared.
"""

from __future__ import annotations

import argparse
import functools
import lzma
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from contest import Contestant, row
from protocol import VOCABULARY, Case
from tqdm import tqdm

from textrnn.generation.reading import CHUNK

ONE_STREAM = [("lstm", 256, 1), ("lstm", 512, 2), ("gru", 256, 1), ("gru", 512, 1)]
MANY_STREAMS = [("gru", 256, 1, 256, 256), ("lstm", 512, 2, 64, 1024)]  # enough tokens to be worth compiling for
READ_AT_ONCE = 1 << 20  # characters


def speed(options: argparse.Namespace) -> Iterator[str]:
    """Characters generated per second, all streams together; TensorFlow's loop is that of its tutorial."""
    yield row("model", "streams", "textrnn", "TensorFlow's loop", "PyTorch's loop", "vs TensorFlow", "vs PyTorch")
    yield row(*["---"] * 7)
    cases = [Case("generate", cell, units, layers, 1, 300) for cell, units, layers in ONE_STREAM]
    cases += [Case("generate", *sizes) for sizes in MANY_STREAMS]
    for case in tqdm(cases, unit="model", disable=None):
        entries = {"textrnn": (sys.executable, "with_textrnn.py"), "loop": (sys.executable, "with_one_step.py")}
        if options.torch_python:
            entries["torch"] = (options.torch_python, "with_torch.py")
        ran = {name: Contestant(python, worker, case, {}) for name, (python, worker) in entries.items()}
        for _ in range(options.rounds):
            for contestant in ran.values():
                contestant.play_round()
        for contestant in ran.values():
            contestant.close()
        rates = {name: contestant.rate for name, contestant in ran.items()}
        yield row(
            f"{case.cell} {case.layers} x {case.units}",
            str(case.batch),
            *(f"{rates[name]:,.0f}" if name in rates else "" for name in ("textrnn", "loop", "torch")),
            *(f"{rates['textrnn'] / rates[name]:.1f}" if name in rates else "" for name in ("loop", "torch")),
        )


def long(options: argparse.Namespace) -> Iterator[str]:
    """Speed of each tenth of one stream (LSTM of 256 units), and peak memory after it."""
    model = make_model("lstm", 256, 1)
    tenth = options.characters // 10
    yield row("characters", "per second", "relative to the first tenth", "peak memory")
    yield row(*["---"] * 4)
    pieces = model.stream(length=options.characters, seed=0)
    first = None
    with tqdm(total=options.characters, unit="character", unit_scale=True, disable=None) as bar:
        for number in range(10):
            began = time.perf_counter()
            for _ in range(tenth):
                next(pieces)
            rate = tenth / (time.perf_counter() - began)
            first = first or rate
            bar.update(tenth)
            yield row(f"{(number + 1) * tenth:,}", f"{rate:,.0f}", f"{rate / first:.2f}", peak())


def reading(options: argparse.Namespace) -> Iterator[str]:
    """Characters read per second of a long text in parts (MinGRU of 256 units), with the state carried."""
    from textrnn.cli.library import import_api

    import_api()
    model = make_model("min_gru", 256, 1, with_tensorflow=True)
    tokens = model.tokenizer.decode(range(3, VOCABULARY))
    part = (tokens * (READ_AT_ONCE // len(tokens) + 1))[:READ_AT_ONCE]
    yield row("megabytes read", "characters per second", "peak memory")
    yield row(*["---"] * 3)
    state, parts = None, options.megabytes
    began = time.perf_counter()
    for number in tqdm(range(1, parts + 1), unit="MB", disable=None):
        state = model.read(part, state)
        if number in {1, max(1, parts // 10), max(1, parts // 2), parts}:
            yield row(str(number), f"{number * READ_AT_ONCE / (time.perf_counter() - began):,.0f}", peak())


def scoring(options: argparse.Namespace) -> Iterator[str]:
    """Characters per second of one text: `score`, its forward pass alone, and `score` in NumPy."""
    from textrnn.cli.library import import_api

    import_api()
    yield row("model", "score", "forward pass", "ratio", "score without TensorFlow")
    yield row(*["---"] * 5)
    for cell, units, layers in [*ONE_STREAM, ("min_gru", 256, 1)]:
        model = make_model(cell, units, layers, with_tensorflow=True)
        text = model.tokenizer.decode(np.random.default_rng(0).integers(3, VOCABULARY, 16_384))
        ids, numpy_model = model.tokenizer.encode(text)[None], model.to_numpy()
        contestants = {
            "score": functools.partial(model.score, text),
            "forward": functools.partial(forward, model, ids),
            "numpy": functools.partial(numpy_model.score, text),
        }
        rates: dict[str, list[float]] = {name: [] for name in contestants}
        for number in range(options.rounds + 1):
            for name, contestant in contestants.items():
                began = time.perf_counter()
                contestant()
                if number:  # the first round traces
                    rates[name].append(len(text) / (time.perf_counter() - began))
        rate = {name: statistics.median(each) for name, each in rates.items()}
        ratio = f"{rate['score'] / rate['forward']:.2f}"
        yield row(
            f"{cell} {layers} x {units}",
            f"{rate['score']:,.0f}",
            f"{rate['forward']:,.0f}",
            ratio,
            f"{rate['numpy']:,.0f}",
        )


def forward(model: Any, ids: np.ndarray) -> None:
    """Forward pass over one text, in chunks as long as those of `score`."""
    states = model.initial_states(1)
    for begin in range(0, ids.shape[1], CHUNK):
        _, states = model.step(ids[:, begin : begin + CHUNK], states)


def start(options: argparse.Namespace) -> Iterator[str]:
    """Seconds to the first token, from the shell and from a loaded model: median of nine (LSTM 2 x 512)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        make = (
            "from textrnn.models import LanguageModel; from textrnn.text import CharacterTokenizer;"
            "LanguageModel(CharacterTokenizer().fit('abc'), units=512, num_layers=2)"
        )
        subprocess.run([sys.executable, "-c", f"{make}.save({str(path)!r})"], check=True, stderr=subprocess.DEVNULL)
        with_tensorflow = (
            "from textrnn.cli.library import import_api; "
            f"print(import_api().load({str(path)!r}).generate(length=1, seed=1))"
        )
        commands = {
            "from the shell": ["-m", "textrnn", "generate", str(path), "--length", "1", "--seed", "1"],
            "the same through TensorFlow": ["-c", with_tensorflow],
        }
        yield row("", "seconds", "peak memory")
        yield row(*["---"] * 3)
        for name, command in commands.items():
            runs = [timed_process([sys.executable, *command]) for _ in range(9)]
            yield row(name, f"{statistics.median(s for s, _ in runs):.2f}", f"{max(m for _, m in runs):,.0f} MB")
        yield row("from a model just loaded", f"{statistics.median(first_token(path) for _ in range(9)):.4f}", "")


def compression(options: argparse.Namespace) -> Iterator[str]:
    """Compressed size of the last tenth of a text, which the model was not trained on."""
    from textrnn import runtime

    text = options.text.read_text(encoding="utf-8")
    text = text[len(text) - round(len(text) * 0.1) :]
    raw = text.encode()
    model: Any = runtime.load(options.model)
    ideal = model.score(text).surprisals.sum() / 8
    sizes = {"uncompressed": len(raw), "xz -9e": len(lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME))}
    if (zstd := with_zstd(raw)) is not None:
        sizes["zstd -19"] = zstd
    data = model.compress(text)
    if model.decompress(data) != text:
        raise RuntimeError("the decompressed text differs from the original")
    sizes |= {"textrnn": len(data), "negative log-likelihood": round(ideal)}
    yield row("", "bytes", "bits per character")
    yield row(*["---"] * 3)
    for name, size in sizes.items():
        yield row(name, f"{size:,}", f"{8 * size / len(text):.3f}")


def make_model(cell: str, units: int, layers: int, *, with_tensorflow: bool = False) -> Any:
    """An untrained model, in the form in which `textrnn generate` loads a trained one."""
    from textrnn.models import LanguageModel
    from textrnn.text import CharacterTokenizer

    tokens = "".join(chr(ord("!") + n) for n in range(VOCABULARY - 3))
    model = LanguageModel(CharacterTokenizer().fit([tokens]), cell=cell, units=units, num_layers=layers)
    return model if with_tensorflow else model.to_numpy()


def with_zstd(raw: bytes) -> int | None:
    """Size of `raw` compressed by the zstd program; None without the program."""
    try:
        done = subprocess.run(["zstd", "-19", "-c"], input=raw, capture_output=True, check=True)
    except FileNotFoundError:
        return None
    return len(done.stdout)


def timed_process(command: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of a process."""
    program = (
        "import resource, subprocess, sys, time\n"
        "began = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True)\n"
        "print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *command], check=True, capture_output=True, text=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def first_token(path: Path) -> float:
    """Seconds from a model just loaded to its first token."""
    from textrnn import runtime

    model: Any = runtime.load(path)
    began = time.perf_counter()
    next(iter(model.stream(length=1, seed=1)))
    return time.perf_counter() - began


def peak() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"


PARTS = {
    "speed": speed,
    "long": long,
    "reading": reading,
    "scoring": scoring,
    "start": start,
    "compression": compression,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Speed of generation, memory of a stream, and compression of a text."
    )
    parser.add_argument("part", nargs="?", choices=PARTS, help="default: all; compression needs --model and --text")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each contestant (default: 5)")
    parser.add_argument("--characters", type=int, default=1_000_000, help="characters of `long` (default: a million)")
    parser.add_argument("--megabytes", type=int, default=100, help="megabytes of `reading` (default: 100)")
    parser.add_argument("--model", type=Path, help="model of `compression`: a .keras file or a run folder")
    parser.add_argument("--text", type=Path, help="text of `compression`; its last tenth is compressed")
    parser.add_argument(
        "--torch-python", metavar="PATH", help="a Python with PyTorch; by default PyTorch is left out"
    )
    options = parser.parse_args()
    has_model = options.model is not None and options.text is not None
    if options.part == "compression" and not has_model:
        parser.error("compression needs --model and --text")
    for name in [options.part] if options.part else [name for name in PARTS if name != "compression" or has_model]:
        print(f"\n{PARTS[name].__doc__}\n")
        for line in PARTS[name](options):
            print(line, flush=True)


if __name__ == "__main__":
    main()
