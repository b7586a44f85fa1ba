"""Runs calls in LiteRT. A script: it imports nothing of TensorFlow or this package."""

import itertools
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main(artifact: str, asked: str, told: str, repeats: str) -> None:
  """Runs every call of a file.

  Args:
    artifact: The `.tflite` file.
    asked: The calls, see the package's docstring.
    told: Where the answers go.
    repeats: How often to repeat each call for its time.
  """
  interpreter = Interpreter(model_path=artifact, num_threads=1)
  with np.load(asked) as arrays:
    keys = [key.rsplit("/", 1) for key in arrays]
    calls = {
      call: {name: arrays[f"{call}/{name}"] for _, name in names}
      for call, names in itertools.groupby(keys, lambda key: key[0])
    }
  answers = {}
  for call, inputs in calls.items():
    runner = interpreter.get_signature_runner(call.split("/")[1])
    for name, value in runner(**inputs).items():
      answers[f"{call}/{name}"] = value
    times = []
    for _ in range(int(repeats)):
      start = time.perf_counter()
      runner(**inputs)
      times.append(time.perf_counter() - start)
    if times:
      answers[f"{call}:seconds"] = np.float64(np.median(times))
  if foreign := {"tensorflow", "keras", "aevb_tf"} & set(sys.modules):
    sys.exit(f"The process imported {foreign}: this proves nothing of LiteRT.")
  np.savez(told, **answers)


if __name__ == "__main__":
  main(*sys.argv[1:])
