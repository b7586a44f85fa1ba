"""Progress of `fit` and `evaluate` in fixed point: Keras prints bounds as -1.1319e+02."""

import time
from collections.abc import Mapping

import keras


class Progress(keras.callbacks.ProgbarLogger):
  """Keras' progress bar, or with `verbose=2` a line of metrics for each epoch.

  It leaves out a `loss` that is minus another metric.
  """

  def on_epoch_begin(self, epoch, logs=None):
    self._began = time.perf_counter()
    super().on_epoch_begin(epoch, logs)

  def on_train_batch_end(self, batch, logs=None):
    super().on_train_batch_end(batch, _shown(logs))

  def on_epoch_end(self, epoch, logs=None):
    if self.verbose != 2:
      super().on_epoch_end(epoch, _shown(logs))
      return
    seconds = time.perf_counter() - self._began
    print(f"{seconds:.1f} s - {line(logs or {})}", flush=True)

  def on_test_begin(self, logs=None):
    if not self._called_in_fit:
      self._began = time.perf_counter()
    super().on_test_begin(logs)

  def on_test_batch_end(self, batch, logs=None):
    super().on_test_batch_end(batch, _shown(logs))

  def on_test_end(self, logs=None):
    if self.verbose != 2 or self._called_in_fit:
      super().on_test_end(_shown(logs))
      return
    seconds = time.perf_counter() - self._began
    print(f"{seconds:.1f} s - {line(logs or {})}", flush=True)


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
  return abs(float(a) + float(b)) <= 1e-6 * abs(float(a))


def _fixed(value):
  value = float(value)
  if abs(value) >= 1 or value == 0:
    return f"{value:.2f}"
  return f"{value:.4f}" if abs(value) >= 1e-3 else f"{value:.1e}"
