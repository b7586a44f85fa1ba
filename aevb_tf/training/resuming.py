"""Where a run stands, and whether a command may go on with it."""

import ml_collections

from aevb_tf.training import configuration
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.run_folder import RunFolder

# Keys that change nothing in what has been computed already.
_FREE = {"epochs", "data_dir", "plots", "checkpoint_every", "keep_checkpoints"}


def check(config: ml_collections.ConfigDict, folder: RunFolder) -> None:
  """Refuses to go on with a run that another config began.

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


def _value(config, key):
  name, _, option = key.partition(".")
  return config[name].get(option, "none") if option else config[name]
