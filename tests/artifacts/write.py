"""Writes what this version makes into `tests/artifacts/VERSION/`, once for each release.

    python -m tests.artifacts.write

For each model of `models.py`: `NAME.keras`, and in `numbers.json` what it has to give.
Of a training run: `run/finished`, and `run/stopped`, the same run after half of its
epochs. Of an export of the finished run: its manifest.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import aevb_tf as aevb
from aevb_tf.export import manifest
from aevb_tf.export.exporting import export
from aevb_tf.training import callbacks, configuration, overrides
from aevb_tf.training.train import train
from tests.artifacts import models

FOLDER = pathlib.Path(__file__).parent

CHANGES = (
  "hidden_units=(4,)",
  "epochs=2",
  "batch_size=1000",
  "keep_checkpoints=1",
  "binarization=stochastic",
  "learning_rate_schedule=cosine",
  "plots=false",
)


def config():
  """The config of the run."""
  config = configuration.load("test")
  overrides.apply(config, [f"--config.{change}" for change in CHANGES])
  return config


def write(folder: pathlib.Path) -> None:
  """Writes everything into a folder that does not exist yet."""
  folder.mkdir(parents=True)
  numbers = {}
  for name in models.MODELS:
    models.trained(name).save(folder / f"{name}.keras")
    numbers[name] = models.numbers(aevb.load(folder / f"{name}.keras"), name)
  (folder / "numbers.json").write_text(json.dumps(numbers, indent=1) + "\n")
  train(config(), folder / "run" / "finished")
  _stopped(folder / "run" / "stopped")
  with tempfile.TemporaryDirectory() as parent:
    to = pathlib.Path(parent) / "export"
    export(folder / "run" / "finished", to)
    (folder / "export").mkdir()
    shutil.copy(to / manifest.FILE, folder / "export")
  for tensorboard in folder.glob("run/*/tensorboard"):
    shutil.rmtree(tensorboard)


def _stopped(workdir):
  """The run, stopped by Ctrl-C in its second epoch."""
  finished = callbacks.Keeper.on_epoch_end

  def on_epoch_end(self, epoch, logs=None):
    if epoch == 1:
      raise KeyboardInterrupt
    finished(self, epoch, logs)

  callbacks.Keeper.on_epoch_end = on_epoch_end
  try:
    train(config(), workdir)
  except KeyboardInterrupt:
    pass
  finally:
    callbacks.Keeper.on_epoch_end = finished


if __name__ == "__main__":
  folder = FOLDER / aevb.__version__
  if folder.exists():
    sys.exit(
      f"{folder} is there already: what a release has written is never replaced."
    )
  write(folder)
