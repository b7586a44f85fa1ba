"""The process of one contender: prepares it, then runs it as often as it is told.

  python -m benchmarks.worker MODULE:FUNCTION '{"option": value}'

FUNCTION takes the options and returns a callable, of which each call is one run. For
every line on standard input there is a run, and a line on standard output:

  {"wall": seconds, "cpu": seconds, "peak": bytes, "more": {...}}

where `more` is what the callable returned, if it returned a dict. A process of its own
keeps one contender's threads out of another's way.
"""

import importlib
import json
import os
import resource
import sys
import time
from typing import Any


def run(work: Any) -> dict[str, Any]:
  """Calls `work` once, and tells what it cost."""
  before = time.process_time()
  start = time.perf_counter()
  more = work()
  wall = time.perf_counter() - start
  return {
    "wall": wall,
    "cpu": time.process_time() - before,
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "more": more if isinstance(more, dict) else {},
  }


def main(target: str, options: str) -> None:
  """Prepares a contender, and runs it until standard input ends."""
  answers = os.fdopen(os.dup(1), "w")
  os.dup2(2, 1)  # libraries may print what they like
  module, function = target.split(":")
  work = getattr(importlib.import_module(module), function)(**json.loads(options))
  print("{}", file=answers, flush=True)
  for _ in sys.stdin:
    print(json.dumps(run(work)), file=answers, flush=True)


if __name__ == "__main__":
  main(*sys.argv[1:])
