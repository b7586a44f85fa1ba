"""Callbacks, and which of them need every step of a compiled loop."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import keras

# Of loops with hooks for batches.
Kind: TypeAlias = Literal["train", "test"]

# As `fit` takes them; Keras hands its own methods a `CallbackList`.
Callbacks: TypeAlias = (
  keras.callbacks.Callback
  | Sequence[keras.callbacks.Callback]
  | keras.callbacks.CallbackList
  | None
)

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
  """Tracks the current epoch and step of Keras' loops."""

  def __init__(self) -> None:
    super().__init__()
    self.reset()

  def reset(self) -> None:
    """Resets to the first step."""
    self.epoch, self.step = 0, {"train": 0, "test": 0}

  def on_epoch_begin(self, epoch, logs=None):
    self.epoch = epoch

  def on_train_batch_begin(self, batch, logs=None):
    self.step["train"] = batch

  def on_test_batch_begin(self, batch, logs=None):
    self.step["test"] = batch


def each(callbacks: Callbacks) -> list[keras.callbacks.Callback]:
  """The callbacks of a list, of a nest of lists or of a Keras `CallbackList`."""
  if isinstance(callbacks, keras.callbacks.CallbackList):
    callbacks = callbacks.callbacks
  return keras.tree.flatten(callbacks or [])


def wants_every_batch(callbacks: Callbacks, kind: Kind) -> bool:
  """Whether a callback has a hook for every batch that does something.

  Args:
    callbacks: As `fit` takes them.
    kind: "train" or "test".
  """
  return any(_has_batch_hook(callback, kind) for callback in each(callbacks))


def give_direction(
  callbacks: Iterable[keras.callbacks.Callback], maximized: Iterable[str]
) -> None:
  """Sets the mode of callbacks with `mode="auto"` that monitor a maximized metric.

  Keras sets it only for its own metrics, by their names.

  Args:
    callbacks: Keras callbacks.
    maximized: Names of metrics.
  """
  for callback in callbacks:
    monitored = str(getattr(callback, "monitor", "")).removeprefix("val_")
    if monitored in maximized and getattr(callback, "mode", None) == "auto":
      callback.mode = "max"


def _has_batch_hook(callback, kind):
  """Whether a callback has a hook for every batch, or declares that it will have one.

  A callback that creates its hooks later, such as tqdm's at the start of an epoch,
  declares this in the same way as in tf.keras.
  """
  hooks = [own for name in _BATCH_HOOKS[kind] if (own := _own(callback, name))]
  if _looks_at_epochs_alone(callback):
    hooks = [own for own in hooks if not _is_by_keras(own)]
  if hooks:
    return True
  implements = getattr(callback, f"_implements_{kind}_batch_hooks", None)
  return implements is not None and bool(implements())


def _own(callback, hook):
  """The hook, if it is overridden, by the class or in the object itself; else None."""
  own = getattr(callback, hook, None)
  function = getattr(own, "__func__", own)
  return None if function is getattr(keras.callbacks.Callback, hook) else function


def _is_by_keras(hook):
  """Whether a hook is Keras' own or the `Watch`'s, and not one of a class derived."""
  return (getattr(hook, "__module__", None) or "").split(".")[0] in ("keras", "aevb_tf")


def _looks_at_epochs_alone(callback):
  """Whether Keras' own hooks of a callback use only epochs, as they do by default."""
  if isinstance(
    callback, (Watch, keras.callbacks.History, keras.callbacks.ProgbarLogger)
  ):
    return True
  if getattr(callback, "_should_trace", False):  # TensorBoard profiles batches
    return False
  frequencies = {
    getattr(callback, name, None) for name in ("save_freq", "_save_freq", "update_freq")
  } - {None}
  return frequencies == {"epoch"}
