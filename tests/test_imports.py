"""Imports go one way: text | layers | generation | classification -> runtime -> models -> training -> api -> cli."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "textrnn"

# A part may import from a lower rank only; parts of one rank are strangers to each other.
RANKS = {
    "text": 0,
    "layers": 0,
    "generation": 0,
    "classification": 0,
    "runtime": 1,
    "models": 2,
    "training": 3,
    "api": 4,
    "cli": 5,
    "__main__": 6,
    "train": 6,
    "generate": 6,
}
FOR_EVERYONE = {
    "batching",
    "checks",
    "files",
    "forks",
    "hashing",
    "labels",
    "memory",
    "options",
    "progress",
    "registration",
    "threads",
    "version",
}
WITHOUT_TENSORFLOW = {"text", "generation", "classification", "runtime", *FOR_EVERYONE}
SOURCES = [*sorted(PACKAGE.rglob("*.py")), ROOT / "train.py", ROOT / "generate.py"]


def part_of(path):
    """The folder or single file of the package that `path` belongs to; a script is a part of its own."""
    inside = path.relative_to(PACKAGE) if path.is_relative_to(PACKAGE) else path.relative_to(ROOT)
    return inside.parts[0].removesuffix(".py")


def imported_modules(source, package):
    """(line, dotted name) of every import in `source`, wherever it stands; names count as submodules."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def part_imported(name):
    """The part of this package that an import of `name` reaches, or None if it is another package's."""
    first, *rest = name.split(".")
    if first != "textrnn":
        return None
    if rest[:1] == ["__version__"]:
        return "version"
    # The public names of `textrnn` itself are the API's.
    return rest[0] if rest and (rest[0] in RANKS or rest[0] in FOR_EVERYONE) else "api"


def is_allowed(part, imported):
    if imported == part or imported in FOR_EVERYONE:
        return True
    if part in FOR_EVERYONE:
        return False
    return part == "__init__" or RANKS[imported] < RANKS[part]


def wrong_imports(source, path):
    part = part_of(path)
    package = [*path.parent.relative_to(ROOT).parts]
    for line, name in imported_modules(source, package):
        imported = part_imported(name)
        if imported is not None and not is_allowed(part, imported):
            yield f"{path.relative_to(ROOT)}, line {line}: {part} may not import {name}"
        if part in WITHOUT_TENSORFLOW and name.split(".")[0] in ("tensorflow", "keras"):
            yield f"{path.relative_to(ROOT)}, line {line}: {part} may not import {name}"
        if part in FOR_EVERYONE and imported is None and name.split(".")[0] not in {*sys.stdlib_module_names, "tqdm"}:
            yield f"{path.relative_to(ROOT)}, line {line}: {part} is standard library only, not {name}"


def test_every_part_of_the_package_has_a_rank():
    parts = {part_of(path) for path in SOURCES}
    assert parts <= {*RANKS, *FOR_EVERYONE, "__init__"}, "give the new folder its place in the order of imports"


def test_imports_go_one_way():
    wrong = [message for path in SOURCES for message in wrong_imports(path.read_text("utf-8"), path)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("path", "source", "is_wrong"),
    [
        ("textrnn/text/word.py", "from textrnn.models import load_model", True),
        ("textrnn/text/word.py", "def f():\n    import textrnn.generation.state", True),
        ("textrnn/text/word.py", "from ..layers import cell", True),
        ("textrnn/text/word.py", "from .. import layers", True),
        ("textrnn/text/word.py", "from . import character\nfrom textrnn import checks", False),
        ("textrnn/layers/cell.py", "from textrnn import LanguageModel", True),
        ("textrnn/models/stack.py", "from textrnn import layers, text", False),
        ("textrnn/models/stack.py", "from textrnn.training import loop", True),
        ("textrnn/runtime/model.py", "from textrnn.models import saving", True),
        ("textrnn/runtime/model.py", "from keras import ops", True),
        ("textrnn/cli/main.py", "import textrnn\nfrom textrnn import __version__", False),
        ("textrnn/api/common.py", "from textrnn.cli import main", True),
        ("textrnn/checks.py", "import numpy", True),
        ("textrnn/files.py", "from textrnn.text import pad_batch", True),
        ("textrnn/generation/state.py", "import tensorflow as tf", True),
        ("textrnn/classification/report.py", "from textrnn.generation import Score", True),
        ("train.py", "from textrnn.cli.main import main", False),
    ],
)
def test_wrong_import_is_detected(path, source, is_wrong):
    assert bool(list(wrong_imports(source, ROOT / path))) == is_wrong


def test_the_lowest_parts_load_without_tensorflow():
    code = (
        "import sys, textrnn, textrnn.text, textrnn.generation, textrnn.classification\n"
        "import textrnn.files, textrnn.checks, textrnn.version\n"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


SETTINGS = """
import os, keras, tensorflow as tf
def settings():
    threading = tf.config.threading
    return (
        keras.config.dtype_policy().name,
        threading.get_intra_op_parallelism_threads(),
        threading.get_inter_op_parallelism_threads(),
        tf.config.optimizer.get_experimental_options(),
        os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
    )
before = settings()
import textrnn
for name in textrnn.__all__:
    getattr(textrnn, name)
assert settings() == before, (before, settings())
"""


def test_importing_the_package_changes_no_setting_of_tensorflow_or_keras():
    done = subprocess.run([sys.executable, "-c", SETTINGS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
