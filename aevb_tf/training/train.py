"""Trains the model of a config in a run folder, or resumes the training."""

import os
import sys
import time

import keras
import ml_collections

import aevb_tf
from aevb_tf.conditions import Columns
from aevb_tf.data.first import first_pairs
from aevb_tf.files import write, write_json
from aevb_tf.loops.monitor import InvalidDataError
from aevb_tf.tasks.diagnosis import QUICK
from aevb_tf.training import (
  best,
  build,
  conditions,
  drawing,
  environment,
  report,
  stopping,
)
from aevb_tf.training.blaming import blaming
from aevb_tf.training.measure import measure
from aevb_tf.training.run import Run, check_folder, finished, start, stopped_early
from aevb_tf.training.run_folder import RunFolder


def train(config: ml_collections.ConfigDict, workdir: str | os.PathLike) -> dict:
  """Trains a model, evaluates it on the test split, and draws plots, in a run folder.

  If called again with the same arguments, it resumes the run, and returns at once if
  the run is finished. With more epochs, it resumes a finished run.

  Args:
    config: The config, as `configuration.load` returns it.
    workdir: The run's folder; see `run_folder` for its contents.

  Returns:
    The contents of `summary.json`.

  Raises:
    ConfigError: The config is invalid, or does not fit the folder.
    NonFiniteError: Training met NaN or infinity; the last good checkpoint is kept.
    KeyboardInterrupt: The run was stopped; the last finished epoch is kept.
  """
  began = time.perf_counter()
  build.check(config)
  folder = RunFolder(workdir)
  check_folder(config, folder)
  if summary := finished(config, folder):
    print(f"{folder.path}: finished already, {report.epochs(summary['epochs'])}.")
    return summary
  run = start(config, folder)
  if run.epoch < config.epochs and not stopped_early(config, folder):
    print(_heading(run))
    if not run.epoch:
      print(_columns(run), end="")
    _fit(run)
  return _finish(run, began)


def _heading(run: Run) -> str:
  config = run.config
  examples = build.num_examples(run.train_data)
  size = f"{examples:,} examples" if examples else "a stream of examples"
  begin = f"resuming after epoch {run.epoch} of" if run.epoch else "training for"
  return (
    f"{run.folder.path}: {begin} {report.epochs(config.epochs)} of {config.dataset},"
    f" {size} in"
    f" batches of {config.batch_size}, on {environment.device()}."
  )


def _columns(run: Run) -> str:
  """What the columns of a table are, and how to change it; "" for other data."""
  model, path = run.model, run.folder.schema
  schema = conditions.schema(model.condition, model.schema)
  if schema is None:
    return ""
  lines = ["", str(schema), ""]
  if isinstance(model.condition, Columns):
    names = ", ".join(column.name for column in model.condition.schema)
    lines.append(f"The other columns are modelled given the condition, {names}.")
  lines += [
    f"To change a kind, edit a copy of {path}, and pass it as --config.schema=FILE",
    "with another --workdir.",
    "",
  ]
  return "\n".join([*lines, ""])


def _fit(run: Run) -> None:
  # Keras' own callback, for scalars only.
  tensorboard = keras.callbacks.TensorBoard(
    run.folder.tensorboard, write_graph=False, update_freq="epoch"
  )
  try:
    run.model.fit(
      run.train_data,
      validation_data=run.test_data,
      epochs=run.config.epochs,
      initial_epoch=run.epoch,
      verbose=1,
      callbacks=[tensorboard, run.keeper],
    )
  except (KeyboardInterrupt, aevb_tf.NonFiniteError, InvalidDataError) as error:
    with stopping.deferred():
      run.keeper.save_last_finished()
    if not isinstance(error, InvalidDataError):
      raise
    # Values of a stream, which could not be checked before.
    with blaming(run.config, "dataset", "condition"):
      raise


def _finish(run: Run, began: float) -> dict:
  """Saves and measures the trained model, then draws the plots.

  A run is finished once it has its `summary.json`, whether or not plots were drawn.

  Args:
    run: The trained run.
    began: `time.perf_counter()` when `train` was called.

  Returns:
    The contents of `summary.json`.
  """
  config, folder = run.config, run.folder
  history = folder.history()
  model, best_epoch = _best(run, history)
  write(folder.model, model.save)
  measured = measure(model, run.test_data)
  summary = {
    "name": config.name,
    "dataset": config.dataset,
    "binarization": config.binarization,
    "seed": config.seed,
    "epochs": history[-1]["epoch"],
    **({} if best_epoch is None else {"best_epoch": best_epoch}),
    "samples": history[-1]["samples"],
    "test": measured.report(),
    # Training time of the whole run, over all calls of `train`.
    "training_seconds": round(sum(row["seconds"] for row in history), 2),
    "validation_seconds": round(sum(row["val_seconds"] for row in history), 2),
    "wall_seconds_of_last_sitting": round(time.perf_counter() - began, 2),
    "device": environment.device(),
    "versions": environment.versions(),
  }
  if lines := _diagnose(run, model, history[-1]["epoch"]):
    summary["diagnosis"] = lines
  write_json(folder.summary, summary)
  if config.plots:
    is_table = run.model.schema is not None
    examples, given = first_pairs(
      run.train_data if is_table else run.test_data,
      drawing.ROWS if is_table else drawing.RECONSTRUCTIONS,
    )
    drawing.draw(model, folder, examples, measured, given)
  return summary


def _best(run, history):
  """The model to keep, and its epoch if that is the best instead of the last one."""
  if not run.config.restore_best:
    return run.model, None
  epoch = best.best_epoch(history)
  if epoch is not None and run.folder.best(epoch).exists():
    return aevb_tf.load(run.folder.best(epoch)), epoch
  why = (
    "no bound of the test split is finite"
    if epoch is None
    else f"{run.folder.best(epoch)}, the model of the best epoch, is missing"
  )
  last = history[-1]["epoch"]
  print(f"restore_best: {why}. The model of epoch {last} is kept.", file=sys.stderr)
  return run.model, None


def _diagnose(run, model, epoch) -> list[str]:
  """Saves a report of the quick checks, and returns its warnings as lines."""
  config, folder = run.config, run.folder
  sources = run.train_data, run.test_data
  for source in sources:
    build.go_to_epoch(source, 0)
  try:
    report = model.diagnose(*sources, checks=QUICK, seed=config.seed)
    report.save(folder.path, picture=config.plots)
    report.to_tensorboard(folder.tensorboard / "diagnosis", step=epoch)
  except Exception as error:  # as for a plot
    why = " ".join(str(error).split())
    print(f"The model is not diagnosed: {type(error).__name__}: {why}", file=sys.stderr)
    return []
  return report.lines()
