"""One published bundle, looked at by many tests."""

import pathlib
import shutil

import pytest

import aevb_tf.export as export
from tests.export.conftest import OPTIONS

NAME = "digits"


@pytest.fixture(scope="session")
def bundle(vae, x, tmp_path_factory):
  """The folder of a server with one version of one model; not to be changed."""
  base = tmp_path_factory.mktemp("bundle")
  export.serving_bundle(vae, base, name=NAME, examples=x, **OPTIONS)
  return base


@pytest.fixture
def copied(bundle, tmp_path):
  """A copy of the bundle, to be changed."""
  return pathlib.Path(shutil.copytree(bundle, tmp_path / "bundle"))


@pytest.fixture
def four_versions(copied):
  """A copy with versions 1 to 4, of which 1 is stable and 4 the canary."""
  from aevb_tf.export.serving import labels

  for version in (2, 3, 4):
    shutil.copytree(copied / NAME / "1", copied / NAME / str(version))
    labels.published(copied, NAME, version)
  return copied
