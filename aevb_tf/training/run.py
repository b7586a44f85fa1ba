"""A run: the data, the model and the folder of a config.

A run is a function of its config: initial weights and noise derive from `config.seed`,
the order of the data derives from the seed and the epoch, and a checkpoint holds the
rest. So a run that was stopped and resumed ends with the same weights as one that was
not stopped.
"""

import json
import sys
from typing import NamedTuple

import ml_collections

import aevb_tf
from aevb_tf.conditions import Columns
from aevb_tf.data import Loaded
from aevb_tf.files import write_json
from aevb_tf.models import VAE
from aevb_tf.training import best, build, conditions, configuration, parts, report
from aevb_tf.training.callbacks import Keeper
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.run_folder import RunFolder

# Keys that may differ when a run is resumed: they do not change finished epochs.
_FREE = {
  "epochs",
  "early_stopping",
  "data_dir",
  "plots",
  "checkpoint_every",
  "keep_checkpoints",
}


class Run(NamedTuple):
  """The model, the data and the folder of a run.

  Attributes:
    config: The checked config.
    folder: The run's folder, which exists.
    train_data: The training split, set to the next epoch.
    test_data: The test split.
    model: The compiled model, after `epoch` epochs.
    epoch: Number of finished epochs.
    keeper: Callback that writes the metrics and the checkpoints.
  """

  config: ml_collections.ConfigDict
  folder: RunFolder
  train_data: Loaded
  test_data: Loaded
  model: VAE
  epoch: int
  keeper: Keeper


def start(config: ml_collections.ConfigDict, folder: RunFolder) -> Run:
  """Starts a run, or resumes it from its newest intact checkpoint.

  Args:
    config: The config, which has passed the checks and `check_folder`.
    folder: The run's folder; created if missing, after the model and data are checked.

  Returns:
    The run, ready to train.

  Raises:
    ConfigError: The data and the model do not fit, or no checkpoint can be read.
  """
  train_data, test_data = (build.dataset(config, split) for split in ("train", "test"))
  resumed = _resume(config, folder, train_data)
  model, epoch = resumed or (build.model(config, train_data), 0)
  is_same = model.schema == getattr(train_data, "schema", None)
  if isinstance(model.condition, Columns):
    is_same = is_same and model.condition.schema == train_data.condition
  if not is_same:
    raise ConfigError(
      f"--workdir={folder.path}: {config.dataset} has another schema than the table that"
      " the run began with. Restore the table, or use a new folder."
    )
  for source in (train_data, test_data):
    build.check_data(config, model, source)
  keeper = Keeper(
    folder,
    every=config.checkpoint_every,
    keep=config.keep_checkpoints,
    examples_per_epoch=build.num_examples(train_data),
    patience=config.early_stopping,
    keep_best=config.restore_best,
  )
  folder.create()
  write_json(folder.config, configuration.to_json(config))
  if (schema := conditions.schema(model.condition, model.schema)) is not None:
    schema.save(folder.schema)
  if not resumed:
    keeper.save(model, 0)
  folder.truncate_history(epoch)
  build.go_to_epoch(train_data, epoch)
  return Run(config, folder, train_data, test_data, model, epoch, keeper)


def check_folder(config: ml_collections.ConfigDict, folder: RunFolder) -> None:
  """Raises an error if the folder holds the run of another config.

  Args:
    config: The config.
    folder: The run's folder.

  Raises:
    ConfigError: The folder holds other files than a run, or the run of a config that
      differs in keys that change the results of finished epochs.
  """
  if folder.is_foreign():
    raise ConfigError(
      f"--workdir={folder.path}: holds other files than a run; use a new folder."
    )
  if not folder.is_run():
    return
  before = configuration.from_json(folder.config)
  if differing := set(configuration.differences(config, before)) - _FREE:
    changes = ", ".join(
      f"{key} ({_value(before, key)} there, {_value(config, key)} now)"
      for key in sorted(differing)
    )
    raise ConfigError(
      f"--workdir={folder.path}: holds another run, which differs in {changes}."
      " Use another folder, or the same config."
    )
  done = len(folder.history())
  if config.epochs < done:
    raise ConfigError(
      f"--config.epochs={config.epochs}: the run in {folder.path} has {report.epochs(done)}."
      " Use at least as many epochs, or another folder."
    )


def finished(config: ml_collections.ConfigDict, folder: RunFolder) -> dict | None:
  """Returns the summary if the run has no more epochs to train, otherwise None."""
  if not folder.is_run() or not folder.summary.exists():
    return None
  try:
    summary = json.loads(folder.summary.read_text(encoding="utf-8"))
  except ValueError as error:
    raise ConfigError(
      f"{folder.summary} is damaged: {error}. Remove it, and run the same command to"
      " write it again."
    ) from error
  history = folder.history()
  # A run that was resumed for more epochs, and killed before its new summary was written.
  if not history or history[-1]["epoch"] != summary["epochs"]:
    return None
  if summary["epochs"] == config.epochs or stopped_early(config, folder):
    return summary
  return None


def stopped_early(config: ml_collections.ConfigDict, folder: RunFolder) -> bool:
  """Whether the epochs of the run were the last ones by `early_stopping`."""
  return best.is_exhausted(folder.history(), config.early_stopping)


def _value(config, key):
  name, _, option = key.partition(".")
  return config[name].get(option, "none") if option else config[name]


def _resume(config, folder, source) -> tuple[VAE, int] | None:
  """The model of the newest intact checkpoint, and its epoch."""
  if not folder.is_run():
    return None
  epoch, damaged = folder.newest_checkpoint()
  for path in damaged:
    print(f"{path} is damaged; it is not used.", file=sys.stderr)
  if epoch is None:
    if damaged:
      raise ConfigError(
        f"--workdir={folder.path}: no checkpoint in it can be read. Use a new folder."
      )
    return None
  model = aevb_tf.load(folder.checkpoint(epoch))
  if config.learning_rate_schedule != "constant":
    # The schedule ends with the run, which may be longer now.
    steps = build.num_batches(source)
    model.optimizer.learning_rate = parts.learning_rate(config, steps)
  return model, epoch
