"""The callback that saves metrics and checkpoints at the end of every epoch."""

import time

import keras
import numpy as np

from aevb_tf.files import write
from aevb_tf.training import best, stopping
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
    patience: Epochs without a better bound on the test split until training stops; 0 for
      never.
    keep_best: Whether to keep the model of the best epoch as well.
  """

  def __init__(
    self,
    folder: RunFolder,
    every: int = 1,
    keep: int = 3,
    examples_per_epoch: int | None = None,
    patience: int = 0,
    keep_best: bool = False,
  ):
    super().__init__()
    self._folder = folder
    self._every = every
    self._keep = keep
    self._examples = examples_per_epoch
    self._began = self._validated = self._validation_began = 0.0
    self._unsaved: tuple[int, list[np.ndarray]] | None = None
    self._patience, self._keeps_best = patience, keep_best
    self._history: list[dict] = []
    self._unsaved_best: tuple[int, list[np.ndarray]] | None = None

  def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
    self._history = self._folder.history()

  def on_epoch_begin(self, epoch, logs=None):
    self._began, self._validated = time.perf_counter(), 0.0

  def on_test_begin(self, logs=None):
    self._validation_began = time.perf_counter()

  def on_test_end(self, logs=None):
    self._validated += time.perf_counter() - self._validation_began

  def on_epoch_end(self, epoch, logs=None):
    elapsed = time.perf_counter() - self._began
    with stopping.deferred():
      row = self._row(epoch + 1, elapsed, logs or {})
      self._folder.append_metrics(row)
      is_last = epoch + 1 == self.params["epochs"]
      if self._patience or self._keeps_best:
        is_last = self._compare(row) or is_last
      if (epoch + 1) % self._every == 0 or is_last:
        self.save(self.model, epoch + 1)
      else:
        self._unsaved = epoch + 1, _values(self.model)

  def _compare(self, row):
    """Notes the best epoch, and returns whether training stops here."""
    self._history.append(row)
    if self._keeps_best and best.best_epoch(self._history) == row["epoch"]:
      self._unsaved_best = row["epoch"], _values(self.model)
    self.model.stop_training |= best.is_exhausted(self._history, self._patience)
    return self.model.stop_training

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
    """Writes a checkpoint, and removes the oldest ones.

    The model of the best epoch is written first: a run that is resumed from an older
    checkpoint trains it again.
    """
    self._save_best(model)
    write(self._folder.checkpoint(epoch), model.save)
    for old in self._folder.checkpoint_epochs()[self._keep :]:
      self._folder.checkpoint(old).unlink()
    self._unsaved = None

  def _save_best(self, model):
    if self._unsaved_best is None:
      return
    epoch, values = self._unsaved_best
    current = _values(model)
    _assign(model, values)
    write(self._folder.best(epoch), model.save)
    _assign(model, current)
    for old in self._folder.best_epochs():
      if old != epoch:
        self._folder.best(old).unlink()
    self._unsaved_best = None

  def save_last_finished(self) -> None:
    """Writes a checkpoint of the last finished epoch, if there is none yet."""
    if self._unsaved is None:
      return
    epoch, values = self._unsaved
    _assign(self.model, values)
    self.save(self.model, epoch)


def _shortest(value: float) -> float:
  """The float with the fewest digits that has the same float32 value."""
  return float(f"{float(value):.8g}")


def _state(model: keras.Model) -> list[keras.Variable]:
  """Everything that training changes and a checkpoint stores."""
  return [*model.variables, model.updates, *model.optimizer.variables]


def _values(model: keras.Model) -> list[np.ndarray]:
  """Copies of the values of `_state`."""
  return [np.array(v) for v in _state(model)]


def _assign(model: keras.Model, values: list[np.ndarray]) -> None:
  """Sets the state to values that `_values` returned."""
  for variable, value in zip(_state(model), values, strict=True):
    variable.assign(value)
