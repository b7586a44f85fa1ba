"""The files of a run.

    config.json       the config; `--config=RUN/config.json` reads it
    metrics.jsonl     one JSON object per epoch
    tensorboard/      the same metrics, for TensorBoard
    checkpoints/      epoch-00012.keras: the last few, with the optimizer;
                      best-00007.keras: the best epoch, if the config keeps it
    model.keras       the trained model
    schema.json       of a table: what its columns are
    detector.keras    what `aevb-apply anomalies` has learned of normal examples
    summary.json      final numbers, versions, seed, times
    diagnosis.*       findings about the trained model, as text, JSON and a picture
    plots/*.png       plots

Files are written beside their place, then renamed, so that no reader finds an
incomplete file. Only `metrics.jsonl` grows in place; an incomplete last line of it is
dropped.
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
_BEST = re.compile(r"best-(\d+)\.keras")


class RunFolder:
  """The paths in a run's folder, and methods to read and write its files.

  Args:
    path: The folder, which may not exist yet.
  """

  def __init__(self, path: str | os.PathLike):
    self.path = pathlib.Path(path)
    self.config = self.path / "config.json"
    self.metrics = self.path / "metrics.jsonl"
    self.tensorboard = self.path / "tensorboard"
    self.checkpoints = self.path / "checkpoints"
    self.model = self.path / "model.keras"
    self.schema = self.path / "schema.json"
    self.detector = self.path / "detector.keras"
    self.summary = self.path / "summary.json"
    self.plots = self.path / "plots"

  def create(self) -> None:
    """Creates the folders, and removes the leftovers of interrupted writes."""
    for folder in (self.path, self.checkpoints, self.plots):
      folder.mkdir(parents=True, exist_ok=True)
      for partial in folder.glob(f"{PARTIAL}*"):
        partial.unlink()

  def is_run(self) -> bool:
    """Whether the folder holds a run."""
    return self.config.is_file()

  def check_is_run(self) -> None:
    """Raises a ConfigError if the folder holds no run; does not need TensorFlow."""
    if not self.is_run():
      raise ConfigError(
        f"--workdir={self.path}: there is no run in this folder (no config.json)."
      )

  def is_foreign(self) -> bool:
    """Whether the folder holds files, but not a run."""
    if self.path.is_dir():
      return not self.is_run() and any(self.path.iterdir())
    return self.path.exists()

  # Metrics.

  def history(self) -> list[dict]:
    """Reads `metrics.jsonl`, without an incomplete last line."""
    if not self.metrics.exists():
      return []
    try:
      lines = self.metrics.read_text(encoding="utf-8").split("\n")
      return [json.loads(line) for line in lines[:-1]]
    except ValueError as error:
      raise ConfigError(
        f"{self.metrics} is damaged: {error}. Every line must be a JSON object: fix or"
        " remove the others, or use a new folder."
      ) from error

  def truncate_history(self, epoch: int) -> None:
    """Removes the metrics of later epochs, and an incomplete last line."""
    kept = [json.dumps(row) + "\n" for row in self.history() if row["epoch"] <= epoch]
    write_text(self.metrics, "".join(kept))

  def append_metrics(self, row: dict) -> None:
    """Appends the metrics of an epoch as one line, in one write."""
    with open(self.metrics, "a", encoding="utf-8") as file:
      file.write(json.dumps(row) + "\n")

  # Checkpoints.

  def checkpoint(self, epoch: int) -> pathlib.Path:
    """The path of the checkpoint after `epoch` epochs."""
    return self.checkpoints / f"epoch-{epoch:05d}.keras"

  def best(self, epoch: int) -> pathlib.Path:
    """The path of the model of the best epoch, if it is this one."""
    return self.checkpoints / f"best-{epoch:05d}.keras"

  def best_epochs(self) -> list[int]:
    """The epochs of models that were the best when they were written, newest first."""
    return self._epochs(_BEST)

  def checkpoint_epochs(self) -> list[int]:
    """The epochs that have a checkpoint, newest first."""
    return self._epochs(_CHECKPOINT)

  def _epochs(self, pattern):
    names = (path.name for path in self.checkpoints.glob("*.keras"))
    matches = filter(None, map(pattern.fullmatch, names))
    return sorted((int(match[1]) for match in matches), reverse=True)

  def newest_checkpoint(self) -> tuple[int | None, list[pathlib.Path]]:
    """Finds the newest checkpoint that can be read.

    Returns:
      Its epoch, or None if there is none, and the paths of newer, damaged ones.
    """
    damaged: list[pathlib.Path] = []
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
