"""Training of a run, which is measured at points while it trains.

A run has no length of its own: asked for more samples it is resumed, and asked for as many
it is done. Its folder is named after what decides its numbers,

    WORKDIR/runs/METHOD-DATASET-NZ-KEY/

and is a run folder (`training.run_folder`). What Keras, the folder's history and its
checkpoints count as an epoch is `Run.chunk` samples, not a pass over the data. A run that
was stopped is resumed from its newest checkpoint, to the same numbers.
"""

import contextlib
import fcntl
import math
import pathlib
import time
from collections.abc import Callable, Iterator

import keras

import aevb_tf as aevb
from aevb_tf.files import write, write_json
from aevb_tf.training import configuration, environment, stopping
from aevb_tf.training.run_folder import RunFolder
from experiments import datasets, methods
from experiments.measures import MEASURES
from experiments.run import Run

# Samples from one checkpoint to the next, at most: about a minute of work. A step of
# Monte Carlo EM takes 15 gradients of each example, with fresh chains 105.
_CHECKPOINT = {"mcem": 100_000, "mcem_fresh": 20_000, "mcem_jumps": 100_000}
_CHECKPOINT_ELSE = 250_000


class Folder(RunFolder):
  """The folder of a run, and the models that it was asked for."""

  def __init__(self, workdir: pathlib.Path, run: Run, suffix: str = ""):
    super().__init__(pathlib.Path(workdir, "runs", run.key + suffix))

  def model_after(self, samples: int) -> pathlib.Path:
    """Where the model is kept that was asked for."""
    return self.path / f"model-{samples}.keras"


def advance(
  run: Run,
  samples: int,
  workdir: pathlib.Path,
  report: Callable[[int], None] = lambda samples: None,
) -> list[dict]:
  """Trains a run until it has evaluated so many samples, unless it has.

  Where it was trained past a point that was not measured, it is trained again in a folder
  beside that.

  Args:
    run: The run.
    samples: A multiple of its chunk.
    workdir: Folder of the experiments.
    report: Called with the samples evaluated so far, again and again.

  Returns:
    The points of its curve up to there: `samples`, `seconds` of training, the `device`
    that did it, and the columns of its measure.

  Raises:
    ConfigError: Another process is at the run.
    NonFiniteError: Training met NaN or infinity.
    KeyboardInterrupt: It was stopped; the last checkpoint is kept.
  """
  if samples % run.chunk:
    raise ValueError(f"samples={samples} must be a multiple of {run.chunk}.")
  folder = Folder(workdir, run)
  measured = len(curve(run, samples, folder)) == len(run.points(samples))
  if _is_past(run, samples, folder) and not measured:
    folder = _beside(workdir, run, samples)
  if not (folder.model_after(samples).exists() or _is_past(run, samples, folder)):
    with _alone(folder):
      _train(run, samples, folder, report)
  report(samples)
  return curve(run, samples, folder)


def curve(run: Run, samples: int, folder: RunFolder) -> list[dict]:
  """The measured points of a run's history."""
  points, rows = set(run.points(samples)), []
  seconds, devices = 0.0, {}
  for row in folder.history():
    seconds += row["seconds"]
    devices[row["device"]] = None
    if row["samples"] in points and "train" in row:
      rows.append(row | {"seconds": seconds, "device": ", ".join(devices)})
  return rows


def load(run: Run, samples: int, workdir: pathlib.Path) -> keras.Model:
  """The model of a run that `advance` has brought so far.

  Where the run was asked for more at once, and kept no model there, it is trained again
  beside it.
  """
  folder = Folder(workdir, run)
  if not folder.model_after(samples).exists():
    folder = _beside(workdir, run, samples)
  if not folder.model_after(samples).exists():
    with _alone(folder):
      _train(run, samples, folder, lambda done: None)
  return aevb.load(folder.model_after(samples))


def _beside(workdir: pathlib.Path, run: Run, samples: int) -> Folder:
  """Where a run is trained to so many samples that was trained past them elsewhere."""
  return Folder(workdir, run, f"-to-{samples}")


def _is_past(run: Run, samples: int, folder: Folder) -> bool:
  """Whether the run in the folder has evaluated more samples."""
  newest, _ = folder.newest_checkpoint()
  return newest is not None and newest * run.chunk > samples


@contextlib.contextmanager
def _alone(folder: Folder) -> Iterator[None]:
  """Keeps other processes away from a run; the lock of a dead one is released."""
  folder.path.mkdir(parents=True, exist_ok=True)
  with open(folder.path / "lock", "w") as file:
    try:
      fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      raise configuration.ConfigError(
        f"{folder.path}: another process is at this run; wait for it, or stop it."
      ) from None
    folder.create()  # which removes partial files of a process that died
    yield


def _train(run, samples, folder, report):
  data = datasets.load(run.config, run.train_examples, run.split)
  steps = run.chunk // run.config.batch_size
  model, done = _resume(folder) or _begin(run, data, folder)
  folder.truncate_history(done)
  ticks = _Ticks(lambda chunks: report(chunks * run.chunk))
  points = set(run.points(samples))
  for mark in _marks(run, points, done):
    report(done * run.chunk)
    began = time.perf_counter()
    model.fit(
      data.train,
      initial_epoch=done,
      epochs=mark,
      steps_per_epoch=steps,
      verbose=0,
      callbacks=[ticks],
    )
    row = {
      "epoch": mark,
      "samples": mark * run.chunk,
      "device": environment.gpu() or "CPU",
    }
    row["seconds"] = round(time.perf_counter() - began, 3)
    if row["samples"] in points:
      row |= MEASURES[run.measure](model, data)
    with stopping.deferred():
      folder.append_metrics(row)
      _save(model, folder, mark)
    done = mark
  write(folder.model_after(samples), model.save)
  keras.utils.clear_session()


def _begin(run, data, folder):
  write_json(folder.config, run.description())
  return methods.model(run.method, run.config, data.train), 0


def _resume(folder):
  """The model of the newest whole checkpoint, and its number; None without one."""
  if not folder.is_run():
    return None
  epoch, _ = folder.newest_checkpoint()
  if epoch is None:
    return None
  return aevb.load(folder.checkpoint(epoch)), epoch


def _save(model, folder, epoch):
  write(folder.checkpoint(epoch), model.save)
  for old in folder.checkpoint_epochs()[2:]:
    folder.checkpoint(old).unlink()


def _marks(run, points, done):
  """Where to stop, in chunks: at every point, and for checkpoints between them."""
  marks, last = [], done
  most = _CHECKPOINT.get(run.method, _CHECKPOINT_ELSE)
  for point in sorted(point // run.chunk for point in points):
    if point > done:
      parts = math.ceil((point - last) * run.chunk / most)
      marks += [last + (point - last) * i // parts for i in range(1, parts + 1)]
      last = point
  return marks


class _Ticks(keras.callbacks.Callback):
  """Reports how many chunks are done."""

  def __init__(self, report):
    super().__init__()
    self._report = report

  def on_epoch_end(self, epoch, logs=None):
    self._report(epoch + 1)
