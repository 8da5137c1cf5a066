"""Settings of TensorFlow for a whole process: made by one call, never by an import."""

import json

from commands import Fork

SCRIPT = """
import json, sys, textrnn
from textrnn.threads import count_cores
when = sys.argv[1]
found = {}
if when == "early":
    textrnn.configure_tensorflow(deterministic=True)
import tensorflow as tf
tf.constant(1.0) + 1.0
if when == "late":
    try:
        textrnn.configure_tensorflow()
    except RuntimeError as error:
        found["error"] = str(error)
model = textrnn.train_language_model(["the sea\\n"] * 40, units=4, epochs=1)
found["threads"] = [
    tf.config.threading.get_intra_op_parallelism_threads(), tf.config.threading.get_inter_op_parallelism_threads()
]
found["expected"] = [max(1, count_cores() // 4), count_cores()]
from tensorflow.python.framework.config import is_op_determinism_enabled
found["deterministic"] = is_op_determinism_enabled()
print(json.dumps(found))
"""


def run_script(when, folder):
    status, shown = Fork("-c", SCRIPT, when, cwd=folder).end()
    assert status == 0, shown
    *printed, found = shown.splitlines()
    return "\n".join(printed), json.loads(found)


def test_one_call_gives_a_script_the_threads_of_the_command_line(tmp_path):
    printed, found = run_script("early", tmp_path)
    assert found["threads"] == found["expected"]
    assert found["deterministic"]
    assert "configure_tensorflow" not in printed


def test_call_after_tensorflow_has_run_is_refused_and_training_gives_the_hint_once(tmp_path):
    printed, found = run_script("late", tmp_path)
    assert found["error"].startswith("`configure_tensorflow` must be called before TensorFlow runs anything")
    assert found["threads"] == [0, 0]
    assert printed.count("textrnn.configure_tensorflow()") == (found["expected"][1] > 1)
