"""Options of a recipe for texts of any length."""

import pytest

from textrnn.api.corpus import count_characters
from textrnn.options import RECIPES
from textrnn.options.recipes import MIN_STEPS, WINDOW, make_recipe
from textrnn.text import open_corpus


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_short_text_leaves_enough_steps_to_learn_from(recipe):
    for characters in (20_000, 50_000, 300_000, 1_000_000, 10_000_000):
        made = make_recipe(recipe, characters)
        steps = made["epochs"] * characters / made["batch_size"] / WINDOW
        assert steps >= MIN_STEPS or made["batch_size"] == 8
    assert make_recipe(recipe, 1)["batch_size"] == 8


def test_a_text_is_as_long_in_a_file_as_it_is_in_memory(tmp_path):
    text = "Žluťoučký kůň pěl ďábelské ódy. " * 30
    (tmp_path / "sea.txt").write_text(text, encoding="utf-8")
    for source in ([text], tmp_path / "sea.txt"):
        assert count_characters(open_corpus(source), False) == len(text)
