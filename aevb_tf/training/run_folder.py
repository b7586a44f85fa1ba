"""The files of a run, and how they are written: beside, then renamed.

    config.json       what the run was asked for; `--config=RUN/config.json` reads it
    metrics.jsonl     one JSON object an epoch
    tensorboard/      the same, for TensorBoard
    checkpoints/      epoch-00012.keras: the last few, optimizer included
    model.keras       the trained model
    summary.json      final numbers, versions, seed, times
    plots/*.png       what to look at

A reader finds a file whole or not at all; only `metrics.jsonl` grows in place, and its
last line, if torn, is dropped.
"""

import json
import os
import pathlib
import re
import zipfile
import zlib

from aevb_tf.files import PARTIAL, write_text
from aevb_tf.training.configuration import ConfigError

_CHECKPOINT = re.compile(r"epoch-(\d+)\.keras")


class RunFolder:
  """Paths below one run's folder, and reading and writing of what lies there.

  Args:
    path: The folder; need not exist.
  """

  def __init__(self, path: str | os.PathLike):
    self.path = pathlib.Path(path)
    self.config = self.path / "config.json"
    self.metrics = self.path / "metrics.jsonl"
    self.tensorboard = self.path / "tensorboard"
    self.checkpoints = self.path / "checkpoints"
    self.model = self.path / "model.keras"
    self.summary = self.path / "summary.json"
    self.plots = self.path / "plots"

  def create(self) -> None:
    """Makes the folders, and removes what an interrupted write left behind."""
    for folder in (self.path, self.checkpoints, self.plots):
      folder.mkdir(parents=True, exist_ok=True)
      for partial in folder.glob(f"{PARTIAL}*"):
        partial.unlink()

  def is_run(self) -> bool:
    """Whether a run was begun here."""
    return self.config.is_file()

  def check_is_run(self) -> None:
    """Raises a ConfigError if no run was begun here; takes no TensorFlow to ask."""
    if not self.is_run():
      raise ConfigError(
        f"--workdir={self.path}: no run lies there; it would hold a config.json."
      )

  def is_foreign(self) -> bool:
    """Whether there is something here that no run of ours has made."""
    if self.path.is_dir():
      return not self.is_run() and any(self.path.iterdir())
    return self.path.exists()

  # Metrics.

  def history(self) -> list[dict]:
    """Reads `metrics.jsonl`, without a last line that was cut off."""
    if not self.metrics.exists():
      return []
    try:
      lines = self.metrics.read_text(encoding="utf-8").split("\n")
      return [json.loads(line) for line in lines[:-1]]
    except ValueError as error:
      raise ConfigError(
        f"{self.metrics} is damaged: {error}. Every line of it is a JSON object: mend"
        " or remove the others, or name a new folder."
      ) from error

  def truncate_history(self, epoch: int) -> None:
    """Forgets the metrics of later epochs, and a torn last line."""
    kept = [json.dumps(row) + "\n" for row in self.history() if row["epoch"] <= epoch]
    write_text(self.metrics, "".join(kept))

  def append_metrics(self, row: dict) -> None:
    """Adds one epoch's metrics: one line, one write."""
    with open(self.metrics, "a", encoding="utf-8") as file:
      file.write(json.dumps(row) + "\n")

  # Checkpoints.

  def checkpoint(self, epoch: int) -> pathlib.Path:
    """Where the state after so many epochs is kept."""
    return self.checkpoints / f"epoch-{epoch:05d}.keras"

  def checkpoint_epochs(self) -> list[int]:
    """The epochs of which there is a checkpoint, newest first."""
    names = (path.name for path in self.checkpoints.glob("*.keras"))
    matches = filter(None, map(_CHECKPOINT.fullmatch, names))
    return sorted((int(match[1]) for match in matches), reverse=True)

  def newest_checkpoint(self) -> tuple[int | None, list[pathlib.Path]]:
    """Finds the newest checkpoint that can be read.

    Returns:
      Its epoch, None where there is none; and the damaged ones that are newer.
    """
    damaged = []
    for epoch in self.checkpoint_epochs():
      if is_whole(self.checkpoint(epoch)):
        return epoch, damaged
      damaged.append(self.checkpoint(epoch))
    return None, damaged


def is_whole(archive: pathlib.Path) -> bool:
  """Whether every part of a .keras file passes its checksum."""
  try:
    with zipfile.ZipFile(archive) as file:
      return file.testzip() is None
  except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
    return False
