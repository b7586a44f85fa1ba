"""Options and fixtures of the whole suite."""

import ctypes
import gc
import os
import pathlib
import sys
import zlib

import matplotlib
import pytest

matplotlib.use("Agg")  # no test opens a window

# Why a test may be skipped even in CI; anything else means that something is missing.
# (KServe brings some fifty packages of its own, PyTorch hundreds of megabytes; a browser
# is none of pip's.)
_FINE_TO_SKIP = (
  "data folder absent",
  "GPU",
  "kserve is not installed",
  "torch is not installed",
  "is for `make pipelines`",
  "no browser",
  "LiteRT.js is not to be had",
  # A check of scikit-learn, for estimators that take arrays of other libraries.
  "SCIPY_ARRAY_API is not set",
)


def pytest_addoption(parser):
  parser.addoption(
    "--vary-seed",
    action="store",
    type=int,
    default=0,
    help="Moves the seeds of all statistical tests.",
  )
  parser.addoption(
    "--forbid-missing-dependency-skips",
    action="store_true",
    help="Fails a test that is skipped for another reason than absent data or GPU.",
  )
  parser.addoption(
    "--every-composition",
    action="store_true",
    help="Trains every composition of posterior, prior, likelihood and bound.",
  )


# Files of a minute of work or more, the longest first: begun last, one of them would keep
# a process busy when all others have finished. (`--no-loadscope-reorder` keeps the order.)
_LONG = (
  "tests/test_artifacts.py",
  "tests/models/test_compositions.py",
  "tests/training/test_command_line.py",
  "tests/test_noise.py",
  "tests/experiments/test_figures.py",
  "tests/models/test_training.py",
  "tests/export/test_verify.py",
  "tests/training/test_train.py",
  "tests/training/test_conditions.py",
  "tests/models/test_vae.py",
  "tests/models/test_tools.py",
  "tests/tasks/test_diagnosis.py",
  "tests/models/test_replicas.py",
  "tests/tasks/test_restoration.py",
)


def pytest_collection_modifyitems(items):
  rank = {name: i for i, name in enumerate(_LONG)}
  items.sort(key=lambda item: rank.get(item.nodeid.split("::")[0], len(rank)))


def pytest_collection_finish():
  # What has been imported stays: no collection must look at a million objects again.
  gc.freeze()


def _fail_if_skipped(report, config):
  if not config.getoption("--forbid-missing-dependency-skips"):
    return
  if not report.skipped or hasattr(report, "wasxfail"):
    return
  reason = str(report.longrepr[2] if report.longrepr else "")
  if not any(fine in reason for fine in _FINE_TO_SKIP):
    report.outcome = "failed"
    report.longrepr = f"{reason}: a test may be skipped for {_FINE_TO_SKIP} alone."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
  report = yield
  _fail_if_skipped(report, item.config)
  return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
  report = yield
  _fail_if_skipped(report, collector.config)
  return report


@pytest.fixture(scope="module", autouse=True)
def graphs_are_freed():
  """Frees the memory of a file's models, which would be 17 MB each.

  TensorFlow keeps the gradient function of each custom gradient in a graph for ever, and
  with it the graph: the optimizers of Keras have one.
  """
  from tensorflow.python.framework import ops

  known = ops.gradient_registry._registry
  before = set(known)
  yield
  for name in set(known) - before:
    if name.startswith("CustomGradient-"):
      del known[name]
  gc.collect()
  if sys.platform == "linux":  # glibc keeps what is freed
    ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture
def seeds(request):
  """`seeds(i)`: the test's i-th seed, an int that `--vary-seed` moves."""
  base = zlib.crc32(request.node.nodeid.encode()) % 2**20
  vary = request.config.getoption("--vary-seed")

  def seed(i=0):
    return base + 1_000_003 * vary + 7919 * i

  return seed


@pytest.fixture(scope="session")
def data_folder() -> pathlib.Path:
  """The folder of prepared data beside the checkout."""
  folder = pathlib.Path(__file__).parents[2] / "shared" / "data"
  if not folder.is_dir():
    pytest.skip("data folder absent")
  return folder


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
  """Decoded data are kept in a folder of the tests, not in the user's."""
  before = os.environ.get("XDG_CACHE_HOME")
  os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
  yield
  if before is None:
    del os.environ["XDG_CACHE_HOME"]
  else:
    os.environ["XDG_CACHE_HOME"] = before
