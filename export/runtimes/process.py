"""Runs an artifact in its own process: answers a file of calls in a runtime.

  python process.py RUNTIME ARTIFACT CALLS ANSWERS REPEATS

This script does not import this package, and imports only the runtime of TensorFlow.
Strings are stored as NumPy's fixed-width bytes, which drop trailing zeros; PNG files
have none.
"""

import itertools
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Run = Callable[[str, dict[str, np.ndarray]], dict[str, np.ndarray]]
# Packages that must not be imported, since they could give the answers instead.
_FOREIGN = {"tensorflow", "keras", "aevb_tf"}


def open_litert(artifact: str) -> Run:
  """Loads a `.tflite` file in LiteRT."""
  from ai_edge_litert.interpreter import Interpreter

  interpreter = Interpreter(model_path=artifact, num_threads=1)

  def run(signature, inputs):
    return interpreter.get_signature_runner(signature)(**inputs)

  return run


def open_tensorflow(artifact: str) -> Run:
  """Loads a SavedModel in TensorFlow's Python."""
  import tensorflow as tf

  signatures = tf.saved_model.load(artifact).signatures

  def run(signature, inputs):
    outputs = signatures[signature](**{k: tf.constant(v) for k, v in inputs.items()})
    return {name: value.numpy() for name, value in outputs.items()}

  return run


def answer(
  run: Run,
  calls_file: str,
  answers_file: str,
  repeats: str,
  *,
  foreign: set[str] = _FOREIGN,
) -> None:
  """Answers every call of a file.

  Args:
    run: Signature and inputs -> outputs.
    calls_file: The calls, arrays `CALL/SIGNATURE/NAME` in an `.npz` file.
    answers_file: Where to write the answers, and `CALL/SIGNATURE:seconds` if calls are
      repeated.
    repeats: How often to repeat each call for its median time.
    foreign: Packages that must not be in this process at the end.
  """
  with np.load(calls_file) as arrays:
    keys = [key.rsplit("/", 1) for key in arrays]
    calls = {
      call: {name: arrays[f"{call}/{name}"] for _, name in names}
      for call, names in itertools.groupby(keys, lambda key: key[0])
    }
  answers: dict[str, Any] = {}
  for call, inputs in calls.items():
    signature = call.split("/")[1]
    for name, value in run(signature, inputs).items():
      is_strings = value.dtype == object
      answers[f"{call}/{name}"] = value.astype(np.bytes_) if is_strings else value
    times = []
    for _ in range(int(repeats)):
      start = time.perf_counter()
      run(signature, inputs)
      times.append(time.perf_counter() - start)
    if times:
      answers[f"{call}:seconds"] = np.float64(np.median(times))
  if imported := foreign & set(sys.modules):
    sys.exit(f"the process imported {', '.join(sorted(imported))}: it is not alone")
  np.savez(answers_file, **answers)


def main(runtime: str, artifact: str, *arguments: str) -> None:
  """Opens an artifact in a runtime, and answers a file of calls; see `answer`."""
  if runtime == "litert":
    answer(open_litert(artifact), *arguments)
  elif runtime == "tensorflow":
    # TensorFlow itself imports Keras.
    foreign = {"tensorflow_probability", "aevb_tf"}
    answer(open_tensorflow(artifact), *arguments, foreign=foreign)
  else:
    import chromium  # beside this script

    with chromium.open_page(artifact) as run:
      answer(run, *arguments)


if __name__ == "__main__":
  main(*sys.argv[1:])
