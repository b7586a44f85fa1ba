"""Trains the model of a config in a run folder, from its beginning or where it stopped.

A run is a function of its config: initial weights and noise derive from `config.seed`,
the order of the data from the seed and the epoch, and a checkpoint holds the rest. So
a run that was stopped, and gone on with, ends with the weights of one that was not.
"""

import json
import os
import sys
import time
from typing import Any

import ml_collections

import aevb_tf
from aevb_tf.files import write_json
from aevb_tf.loops.monitor import InvalidDataError
from aevb_tf.models import VAE
from aevb_tf.training import build, configuration, finish, resuming, stopping
from aevb_tf.training.callbacks import Keeper, tensorboard
from aevb_tf.training.run_folder import RunFolder


def train(config: ml_collections.ConfigDict, workdir: str | os.PathLike) -> dict:
  """Trains, evaluates on the test split, draws, and leaves a run folder.

  Called again with the same arguments it goes on where it was stopped, and returns at
  once if it had come to its end. With more epochs, it goes on with a finished run.

  Args:
    config: As `configuration.load` gives it.
    workdir: The run's folder; see `run_folder` for what is in it.

  Returns:
    What `summary.json` holds.

  Raises:
    ConfigError: The config cannot be used, or not with this folder.
    NonFiniteError: Training met NaN or infinity; the last good checkpoint is kept.
    KeyboardInterrupt: It was stopped; the last finished epoch is kept.
  """
  began = time.perf_counter()
  build.check(config)
  folder = RunFolder(workdir)
  resuming.check(config, folder)
  if summary := _finished(config, folder):
    print(f"{folder.path}: finished already, {summary['epochs']} epochs.")
    return summary
  train_data, test_data = (build.dataset(config, split) for split in ("train", "test"))
  resumed = _resume(config, folder, train_data)
  vae, epoch = resumed or (build.model(config, train_data), 0)
  for source in (train_data, test_data):
    build.check_data(vae, source)
  if not resumed:
    folder.create()
    write_json(folder.config, configuration.to_json(config))
    _keeper(config, folder, train_data).save(vae, 0)
  write_json(folder.config, configuration.to_json(config))
  folder.truncate_history(epoch)
  build.go_to_epoch(train_data, epoch)
  if epoch < config.epochs:
    print(_heading(config, folder, train_data, epoch))
    _fit(vae, config, folder, train_data, test_data, epoch)
  return finish.finish(vae, config, folder, test_data, began)


def _heading(config, folder, source, epoch) -> str:
  examples = build.num_examples(source)
  size = f"{examples:,} examples" if examples else "a stream of examples"
  begin = f"going on after epoch {epoch} of" if epoch else "training for"
  return (
    f"{folder.path}: {begin} {config.epochs} epochs of {config.dataset}, {size} in"
    f" batches of {config.batch_size}, on {finish.device()}."
  )


def _finished(config, folder) -> dict | None:
  """The summary, if the run has come to the end that the config asks for."""
  if not folder.is_run() or not folder.summary.exists():
    return None
  try:
    summary = json.loads(folder.summary.read_text(encoding="utf-8"))
  except ValueError as error:
    raise configuration.ConfigError(
      f"{folder.summary} is damaged: {error}. Remove it, and the same command writes it"
      " again."
    ) from error
  return summary if summary["epochs"] == config.epochs else None


def _resume(config, folder, source) -> tuple[VAE, int] | None:
  """The model of the newest whole checkpoint, and its epoch."""
  if not folder.is_run():
    return None
  folder.create()
  epoch, damaged = folder.newest_checkpoint()
  for path in damaged:
    print(f"{path} is damaged; it is not used.", file=sys.stderr)
  if epoch is None:
    if damaged:
      raise configuration.ConfigError(
        f"--workdir={folder.path}: no checkpoint in it can be read. Name a new folder."
      )
    return None
  vae = aevb_tf.load(folder.checkpoint(epoch))
  if config.learning_rate_schedule != "constant":
    # The schedule ends with the run, which may have become longer.
    vae.optimizer.learning_rate = build.learning_rate(config, build.num_batches(source))
  return vae, epoch


def _keeper(config, folder, source) -> Keeper:
  return Keeper(
    folder,
    every=config.checkpoint_every,
    keep=config.keep_checkpoints,
    examples_per_epoch=build.num_examples(source),
  )


def _fit(vae: VAE, config, folder, train_data: Any, test_data: Any, epoch: int) -> None:
  keeper = _keeper(config, folder, train_data)
  try:
    vae.fit(
      train_data,
      validation_data=test_data,
      epochs=config.epochs,
      initial_epoch=epoch,
      # On a terminal Keras' bar; in a file, one line an epoch.
      verbose=1 if sys.stdout.isatty() else 2,
      callbacks=[tensorboard(folder), keeper],
    )
  except (KeyboardInterrupt, aevb_tf.NonFiniteError, InvalidDataError) as error:
    with stopping.deferred():
      keeper.save_last_finished()
    if not isinstance(error, InvalidDataError):
      raise
    # Values of a stream, which nobody has seen before.
    raise configuration.ConfigError(f"config.dataset: {error}") from error
