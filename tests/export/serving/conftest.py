"""One published bundle, looked at by many tests."""

import contextlib
import importlib.util
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import pytest

NAME = "small"


@pytest.fixture(scope="session")
def bundle(exported, tmp_path_factory):
  """The folder of a server with one version of one model; not to be changed.

  It is copied from the export, as users do.
  """
  base = tmp_path_factory.mktemp("server") / "bundle"
  return pathlib.Path(shutil.copytree(exported[0] / "serving", base))


@pytest.fixture
def copied(bundle, tmp_path):
  """A copy of the bundle, to be changed."""
  return pathlib.Path(shutil.copytree(bundle, tmp_path / "bundle"))


@pytest.fixture
def four_versions(copied):
  """A copy with versions 1 to 4, of which 1 is stable and 4 the canary."""
  from aevb_tf.export.serving import models_config

  for version in (2, 3, 4):
    shutil.copytree(copied / NAME / "1", copied / NAME / str(version))
    models_config.make_canary(copied, NAME, version)
  return copied


def _process(*command, python=sys.executable):
  environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
  return subprocess.Popen(
    [python, *map(os.fspath, command)],
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
    env=environment,
  )


def _end(process):
  process.kill()
  process.wait()
  process.stdout.close()


@pytest.fixture(scope="session")
def grpc_address(bundle):
  """The address of the gRPC test server, see `grpc_server.py`; it refuses two requests."""
  with grpc_server(bundle, refusals=2) as address:
    yield address


@contextlib.contextmanager
def grpc_server(base, refusals=0):
  script = pathlib.Path(__file__).with_name("grpc_server.py")
  process = _process(script, base, str(refusals))
  try:
    yield f"127.0.0.1:{process.stdout.readline().strip()}"
  finally:
    _end(process)


@pytest.fixture(scope="session")
def kserve_url(bundle):
  """The address of KServe's model server, once it listens."""
  with kserve_server(bundle) as url:
    yield url


@contextlib.contextmanager
def kserve_server(base):
  """KServe's model server for the model `NAME`, or a skip.

  KServe needs an older protobuf than other packages of the tests: it may have an
  environment of its own, whose Python is named by `AEVB_TF_KSERVE_PYTHON`.
  """
  python = os.environ.get("AEVB_TF_KSERVE_PYTHON", sys.executable)
  if python == sys.executable and importlib.util.find_spec("kserve") is None:
    pytest.skip("kserve is not installed: pip install -e '.[kserve]'")
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
  process = _process(
    pathlib.Path(kserve_model_file()),
    f"--base_path={base}",
    f"--model_name={NAME}",
    f"--http_port={port}",
    python=python,
  )
  try:
    _wait_for(process, port)
    yield f"http://127.0.0.1:{port}"
  finally:
    _end(process)


def _wait_for(process, port):
  """Until a process listens; how long that takes is the machine's business."""
  while process.poll() is None:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
      return
    time.sleep(0.2)
  raise RuntimeError(f"The server ended with code {process.returncode}.")


def kserve_model_file():
  """The script, which is not imported: KServe reads the command line when it is."""
  return importlib.util.find_spec("aevb_tf.export.serving.kserve_model").origin
