"""Every figure at scale `smoke`: a table, a picture, and nothing done twice."""

import importlib

import pytest

from aevb_tf import experiments
from aevb_tf.experiments import SCALES, curves, jobs, trajectory

FIGURES = [name for name in experiments.EXPERIMENTS if name != "gradient_variance"]


def module(name):
  return importlib.import_module(f"aevb_tf.experiments.{name}")


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
  """One folder for all figures: what they share is run once."""
  return tmp_path_factory.mktemp("figures")


@pytest.mark.parametrize("name", FIGURES)
def test_smoke_leaves_a_table_and_a_picture(name, workdir):
  table, picture = module(name).run(workdir, "smoke", "")
  assert (table.name, picture.name) == (f"{name}.csv", f"{name}.png")
  assert picture.read_bytes().startswith(b"\x89PNG")
  before = table.read_bytes()
  with pytest.MonkeyPatch.context() as patch:
    patch.delattr(trajectory, "_train")  # all is there
    module(name).run(workdir, "smoke", "")
  assert table.read_bytes() == before


@pytest.mark.parametrize("name", FIGURES)
def test_all_scales_are_there(name):
  assert set(module(name).scales("")) == set(SCALES)


def test_figure2_compares_what_the_paper_compares(workdir):
  module("figure2_mnist").run(workdir, "smoke", "")
  points = curves.read(workdir / "figure2_mnist.csv")
  assert {p.method for p in points} == {"aevb", "wake_sleep"}
  # Each step is tried, one goes on.
  for method in ("aevb", "wake_sleep"):
    mine = [p for p in points if p.method == method]
    assert {p.step for p in mine} == set(jobs.STEPS)
    assert {(p.samples, p.step) for p in mine if p.chosen == "yes"} == {
      (samples, 0.1) for samples in (500, 1_000)
    }


def test_default_has_the_paper_s_settings():
  scale = module("figure2_mnist").scales("")["default"]
  assert set(scale.latent_dims) == {3, 5, 10, 20, 200}
  assert (scale.samples, dict(scale.longer)) == (10**7, {20: 3 * 10**7})
  config = scale.run.config
  assert (config.batch_size, config.bound.num_samples) == (100, 1)
  assert config.hidden_units == (500,)
  frey = module("figure2_frey").scales("")["default"]
  assert set(frey.latent_dims) == {2, 5, 10, 20}
  assert frey.run.config.hidden_units == (200,)
  assert frey.run.config.likelihood.unit_mean
