"""Runs contenders in turn: A B C, C B A, A B C, ..., so that none has the better hour."""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).parents[1]


class Contender(NamedTuple):
  """One who runs.

  Attributes:
    name: As in tables.
    target: `MODULE:FUNCTION`, see `worker.py`.
    options: Of that function.
    needs: Packages, `$VARIABLES` and `command NAME`s, without which it is left out.
    environment: Variables of its process, beside those of this one.
  """

  name: str
  target: str
  options: dict[str, Any] = {}
  needs: tuple[str, ...] = ()
  environment: dict[str, str] = {}

  def missing(self) -> list[str]:
    """What it needs and is not there: packages, variables, commands."""

    def is_here(name):
      if name.startswith("$"):
        return name[1:] in os.environ
      if name.startswith("command "):
        return shutil.which(name.removeprefix("command ")) is not None
      return importlib.util.find_spec(name) is not None

    return [name for name in self.needs if not is_here(name)]


class Run(NamedTuple):
  """What one run cost; `round` 0 is the warm-up, compilation included.

  Attributes:
    contender: Its name.
    round: The number of the round.
    wall: Seconds.
    cpu: Seconds of processor time, of all threads.
    peak: Largest memory of its process so far, bytes.
    more: What the contender says besides.
  """

  contender: str
  round: int
  wall: float
  cpu: float
  peak: int
  more: dict[str, Any]


class ContenderFailed(RuntimeError):
  """A contender's process ended; the message holds what it printed last."""


class _Process:
  """A contender's worker."""

  def __init__(self, contender: Contender):
    self._name = contender.name
    self._printed = tempfile.TemporaryFile()
    self._process = subprocess.Popen(
      [
        sys.executable,
        "-m",
        "benchmarks.worker",
        contender.target,
        json.dumps(contender.options),
      ],
      cwd=ROOT,
      env={"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, **contender.environment},
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      stderr=self._printed,
      text=True,
    )

  def prepare(self) -> None:
    """Waits until it may run."""
    self._answer()

  def run(self) -> dict[str, Any]:
    self._process.stdin.write("\n")
    self._process.stdin.flush()
    return self._answer()

  def stop(self) -> None:
    self._process.stdin.close()
    self._process.stdout.close()
    self._process.wait()
    self._printed.close()

  def _answer(self):
    line = self._process.stdout.readline()
    if line:
      return json.loads(line)
    self._process.wait()
    self._printed.seek(0)
    last = self._printed.read().decode(errors="replace")[-2000:]
    raise ContenderFailed(
      f"{self._name} ended with {self._process.returncode}:\n{last}"
    )


def runs(
  contenders: list[Contender],
  rounds: int,
  told: Callable[[str], None] = lambda line: None,
) -> Iterator[Run]:
  """Runs all contenders once to warm up, then `rounds` times in turn.

  Args:
    contenders: Those that are installed.
    rounds: How often each is counted.
    told: Called with a line about who runs.

  Yields:
    A `Run` for every round of every contender.

  Raises:
    ContenderFailed: A contender's process ended.
  """
  processes: dict[str, _Process] = {}
  try:
    for contender in contenders:
      told(f"{contender.name}: prepared and warmed up")
      processes[contender.name] = _Process(contender)
      processes[contender.name].prepare()
      yield Run(contender.name, 0, **processes[contender.name].run())
    for number in range(1, rounds + 1):
      # Backwards every other time: nobody always follows the same one.
      for contender in contenders[:: 1 if number % 2 else -1]:
        told(f"round {number} of {rounds}: {contender.name}")
        yield Run(contender.name, number, **processes[contender.name].run())
  finally:
    for process in processes.values():
      process.stop()
