"""Runs artifacts in the runtimes of users, each in a separate process.

    litert        LiteRT, without TensorFlow in the process
    tensorflow    TensorFlow's Python, without TFP and this package
    chromium      LiteRT.js in a browser, with the code of the exported page, if a
                  browser is installed

`process.py` is the script of these processes: it reads calls from one `.npz` file and
writes the answers into another, arrays `CALL/SIGNATURE/NAME` and
`CALL/SIGNATURE:seconds`. All compute on the CPU: an accelerator rounds differently, and
its memory may be full of the model.
"""

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aevb_tf.export.runtimes import chromium
from aevb_tf.registry import did_you_mean

# Runtime to the script that runs it.
SCRIPTS = dict.fromkeys(
  ("litert", "tensorflow", "chromium"), pathlib.Path(__file__).with_name("process.py")
)
# Named in manifests of version 0.1.0; the tests of this package add a script for it.
_FORMER = "tensorflow_c"
_SECONDS = 900


class Call(NamedTuple):
  """One request: a signature, and its inputs by name; strings as bytes."""

  signature: str
  inputs: Mapping[str, np.ndarray]


class Answer(NamedTuple):
  """Outputs by name, and the median time of one call in seconds if it was measured."""

  outputs: dict[str, np.ndarray]
  seconds: float | None


class RuntimeFailed(RuntimeError):
  """A runtime could not load or run an artifact; the message is its own, one line."""


class RuntimeAbsent(RuntimeFailed):
  """A runtime is not available on this machine; the artifact may be right."""


def run(
  runtime: str,
  artifact: str | os.PathLike,
  calls: Sequence[Call],
  repeats: int = 0,
) -> list[Answer]:
  """Runs an artifact in its own runtime.

  Args:
    runtime: One of `SCRIPTS`.
    artifact: What it loads.
    calls: The requests.
    repeats: How often to repeat each call to measure its time; 0 measures none.

  Returns:
    An answer for each call.

  Raises:
    RuntimeAbsent: There is no browser, or it does not start.
    RuntimeFailed: The artifact cannot be loaded or run.
  """
  check_installed(runtime)
  with tempfile.TemporaryDirectory() as folder:
    calls_file = os.path.join(folder, "calls.npz")
    answers_file = os.path.join(folder, "answers.npz")
    np.savez(calls_file, **_flat(calls))
    command = [sys.executable, os.fspath(SCRIPTS[runtime]), runtime]
    command += [os.fspath(artifact), calls_file, answers_file, str(repeats)]
    try:
      ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        env={"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
      )
    except subprocess.TimeoutExpired as error:
      raise RuntimeFailed(f"no answer in {_SECONDS} s") from error
    if ended.returncode == os.EX_UNAVAILABLE:
      raise RuntimeAbsent(_last_line(ended))
    if ended.returncode != 0:
      raise RuntimeFailed(_last_line(ended))
    with np.load(answers_file) as answers:
      return [_answer(answers, i, call) for i, call in enumerate(calls)]


def check_installed(runtime: str) -> None:
  """Raises a RuntimeFailed if a runtime is unknown or not installed."""
  if runtime not in SCRIPTS and runtime == _FORMER:
    raise RuntimeAbsent("the tests of aevb_tf run TensorFlow's C API")
  if runtime not in SCRIPTS:
    raise RuntimeFailed(f"unknown runtime {runtime!r}.{did_you_mean(runtime, SCRIPTS)}")
  if runtime == "litert" and importlib.util.find_spec("ai_edge_litert") is None:
    raise RuntimeFailed(
      "LiteRT is not installed; pip install 'aevb_tf[tflite]', or ai-edge-litert"
    )
  if runtime == "chromium" and chromium.find() is None:
    raise RuntimeAbsent("neither Chromium nor Chrome is installed")


def _flat(calls):
  return {
    f"{i}/{call.signature}/{name}": value.astype(np.bytes_)
    if value.dtype == object  # strings, see `process.py`
    else value
    for i, call in enumerate(calls)
    for name, value in call.inputs.items()
  }


def _answer(answers, i, call):
  prefix = f"{i}/{call.signature}/"
  outputs = {
    key.removeprefix(prefix): answers[key] for key in answers if key.startswith(prefix)
  }
  seconds = f"{i}/{call.signature}:seconds"
  return Answer(outputs, float(answers[seconds]) if seconds in answers else None)


def _last_line(ended: subprocess.CompletedProcess) -> str:
  if ended.returncode < 0:
    return f"the process was ended by signal {-ended.returncode}"
  lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
  message = lines[-1] if lines else f"the process ended with code {ended.returncode}"
  return re.sub(r"^[\w.]+(Error|Exception): ", "", message)
