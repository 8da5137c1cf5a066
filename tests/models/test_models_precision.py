"""The precision of products."""

import keras
import pytest

from textrnn.models import precision


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [("fpu avx2 avx512_bf16", "bfloat16"), ("fpu amx_bf16 amx_tile", "bfloat16"), ("fpu avx2 fma", "float32")],
)
def test_auto_follows_the_processor(flags, chosen, tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\nbogomips\t: 4890\n")
    monkeypatch.setattr(precision, "CPU_INFORMATION", tmp_path / "cpuinfo")
    monkeypatch.setattr(precision.tf.config, "list_physical_devices", lambda kind: [])
    assert precision.resolve_precision("auto") == chosen
    assert precision.resolve_precision("float32") == "float32"
    assert precision.resolve_precision("bfloat16") == "bfloat16"


def test_a_machine_of_unknown_instructions_gets_float32(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "CPU_INFORMATION", tmp_path / "missing")
    assert precision.resolve_precision("auto") == "float32"


def test_a_global_policy_is_kept_unless_overridden():
    keras.config.set_dtype_policy("float64")
    try:
        assert precision.dtype_policy(precision.resolve_precision("auto")) is None
        assert precision.dtype_policy(precision.resolve_precision("float32")) == "float32"
    finally:
        keras.config.set_dtype_policy("float32")
