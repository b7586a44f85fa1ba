"""Calls from a file, answers into a file: what the scripts here have in common.

Strings travel as NumPy's fixed-width bytes, which drop zeros at their end: a PNG file
has none there.

It is imported by scripts, as a module beside them, and imports NumPy alone.
"""

import itertools
import sys
import time
from collections.abc import Callable

import numpy as np


def answer(
  run: Callable[[str, dict[str, np.ndarray]], dict[str, np.ndarray]],
  asked: str,
  told: str,
  repeats: str,
  foreign: set[str],
) -> None:
  """Answers every call of a file.

  Args:
    run: Signature and inputs -> outputs.
    asked: The calls, arrays `CALL/SIGNATURE/NAME` in an `.npz` file.
    told: Where the answers go, and `CALL/SIGNATURE:seconds`, if there are repeats.
    repeats: How often to repeat each call for its median time.
    foreign: Packages of which none may be in this process at the end: they would be
      doing what the runtime has to do alone.
  """
  with np.load(asked) as arrays:
    keys = [key.rsplit("/", 1) for key in arrays]
    calls = {
      call: {name: arrays[f"{call}/{name}"] for _, name in names}
      for call, names in itertools.groupby(keys, lambda key: key[0])
    }
  answers = {}
  for call, inputs in calls.items():
    signature = call.split("/")[1]
    for name, value in run(signature, inputs).items():
      strings = value.dtype == object
      answers[f"{call}/{name}"] = value.astype(np.bytes_) if strings else value
    times = []
    for _ in range(int(repeats)):
      start = time.perf_counter()
      run(signature, inputs)
      times.append(time.perf_counter() - start)
    if times:
      answers[f"{call}:seconds"] = np.float64(np.median(times))
  if found := foreign & set(sys.modules):
    sys.exit(f"the process imported {', '.join(sorted(found))}, which proves nothing")
  np.savez(told, **answers)
