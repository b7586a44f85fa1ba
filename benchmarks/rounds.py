"""Runs contenders in turn, A B C, C B A, A B C, so that drift affects all equally."""

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
  """A contender.

  Attributes:
    name: Name in tables.
    target: `MODULE:FUNCTION`, see `worker.py`.
    options: Options of that function.
    needs: Packages, `$VARIABLES` and `command NAME`s, without which it is skipped.
    environment: Additional environment variables of its process.
  """

  name: str
  target: str
  options: dict[str, Any] = {}
  needs: tuple[str, ...] = ()
  environment: dict[str, str] = {}

  def missing(self) -> list[str]:
    """The missing packages, variables and commands."""

    def is_here(name):
      if name.startswith("$"):
        return name[1:] in os.environ
      if name.startswith("command "):
        return shutil.which(name.removeprefix("command ")) is not None
      return importlib.util.find_spec(name) is not None

    return [name for name in self.needs if not is_here(name)]


class Run(NamedTuple):
  """Time and memory of one run; `round` 0 is the warm-up, with compilation.

  Attributes:
    contender: Its name.
    round: The number of the round.
    wall: Wall time in seconds.
    cpu: Processor time of all threads in seconds.
    peak: Peak memory of its process so far, bytes.
    more: Other results of the contender.
  """

  contender: str
  round: int
  wall: float
  cpu: float
  peak: int
  more: dict[str, Any]


class ContenderFailed(RuntimeError):
  """The process of a contender has ended; the message has its last output."""


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
    """Waits until it is ready to run."""
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
  log: Callable[[str], None] = lambda line: None,
) -> Iterator[Run]:
  """Runs all contenders once to warm up, then `rounds` times in turn.

  Args:
    contenders: The installed contenders.
    rounds: Number of measured rounds.
    log: Called with a line about the progress.

  Yields:
    A `Run` for every round of every contender.

  Raises:
    ContenderFailed: The process of a contender has ended.
  """
  processes: dict[str, _Process] = {}
  try:
    for contender in contenders:
      log(f"{contender.name}: prepared and warmed up")
      processes[contender.name] = _Process(contender)
      processes[contender.name].prepare()
      yield Run(contender.name, 0, **processes[contender.name].run())
    for number in range(1, rounds + 1):
      # Reversed in every other round, so that the predecessor of a contender changes.
      for contender in contenders[:: 1 if number % 2 else -1]:
        log(f"round {number} of {rounds}: {contender.name}")
        yield Run(contender.name, number, **processes[contender.name].run())
  finally:
    for process in processes.values():
      process.stop()
