"""Every source of data, and one from outside of the package."""

import numpy as np
import PIL.Image
import pytest

from aevb_tf.data import sources
from tests.data import harness


class Own:
  """A source as a user writes it."""

  def open(self, split, data_dir):
    rng = np.random.default_rng(0)
    x = {"train": rng.normal(size=(30, 4)), "test": rng.normal(size=(5, 4))}
    return sources.Split.of_arrays(sources.choose(x, split, "it"))


def array_file(folder):
  rng = np.random.default_rng(0)
  splits = {"x_train": rng.integers(0, 256, (25, 4, 3), np.uint8)}
  splits |= {"x_test": splits["x_train"][:7]}
  np.savez(folder / "images.npz", **splits)
  return folder / "images.npz"


def image_folder(folder):
  rng = np.random.default_rng(0)
  for split, count in (("train", 24), ("test", 5)):
    for i in range(count):
      path = folder / "photos" / split / "ab"[i % 2] / f"{i}.png"
      path.parent.mkdir(parents=True, exist_ok=True)
      PIL.Image.fromarray(rng.integers(0, 256, (5, 4, 3), np.uint8)).save(path)
  return folder / "photos"


def table(folder):
  rng = np.random.default_rng(0)
  rows = [f"{a:.6f},{b}" for a, b in zip(rng.normal(size=40), "abcd" * 10, strict=True)]
  (folder / "table.csv").write_text("\n".join(["height,pet", *rows]))
  return folder / "table.csv"


# A line for each source.
MAKERS = {
  "digits": lambda folder: "digits",
  "array_file": array_file,
  "image_folder": image_folder,
  "own": lambda folder: Own(),
  "table": table,
}
# Sources that need prepared data.
PREPARED = {
  "frey_face": ("frey_face", "."),
  "mnist": ("mnist", "tfds"),
  "tfds": ("tfds:mnist", "tfds"),
}


def test_no_source_is_left_out():
  assert {*sources.names()} <= {*MAKERS, *PREPARED}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
  """What each maker made; sources read files, so that one copy serves all checks."""
  folders = {name: tmp_path_factory.mktemp(name) for name in MAKERS}
  return {name: make(folders[name]) for name, make in MAKERS.items()}


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", MAKERS)
def test_every_source(name, check, places):
  check(harness.Case(lambda: places[name]))


@pytest.mark.parametrize("name", ["frey_face", "mnist"])
def test_sources_of_prepared_data(name, data_folder):
  source, folder = PREPARED[name]
  case = harness.Case(lambda: source, ("test",), str(data_folder / folder))
  harness.splits_are_what_they_say(case)
  harness.an_unknown_split_is_named(case)
