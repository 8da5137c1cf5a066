"""`textrnn evaluate` for a language model."""

import re

import numpy as np
import pytest

import textrnn
from textrnn.cli.main import main
from textrnn.text import WordTokenizer

LINES = ["the sea is slow", "a rope, a lamp", "the light turns"]


@pytest.mark.parametrize("protocol", ["stateful", "blocks"])
def test_documents_are_measured_as_in_python(protocol, tmp_path, capsys):
    model = textrnn.LanguageModel(WordTokenizer().fit(LINES), units=4, end_of_text=True)
    model.save(tmp_path / "lines.keras")
    (tmp_path / "lines.txt").write_text("\n".join(LINES))
    arguments = [tmp_path / "lines.keras", tmp_path / "lines.txt", "--documents", "line", "--protocol", protocol]
    assert main(["evaluate", *map(str, arguments)]) == 0
    shown = re.match(rf"3 documents, {protocol}: ([\d.]+) nats per character", capsys.readouterr().out)
    scores = [model.evaluate_text(line, protocol) for line in LINES]
    counts = [score.characters for score in scores]
    if protocol == "stateful":
        assert counts == list(map(len, LINES))
    expected = np.average([score.nats_per_character for score in scores], weights=counts)
    assert float(shown[1]) == pytest.approx(expected, abs=1e-4)
