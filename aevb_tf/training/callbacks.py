"""The callback that saves metrics and checkpoints at the end of every epoch."""

import time

import keras
import numpy as np

from aevb_tf.files import write
from aevb_tf.training import stopping
from aevb_tf.training.run_folder import RunFolder


class Keeper(keras.callbacks.Callback):
  """Saves the metrics of every epoch and the state at its end.

  The metrics are a line of `metrics.jsonl`, the state is a checkpoint. Between two
  checkpoints the state is held in memory, so that an interrupted run loses no finished
  epoch. An interrupt waits until both are saved.

  Args:
    folder: The run's folder.
    every: Number of epochs between checkpoints.
    keep: Number of checkpoints to keep.
    examples_per_epoch: Number of examples in an epoch, to count the samples seen; None
      if it is not known.
  """

  def __init__(
    self,
    folder: RunFolder,
    every: int = 1,
    keep: int = 3,
    examples_per_epoch: int | None = None,
  ):
    super().__init__()
    self._folder = folder
    self._every = every
    self._keep = keep
    self._examples = examples_per_epoch
    self._began = self._validated = self._validation_began = 0.0
    self._unsaved: tuple[int, list[np.ndarray]] | None = None

  def on_epoch_begin(self, epoch, logs=None):
    self._began, self._validated = time.perf_counter(), 0.0

  def on_test_begin(self, logs=None):
    self._validation_began = time.perf_counter()

  def on_test_end(self, logs=None):
    self._validated += time.perf_counter() - self._validation_began

  def on_epoch_end(self, epoch, logs=None):
    elapsed = time.perf_counter() - self._began
    with stopping.deferred():
      self._folder.append_metrics(self._row(epoch + 1, elapsed, logs or {}))
      if (epoch + 1) % self._every == 0 or epoch + 1 == self.params["epochs"]:
        self.save(self.model, epoch + 1)
      else:
        self._unsaved = epoch + 1, [np.array(v) for v in _state(self.model)]

  def _row(self, epoch, elapsed, logs):
    return {
      "epoch": epoch,
      "samples": self._examples and epoch * self._examples,
      "learning_rate": _shortest(self.model.optimizer.learning_rate),
      **{key: _shortest(value) for key, value in logs.items()},
      "seconds": round(elapsed - self._validated, 4),
      "val_seconds": round(self._validated, 4),
    }

  def save(self, model: keras.Model, epoch: int) -> None:
    """Writes a checkpoint, and removes the oldest ones."""
    write(self._folder.checkpoint(epoch), model.save)
    for old in self._folder.checkpoint_epochs()[self._keep :]:
      self._folder.checkpoint(old).unlink()
    self._unsaved = None

  def save_last_finished(self) -> None:
    """Writes a checkpoint of the last finished epoch, if there is none yet."""
    if self._unsaved is None:
      return
    epoch, values = self._unsaved
    for variable, value in zip(_state(self.model), values, strict=True):
      variable.assign(value)
    self.save(self.model, epoch)


def _shortest(value: float) -> float:
  """The float with the fewest digits that has the same float32 value."""
  return float(f"{float(value):.8g}")


def _state(model: keras.Model) -> list[keras.Variable]:
  """Everything that training changes and a checkpoint stores."""
  return [*model.variables, model.updates, *model.optimizer.variables]
