"""The process of one contender: prepares it, then runs it on request.

  python -m benchmarks.worker MODULE:FUNCTION '{"option": value}'

FUNCTION takes the options and returns a callable; each call is one run. For every line
on standard input there is a run, and a line on standard output:

  {"wall": seconds, "cpu": seconds, "peak": bytes, "more": {...}}

where `more` is the result of the callable, if it is a dict. If it has `repeats`, the
seconds are those of one repeat. If it has `memory`, that is used as the peak instead of
the peak of the process. Separate processes keep the threads of contenders apart.
"""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any


def run(work: Any) -> dict[str, Any]:
  """Calls `work` once, and returns its time and memory."""
  before = _processor_seconds()
  start = time.perf_counter()
  more = work()
  wall, cpu = time.perf_counter() - start, _processor_seconds() - before
  more = more if isinstance(more, dict) else {}
  repeats = more.get("repeats", 1)
  return {
    "wall": wall / repeats,
    "cpu": cpu / repeats,
    "peak": more.get("memory") or _peak(),
    "more": more,
  }


def _peak():
  """Peak memory of this process, or of the largest child that it has waited for."""
  whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
  return max(resource.getrusage(who).ru_maxrss for who in whose) * 1024


def _processor_seconds():
  """Processor time of this process and of the children that it has waited for."""
  return sum(os.times()[:4])


def repeated(answer: Callable[[], Any], seconds: float = 0.5) -> Callable[[], dict]:
  """A run that repeats `answer` for some seconds."""

  def run():
    repeats, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
      answer()
      repeats += 1
    return {"repeats": repeats}

  return run


def main(target: str, options: str) -> None:
  """Prepares a contender, and runs it until standard input ends."""
  answers = os.fdopen(os.dup(1), "w")
  os.dup2(2, 1)  # libraries may print to standard output
  module, function = target.split(":")
  work = getattr(importlib.import_module(module), function)(**json.loads(options))
  print("{}", file=answers, flush=True)
  for _ in sys.stdin:
    print(json.dumps(run(work)), file=answers, flush=True)


if __name__ == "__main__":
  main(*sys.argv[1:])
