"""Progress of `fit` and `evaluate` in fixed point: Keras prints bounds as -1.1319e+02."""

import math
import shutil
import sys
import time
from collections.abc import Mapping

import keras
import numpy as np
from absl import logging

_WIDTH = 20  # of the bar, in characters
_COLUMNS = 100  # of a terminal
# Seconds between two states of the bar. A notebook that is saved as a page keeps all.
_INTERVAL, _INTERVAL_OF_NOTEBOOK = 0.1, 1.0


class Progress(keras.callbacks.ProgbarLogger):
  """A line of metrics for each epoch, and with `verbose=1` a bar until it is there.

  The bar is drawn over itself on a terminal and in a notebook, and not at all in a file.
  A `loss` that is minus another metric is left out.
  """

  target: int | None  # batches of an epoch, once known

  def on_epoch_begin(self, epoch, logs=None):
    self._begin()
    if self.verbose and self.epochs > 1:
      _print(f"Epoch {epoch + 1}/{self.epochs}\n")

  def on_train_batch_end(self, batch, logs=None):
    self._show(batch + 1, logs)

  def on_epoch_end(self, epoch, logs=None):
    self._end(logs)

  def on_test_begin(self, logs=None):
    if not self._called_in_fit:
      self._begin()

  def on_test_batch_end(self, batch, logs=None):
    if not self._called_in_fit:
      self._show(batch + 1, logs)

  def on_test_end(self, logs=None):
    if not self._called_in_fit:
      self._end(logs)

  def on_predict_begin(self, logs=None):
    self._begin()

  def on_predict_batch_end(self, batch, logs=None):
    self._show(batch + 1, None)

  def on_predict_end(self, logs=None):
    self._end(None)

  def _begin(self):
    self._began = time.perf_counter()
    self._shown, self._length, self._batches = self._began, 0, 0

  def _show(self, batch, logs):
    """Draws the bar over the last one, unless that was drawn too recently."""
    now = time.perf_counter()
    self._batches = batch
    if self.verbose != 1 or now - self._shown < _interval():
      return
    self._shown = now
    self._redraw(f"{_bar(batch, self.target)} {self._numbers(logs)}")

  def _end(self, logs):
    if self.target is None:  # a stream, whose length is known from now on
      self.target = self._batches
    bar = "" if logs else _bar(self._batches, self.target) + " "
    self._redraw(_wrapped(bar + self._numbers(logs)), "\n")

  def _numbers(self, logs):
    seconds = f"{time.perf_counter() - self._began:.1f} s"
    return f"{seconds} - {line(logs)}" if logs else seconds

  def _redraw(self, text, end=""):
    if _is_terminal() and not end:
      # A line that wraps could not be drawn over.
      text = text[: shutil.get_terminal_size().columns - 1]
    first, *more = text.split("\n")
    lines = [first.ljust(self._length), *more]
    _print(("\r" if self._length else "") + "\n".join(lines) + end)
    self._length = len(first)


def _wrapped(text):
  """Breaks a line that is too long for a terminal, between two metrics."""
  comma = text.rfind(", ", 0, _COLUMNS)
  if len(text) <= _COLUMNS or comma < 0:
    return text
  return f"{text[: comma + 1]}\n    {_wrapped(text[comma + 2 :])}"


def _bar(batch, target):
  if not target:
    return f"{batch} batches"
  full, empty = ("━", "─") if _speaks_unicode() else ("=", "-")
  done = min(batch, target) * _WIDTH // target
  count = f"{batch:{len(str(target))}d}/{target}"
  return f"{count} {full * done}{empty * (_WIDTH - done)}"


def _interval():
  """Seconds between two states of the bar, where a line can be drawn over."""
  if _is_terminal():
    return _INTERVAL
  return _INTERVAL_OF_NOTEBOOK if "ipykernel" in sys.modules else math.inf


def _is_terminal():
  """Whether the output is one; it may be closed, or an object of the user's."""
  isatty = getattr(sys.stdout, "isatty", None)
  return isatty is not None and isatty()


def _speaks_unicode():
  return (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")


def _print(text):
  """Prints, or logs where the user has switched Keras to logs."""
  if keras.config.is_interactive_logging_enabled():
    print(text, end="", flush=True)
  elif text.endswith("\n"):
    logging.info(text.strip())


def line(logs: Mapping[str, float]) -> str:
  """Metrics as `elbo -113.19 (validation -115.02), kl 24.10 (24.31)`.

  Args:
    logs: Keras' logs of an epoch, nats and other numbers.
  """
  shown = _shown(logs)
  words, label = [], "validation "
  for name, value in shown.items():
    if name.startswith("val_") and name.removeprefix("val_") in shown:
      continue
    word = f"{name} {_fixed(value)}"
    if f"val_{name}" in shown:
      word += f" ({label}{_fixed(shown[f'val_{name}'])})"
      label = ""
    words.append(word)
  return ", ".join(words)


def _shown(logs):
  """The logs without a loss that another metric says, too."""
  logs = dict(logs or {})
  for prefix in ("", "val_"):
    loss = logs.get(f"{prefix}loss")
    others = [v for k, v in logs.items() if k != f"{prefix}loss"]
    if loss is not None and any(_are_opposite(loss, other) for other in others):
      del logs[f"{prefix}loss"]
  return logs


def _are_opposite(a, b):
  if any(v is None or isinstance(v, str) or np.size(v) != 1 for v in (a, b)):
    return False
  return abs(float(a) + float(b)) <= 1e-6 * abs(float(a))


def _fixed(value):
  """A number in fixed point, or the mean of several, as Keras prints it."""
  if value is None or isinstance(value, str):
    return str(value)
  value = float(np.mean(value))
  if abs(value) >= 1 or value == 0:
    return f"{value:.2f}"
  return f"{value:.4f}" if abs(value) >= 1e-3 else f"{value:.1e}"
