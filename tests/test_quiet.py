"""What TensorFlow's C++ writes at import is held back, and nothing else."""

import os
import subprocess
import sys

import pytest

import aevb_tf
from aevb_tf import quiet

_ROOT = os.path.dirname(os.path.dirname(aevb_tf.__file__))
_FIT = """
import numpy as np
vae = aevb.VAE(aevb.networks.MLPEncoder(2), aevb.networks.MLPDecoder((4, 4, 1)))
vae.compile("adam")
vae.fit(np.zeros((20, 4, 4, 1), np.float32), epochs=1)
"""


def _stderr(code, level=None):
  environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
  if level is not None:
    environment["TF_CPP_MIN_LOG_LEVEL"] = level
  ended = subprocess.run(
    [sys.executable, "-W", "ignore", "-c", code],
    env={**environment, "PYTHONPATH": _ROOT},
    capture_output=True,
    text=True,
  )
  assert ended.returncode == 0, ended.stderr
  return ended.stderr


def test_import_and_first_fit_write_nothing_to_stderr():
  assert _stderr(f"import aevb_tf as aevb\n{_FIT}") == ""


def test_the_level_that_the_user_has_set_stays():
  code = "import os, aevb_tf\nassert os.environ['TF_CPP_MIN_LOG_LEVEL'] == '0'"
  assert any(quiet.is_note(line.encode()) for line in _stderr(code, "0").splitlines())


def test_tensorflow_that_is_there_already_is_left_alone():
  code = (
    "import os, sys, types\n"
    "import tensorflow\n"
    "import aevb_tf\n"
    "assert 'TF_CPP_MIN_LOG_LEVEL' not in os.environ\n"
  )
  _stderr(code)


def test_other_lines_pass_also_after_an_exception(capfd):
  with (
    pytest.raises(ZeroDivisionError),
    quiet.stderr_held(lambda line: b"no" not in line),
  ):
    os.write(2, b"I0000 a note\nyes\n")
    print("none", file=sys.stderr)
    raise ZeroDivisionError
  assert sorted(capfd.readouterr().err.splitlines()) == ["I0000 a note", "none"]


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_a_stderr_that_cannot_be_written_is_no_reason_to_fail(stderr):
  """Closed, as in a daemon; or a log on a full disk."""
  code = (
    "from aevb_tf import quiet\n"
    "import os\n"
    "with quiet.stderr_held(lambda line: False):\n"
    "  quiet.os.write(1, b'held')\n"
    "  try: os.write(2, b'a line')\n"
    "  except OSError: pass\n"
  )
  ended = subprocess.run(
    f'{sys.executable} -c "{code}" {stderr}', shell=True, capture_output=True
  )
  assert ended.returncode == 0 and ended.stdout == b"held"
