"""A text larger than memory: slow, run with `-m slow`."""

import subprocess
import sys

import pytest

CODE = """
import resource, sys, threading, time
import keras
import textrnn

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

small = sys.argv[1] + "/small.txt"
open(small, "w").write("The sea is a slow clock.\\n" * 200)
options = dict(units=64, batch_size=32, sequence_length=64, epochs=1, verbose=False)
textrnn.train_language_model(small, **options)
before, peak, done = resident(), [0.0], threading.Event()

def watch():
    while not done.is_set():
        peak[0] = max(peak[0], resident())
        time.sleep(0.05)

threading.Thread(target=watch, daemon=True).start()

class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 600:
            raise SystemExit

try:
    textrnn.train_language_model(sys.argv[2], out=sys.argv[1] + "/run", callbacks=[Stop()], **options)
except SystemExit:
    pass
done.set()
print(f"{before:.0f} MB before, {peak[0]:.0f} MB at the peak")
assert peak[0] - before < 300, (before, peak[0])
"""


@pytest.mark.slow
def test_a_text_of_a_gigabyte_trains_in_a_few_hundred_megabytes(tmp_path):
    line = "The sea is a slow clock, and nobody winds it but the moon; she has a key for every door.\n"
    with open(tmp_path / "large.txt", "w") as stream:
        for _ in range(1000):
            stream.write(line * (1_000_000_000 // 1000 // len(line) + 1))
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path), str(tmp_path / "large.txt")],
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-2000:]
