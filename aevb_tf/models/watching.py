"""Callbacks and the compiled loops: who watches which step."""

from typing import Any

import keras

_PER_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end")


class Watch(keras.callbacks.Callback):
  """Knows the epoch and the step that Keras' loops are at."""

  def __init__(self):
    super().__init__()
    self.epoch = 0
    self.step = {"train": 0, "test": 0}

  def on_epoch_begin(self, epoch, logs=None):
    self.epoch = epoch

  def on_train_batch_begin(self, batch, logs=None):
    self.step["train"] = batch

  def on_test_batch_begin(self, batch, logs=None):
    self.step["test"] = batch


def wants_every_batch(callbacks: Any) -> bool:
  """Whether a callback has a hook for every batch, and a use for it."""
  for callback in keras.tree.flatten(callbacks or []):
    own = type(callback)
    if not any(
      getattr(own, hook) is not getattr(keras.callbacks.Callback, hook)
      for hook in _PER_BATCH_HOOKS
    ):
      continue
    # Keras' own callbacks have the hooks, but by default look at epochs alone.
    frequencies = {
      getattr(callback, name, None)
      for name in ("save_freq", "_save_freq", "update_freq")
    } - {None}
    if frequencies != {"epoch"}:
      return True
  return False
