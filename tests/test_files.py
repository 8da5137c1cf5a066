"""A file is the old one or the new one, never a part of one."""

import errno
import os
import stat

import pytest

from textrnn.files import atomic_path, write_text


def test_new_file_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "deep" / "model.keras"
    write_text(path, "old")
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent  # a rename between file systems is not atomic
        assert temporary.suffix == ".keras"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(path.parent) == ["model.keras"]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_error_while_writing_keeps_the_old_file_and_leaves_no_other(tmp_path, error):
    path = tmp_path / "config.json"
    write_text(path, "old")

    def write_half():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write_half()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["config.json"]


def test_full_disk_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch):
    path = tmp_path / "config.json"
    write_text(path, "old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OSError, match=r"No space left on device: '.*/config\.json'"
    ):  # which the system does not name
        write_text(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["config.json"]


def test_error_that_names_the_temporary_file_is_made_to_name_the_file(tmp_path):
    def write(name):
        with atomic_path(tmp_path / "model.keras") as temporary:
            raise PermissionError(errno.EACCES, "Permission denied", name or str(temporary))

    with pytest.raises(PermissionError, match=r"Permission denied: '.*/model\.keras'"):
        write(None)
    with pytest.raises(PermissionError, match=r"Permission denied: 'corpus\.txt'"):
        write("corpus.txt")


def test_text_is_on_disk_before_its_name_is(tmp_path, monkeypatch):
    path, steps = tmp_path / "config.json", []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (steps.append("fsync"), fsync(descriptor))[1])
    monkeypatch.setattr(os, "replace", lambda *names: (steps.append("rename"), replace(*names))[1])
    write_text(path, "text")
    assert steps == ["fsync", "rename", "fsync"]  # the file, its name, and the folder that holds the name


@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_permissions_are_those_of_any_new_file(tmp_path, umask, expected):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "model.keras", "text")
        assert os.umask(umask) == umask  # reading the mask put it back
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model.keras").stat().st_mode) == expected


def test_text_is_utf8_whatever_the_locale(tmp_path):
    write_text(tmp_path / "samples.txt", "é∀😀\n")
    assert (tmp_path / "samples.txt").read_bytes() == "é∀😀\n".encode()
