"""Test of the runtime where NumPy and h5py are the only other packages: each import, a text, an answer.

A script, so that `.ci/run` can run it in such an environment.
"""

import importlib
import pkgutil
import sys

import textrnn
from textrnn.cli.main import main

FOLDERS = ("classification", "cli", "generation", "options", "runtime", "text")

for folder in FOLDERS:
    package = importlib.import_module(f"textrnn.{folder}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

writer = textrnn.runtime.load("plays-en")
assert len(writer.generate("ISELIN:\n", length=20, seed=1)) == 28
assert writer.score("The tide is late.").bits_per_character < 4

classifier = textrnn.runtime.load("sentiment-en")
assert classifier.classify(["A warm, funny film."])[0].label == "positive"
assert classifier.explain("A warm, funny film.").label == "positive"

assert main(["generate", "plays-en", "--length", "20", "--seed", "1"]) == 0
assert main(["classify", "sentiment-en", "A warm, funny film."]) == 0

message = ""
try:
    textrnn.load("plays-en")
except ModuleNotFoundError as error:
    message = str(error)
assert message.startswith("textrnn.load needs TensorFlow"), message
assert main(["train", "corpus.txt"]) == 1
assert not {"keras", "tensorflow", "tqdm"} & {name for name, module in sys.modules.items() if module is not None}
print("runs with NumPy and h5py alone")
