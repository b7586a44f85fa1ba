"""Applies the model of a run to examples, and writes the answer into a folder."""

import os
import sys
import time
from collections.abc import Sequence

import keras
import ml_collections

from aevb_tf import publish
from aevb_tf.apply import answers, inputs, results
from aevb_tf.apply.tasks import TASKS
from aevb_tf.evidence.batches import reporting
from aevb_tf.training import environment
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.evaluate import trained_model
from aevb_tf.training.run_folder import RunFolder

_QUIET_SECONDS = 2.0  # progress is shown of what takes longer


def apply(
  name: str,
  folder: RunFolder,
  config: ml_collections.ConfigDict,
  to: str | os.PathLike,
  source: str | None = None,
  split: str | None = None,
  seed: int = 0,
  **options: int | float | str,
) -> Sequence[str]:
  """Applies a task to examples.

  Args:
    name: A name of `TASKS`.
    folder: The run.
    config: The run's config.
    to: Folder of the answer; it must not exist.
    source: What to read the examples from, as `aevb_tf.data.load` takes it; None for the
      data of the run.
    split: Split of the source; None for all of a file or folder, otherwise "test".
    seed: Of all noise.
    **options: Those of the task.

  Returns:
    Lines that say what was found.

  Raises:
    ConfigError: The examples do not fit the model, or an option is out of range.
    FileExistsError: There is something at `to`.
  """
  vae, model_name = trained_model(folder)
  task = TASKS[name]
  examples = inputs.read(
    config, vae, source, split, task.input_kind, task.needs_condition
  )
  question = inputs.Question(vae, examples, config, folder, seed)
  try:
    with publish.folder(to) as partial, reporting(_Progress(name)):
      answer = getattr(answers, name)(question, **options)
      about = {
        "task": name,
        "options": options,
        "run": str(folder.path),
        "model": model_name,
        "input": config.dataset if source is None else source,
        "num_examples": len(examples.x),
        "seed": seed,
        "versions": environment.versions(),
      }
      results.write(partial, answer, vae, examples.names, examples.are_files, about)
  except (FloatingPointError, ValueError) as error:
    if isinstance(error, ConfigError):
      raise
    raise ConfigError(f"{name}: {' '.join(str(error).split())}") from error
  return answer.summary


class _Progress:
  """Shows a bar once a task has taken some seconds."""

  def __init__(self, name: str):
    self._name, self._began = name, time.monotonic()
    self._bar: keras.utils.Progbar | None = None

  def __call__(self, done: int, total: int) -> None:
    if time.monotonic() - self._began < _QUIET_SECONDS or not sys.stderr.isatty():
      return
    if self._bar is None or self._bar.target != total:
      self._bar = keras.utils.Progbar(total, unit_name="example")
    self._bar.update(done)
