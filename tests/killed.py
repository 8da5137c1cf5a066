"""Folder of a run as a killed process leaves it."""

import shutil

import keras


class CopyAfter(keras.callbacks.Callback):
    """Copies the folder of a run after a number of training steps, before the checkpoint that follows the last."""

    def __init__(self, steps, run, copy):
        super().__init__()
        self.steps = steps
        self.run = run
        self.copy = copy

    def on_train_batch_end(self, batch, logs=None):
        self.steps -= 1
        if self.steps == 0:
            shutil.copytree(self.run, self.copy)
