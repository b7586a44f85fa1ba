"""Contenders for startup, where each run is a whole process."""

import os
import shutil
import subprocess
import sys
import tempfile


def python(code: str):
  """A fresh interpreter that runs `code`."""
  return lambda: subprocess.run([sys.executable, "-c", code], check=True)


def help_of(name: str):
  """`name --help` of a console script that is installed next to this interpreter."""
  command = [os.path.join(os.path.dirname(sys.executable), name), "--help"]
  return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def load(cached: bool, dataset: str = "mnist"):
  """Loads MNIST from `AEVB_TF_BENCHMARK_DATA`, a prepared TFDS folder, in this process.

  Args:
    cached: Whether it is in the cache of an earlier process.
    dataset: Name of the data set.
  """
  from aevb_tf import data

  folder = os.environ["AEVB_TF_BENCHMARK_DATA"]

  def run():
    if not cached:
      shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
    data.load(dataset, data_dir=folder)

  os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()
  if cached:
    data.load(dataset, data_dir=folder)
  return run
