"""A run of an experiment: one model, measured again and again while it trains.

The horizontal axis of the paper's figures is the number of training samples evaluated,
on a logarithmic scale; so are the points at which a run is measured. A run has no length
of its own: whoever asks for more samples goes on with it, and who asks for as many finds
it done. Its folder is named after everything else that decides its numbers,

    WORKDIR/runs/METHOD-DATASET-NZ-KEY/

and is a run folder (`training.run_folder`) in which an "epoch" is `Run.chunk` samples.
Whenever it is stopped, it goes on from its newest checkpoint, to the same numbers.
"""

import contextlib
import fcntl
import hashlib
import json
import math
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import ml_collections

import aevb_tf as aevb
from aevb_tf.experiments import datasets, methods
from aevb_tf.experiments.measures import MEASURES, OPTIONS
from aevb_tf.files import write, write_json
from aevb_tf.training import configuration, environment, stopping
from aevb_tf.training.run_folder import RunFolder

# Keys of a config that change no number of a run. `epochs` does where a schedule ends.
_FREE = ("name", "data_dir", "plots", "checkpoint_every", "keep_checkpoints")
# Samples from one checkpoint to the next, at most: about a minute of work. A step of
# Monte Carlo EM takes 15 gradients of each datum, with fresh chains 105.
_CHECKPOINT = {"mcem": 100_000, "mcem_fresh": 20_000, "mcem_jumps": 100_000}
_CHECKPOINT_ELSE = 250_000


class Run(NamedTuple):
  """What decides the numbers of a run.

  Attributes:
    method: One of `methods.TITLES`.
    config: Data, networks, optimizer, seed.
    measure: One of `measures.MEASURES`.
    train_examples: N; 0 for all that there are.
    split: As in `datasets.load`.
    first: Samples at the first point of the curve.
    per_decade: Points from there to ten times as many.
    chunk: Points are multiples of so many samples.
  """

  method: str
  config: ml_collections.ConfigDict
  measure: str = "bound"
  train_examples: int = 0
  split: str = "random"
  first: int = 100_000
  per_decade: int = 10
  chunk: int = 10_000

  def description(self) -> dict:
    """Everything that decides the numbers, as JSON holds it."""
    config = configuration.to_json(self.config)
    free = _FREE
    if self.config.learning_rate_schedule == "constant":
      free = (*free, "epochs")
    config = {key: value for key, value in config.items() if key not in free}
    return {**self._asdict(), "config": config, **OPTIONS.get(self.measure, {})}

  @property
  def key(self) -> str:
    """The name of the run's folder: equal for equal descriptions."""
    text = json.dumps(self.description(), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{self.method}-{self.config.dataset}-{self.config.latent_dim}-{digest}"

  def points(self, samples: int) -> list[int]:
    """Where a run of so many samples is measured, in samples, ascending."""
    found, i = {samples}, 0
    while (point := self.first * 10 ** (i / self.per_decade)) < samples:
      found.add(max(1, round(point / self.chunk)) * self.chunk)
      i += 1
    return sorted(found)

  def change(self, **values: Any) -> "Run":
    """The run with other values of its config."""
    config = self.config.copy_and_resolve_references()
    for key, value in values.items():
      configuration.assign(config, key, value, "experiment")
    return self._replace(config=config.lock())


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
  """Trains a run until it has evaluated so many samples, unless it lies there.

  Where it has gone further, past a point that was not measured, it is trained again
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
    raise ValueError(f"samples={samples} has to be a multiple of {run.chunk}.")
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
  """Where a run is brought to so many samples that has gone past them elsewhere."""
  return Folder(workdir, run, f"-to-{samples}")


def _is_past(run: Run, samples: int, folder: Folder) -> bool:
  """Whether what lies there has evaluated more samples."""
  newest, _ = folder.newest_checkpoint()
  return newest is not None and newest * run.chunk > samples


@contextlib.contextmanager
def _alone(folder: Folder) -> Iterator[None]:
  """Keeps other processes away from a run; the system lets go of a dead one's lock."""
  folder.path.mkdir(parents=True, exist_ok=True)
  with open(folder.path / "lock", "w") as file:
    try:
      fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      raise configuration.ConfigError(
        f"{folder.path}: another process is at this run; wait for it, or stop it."
      ) from None
    folder.create()  # which removes partial files: they are nobody's now
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
  """Tells how many chunks are behind."""

  def __init__(self, report):
    super().__init__()
    self._report = report

  def on_epoch_end(self, epoch, logs=None):
    self._report(epoch + 1)
