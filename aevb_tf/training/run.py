"""A run: a config resolved, once, into data, a model and what is kept of each epoch.

A run is a function of its config: initial weights and noise derive from `config.seed`,
the order of the data from the seed and the epoch, and a checkpoint holds the rest. So a
run that was stopped and resumed ends with the weights of one that was not.
"""

import json
import sys
from typing import Any, NamedTuple

import ml_collections

import aevb_tf
from aevb_tf.files import write_json
from aevb_tf.models import VAE
from aevb_tf.training import build, configuration, parts
from aevb_tf.training.callbacks import Keeper
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.run_folder import RunFolder

# Keys that change nothing in what has been computed already.
_FREE = {"epochs", "data_dir", "plots", "checkpoint_every", "keep_checkpoints"}


class Run(NamedTuple):
  """What is trained, on what, and where it is kept.

  Attributes:
    config: The config, checked.
    folder: The run's folder, created.
    train_data: The training split, at the epoch that comes next.
    test_data: The test split.
    model: The model, compiled, as it is after `epoch` epochs.
    epoch: How many epochs are finished.
    keeper: Writes the metrics and the checkpoints.
  """

  config: ml_collections.ConfigDict
  folder: RunFolder
  train_data: Any
  test_data: Any
  model: VAE
  epoch: int
  keeper: Keeper


def start(config: ml_collections.ConfigDict, folder: RunFolder) -> Run:
  """Begins a run, or resumes it from its newest whole checkpoint.

  Args:
    config: The config, checked, and with this folder by `check_folder`.
    folder: The run's folder; created if missing, once all of the config is possible.

  Returns:
    The run, ready to train.

  Raises:
    ConfigError: The data and the model do not fit, or no checkpoint can be read.
  """
  train_data, test_data = (build.dataset(config, split) for split in ("train", "test"))
  resumed = _resume(config, folder, train_data)
  model, epoch = resumed or (build.model(config, train_data), 0)
  for source in (train_data, test_data):
    build.check_data(model, source)
  keeper = Keeper(
    folder,
    every=config.checkpoint_every,
    keep=config.keep_checkpoints,
    examples_per_epoch=build.num_examples(train_data),
  )
  folder.create()
  write_json(folder.config, configuration.to_json(config))
  if not resumed:
    keeper.save(model, 0)
  folder.truncate_history(epoch)
  build.go_to_epoch(train_data, epoch)
  return Run(config, folder, train_data, test_data, model, epoch, keeper)


def check_folder(config: ml_collections.ConfigDict, folder: RunFolder) -> None:
  """Refuses to resume a run that another config began.

  Args:
    config: What is asked for now.
    folder: Where.

  Raises:
    ConfigError: The folder holds something else than a run, or the run of a config
      that differs in more than its length and what is kept of it.
  """
  if folder.is_foreign():
    raise ConfigError(
      f"--workdir={folder.path}: holds other things than a run; name a new folder."
    )
  if not folder.is_run():
    return
  before = configuration.from_json(folder.config)
  if differing := set(configuration.differences(config, before)) - _FREE:
    changes = ", ".join(
      f"{key} ({_value(before, key)} there, {_value(config, key)} asked)"
      for key in sorted(differing)
    )
    raise ConfigError(
      f"--workdir={folder.path}: holds another run; what differs: {changes}."
      " Name another folder, or ask for the same."
    )
  done = len(folder.history())
  if config.epochs < done:
    raise ConfigError(
      f"config.epochs={config.epochs}: the run in {folder.path} has done {done} epochs."
      " Ask for as many or more, or name another folder."
    )


def finished(config: ml_collections.ConfigDict, folder: RunFolder) -> dict | None:
  """Returns the summary, if the run has all the epochs that the config asks for."""
  if not folder.is_run() or not folder.summary.exists():
    return None
  try:
    summary = json.loads(folder.summary.read_text(encoding="utf-8"))
  except ValueError as error:
    raise ConfigError(
      f"{folder.summary} is damaged: {error}. Remove it, and the same command writes it"
      " again."
    ) from error
  return summary if summary["epochs"] == config.epochs else None


def _value(config, key):
  name, _, option = key.partition(".")
  return config[name].get(option, "none") if option else config[name]


def _resume(config, folder, source) -> tuple[VAE, int] | None:
  """The model of the newest whole checkpoint, and its epoch."""
  if not folder.is_run():
    return None
  epoch, damaged = folder.newest_checkpoint()
  for path in damaged:
    print(f"{path} is damaged; it is not used.", file=sys.stderr)
  if epoch is None:
    if damaged:
      raise ConfigError(
        f"--workdir={folder.path}: no checkpoint in it can be read. Name a new folder."
      )
    return None
  model = aevb_tf.load(folder.checkpoint(epoch))
  if config.learning_rate_schedule != "constant":
    # The schedule ends with the run, which may have become longer.
    steps = build.num_batches(source)
    model.optimizer.learning_rate = parts.learning_rate(config, steps)
  return model, epoch
