"""Model files are written whole or not at all, and hold nothing but a model."""

import json
import zipfile

import keras
import pytest

import textrnn
from textrnn.text import CharacterTokenizer


@pytest.fixture
def model():
    return textrnn.LanguageModel(CharacterTokenizer().fit("the sea"), units=4, embedding_dim=4)


def test_a_failed_save_leaves_the_old_file(model, tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    model.save(path)
    before = path.read_bytes()

    def full_disk(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


def test_a_file_that_names_other_classes_is_not_even_opened_by_keras(model, tmp_path, monkeypatch):
    path, foreign = tmp_path / "model.keras", tmp_path / "foreign.keras"
    model.save(path)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(foreign, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = {
                    **json.loads(content),
                    "module": "os",
                    "class_name": "system",
                    "registered_name": "os>system",
                }
                content = json.dumps(config).encode()
            target.writestr(name, content)
    monkeypatch.setattr(
        keras.saving, "get_registered_object", lambda *arguments, **options: pytest.fail("Keras was asked")
    )
    with pytest.raises(ValueError, match="must hold a textrnn model; it holds 'os>system'"):
        textrnn.load(foreign)
