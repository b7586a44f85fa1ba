"""Runs calls in TensorFlow. A script: it imports nothing else that knows the model."""

import itertools
import sys
import time

import numpy as np
import tensorflow as tf


def main(artifact: str, asked: str, told: str, repeats: str) -> None:
  """Runs every call of a file.

  Args:
    artifact: The SavedModel's folder.
    asked: The calls, see the package's docstring.
    told: Where the answers go.
    repeats: How often to repeat each call for its time.
  """
  signatures = tf.saved_model.load(artifact).signatures
  with np.load(asked) as arrays:
    keys = [key.rsplit("/", 1) for key in arrays]
    calls = {
      call: {name: tf.constant(arrays[f"{call}/{name}"]) for _, name in names}
      for call, names in itertools.groupby(keys, lambda key: key[0])
    }
  answers = {}
  for call, inputs in calls.items():
    function = signatures[call.split("/")[1]]
    for name, value in function(**inputs).items():
      answers[f"{call}/{name}"] = value.numpy()
    times = []
    for _ in range(int(repeats)):
      start = time.perf_counter()
      function(**inputs)
      times.append(time.perf_counter() - start)
    if times:
      answers[f"{call}:seconds"] = np.float64(np.median(times))
  if foreign := {"tensorflow_probability", "aevb_tf"} & set(sys.modules):
    sys.exit(f"The process imported {foreign}: this proves nothing of TensorFlow.")
  np.savez(told, **answers)


if __name__ == "__main__":
  main(*sys.argv[1:])
