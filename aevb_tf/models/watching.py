"""Callbacks and the compiled loops: who watches which step."""

from collections.abc import Iterable
from typing import Any

import keras

_BATCH_HOOKS = {
  kind: (
    f"on_{kind}_batch_begin",
    f"on_{kind}_batch_end",
    # What Keras calls from the former unless they are overridden.
    *(("on_batch_begin", "on_batch_end") if kind == "train" else ()),
  )
  for kind in ("train", "test")
}


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


def each(callbacks: Any) -> list[keras.callbacks.Callback]:
  """The callbacks of a list, of a nest of lists or of a Keras `CallbackList`."""
  if isinstance(callbacks, keras.callbacks.CallbackList):
    callbacks = callbacks.callbacks
  return keras.tree.flatten(callbacks or [])


def wants_every_batch(callbacks: Any, kind: str) -> bool:
  """Whether a callback has a hook for every batch, and a use for it.

  Args:
    callbacks: As `fit` takes them.
    kind: "train" or "test".
  """
  return any(
    _has_batch_hook(callback, kind) and not _looks_at_epochs_alone(callback)
    for callback in each(callbacks)
  )


def give_direction(callbacks: Iterable[Any], maximized: Iterable[str]) -> None:
  """Tells callbacks with `mode="auto"` that what they monitor is to be maximized.

  Keras knows that of its own metrics, by their names.

  Args:
    callbacks: Keras callbacks.
    maximized: Names of metrics.
  """
  for callback in callbacks:
    monitored = str(getattr(callback, "monitor", "")).removeprefix("val_")
    if monitored in maximized and getattr(callback, "mode", None) == "auto":
      callback.mode = "max"


def _has_batch_hook(callback, kind):
  """Whether it has a hook for every batch, or says that it will have one.

  A callback that makes its hooks later, as tqdm's does at the beginning of an epoch, says
  so in the way of tf.keras.
  """
  if any(_has(callback, hook) for hook in _BATCH_HOOKS[kind]):
    return True
  implements = getattr(callback, f"_implements_{kind}_batch_hooks", None)
  return implements is not None and bool(implements())


def _has(callback, hook):
  """Whether a hook is overridden, by the class or in the object itself."""
  own = getattr(callback, hook, None)
  return getattr(own, "__func__", own) is not getattr(keras.callbacks.Callback, hook)


def _looks_at_epochs_alone(callback):
  """Keras' own callbacks have the hooks, but by default look at epochs alone."""
  if isinstance(
    callback, (Watch, keras.callbacks.History, keras.callbacks.ProgbarLogger)
  ):
    return True
  frequencies = {
    getattr(callback, name, None) for name in ("save_freq", "_save_freq", "update_freq")
  } - {None}
  return frequencies == {"epoch"}
