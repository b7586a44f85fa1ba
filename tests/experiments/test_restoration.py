"""The experiment of restored images: its corruptions, its linear model, its command."""

import csv
import types

import numpy as np
import pytest
import scipy.stats

from experiments import figure, restoration
from experiments.results import restoration as tables
from tests.evidence.xla import without_xla

MEAN = np.random.default_rng(0).random((4, 8, 1))


@pytest.fixture(scope="module")
def known():
  return restoration.corruptions(4, 8, MEAN)


def test_corruptions_are_what_they_are_called(known):
  x = np.random.default_rng(1).random((5, 4, 8, 1)).astype(np.float32)
  y = known["lower half missing"].corrupt(x, 0)
  np.testing.assert_allclose(y, x[:, :2].reshape(5, 16), rtol=1e-6)
  filled = known["lower half missing"].spread(y)
  np.testing.assert_allclose(filled[:, :2], x[:, :2], rtol=1e-6)
  np.testing.assert_allclose(filled[:, 2:], np.repeat(MEAN[None, 2:], 5, 0))
  exact = known["resolution 1/2"]._replace(scale=0.0).corrupt(x, 0)
  blocks = x.reshape(5, 2, 2, 4, 2).mean(axis=(2, 4))
  np.testing.assert_allclose(exact, blocks.reshape(5, 8), rtol=1e-5)
  repeated = known["resolution 1/2"].spread(exact)
  np.testing.assert_allclose(repeated[:, 3, 7, 0], blocks[:, 1, 3], rtol=1e-5)
  noise = known["noise 0.5"].corrupt(np.zeros((400, 4, 8, 1)), 0)
  assert abs(noise.std() - 0.5) < 0.02


@pytest.mark.parametrize("name", ["noise 0.2", "lower half missing", "resolution 1/4"])
def test_the_linear_model_answers_exactly(known, name):
  rng = np.random.default_rng(2)
  factor = rng.normal(size=(32, 3))
  covariance = factor @ factor.T + 0.1 * np.eye(32)
  pca = types.SimpleNamespace(mean_=MEAN.ravel(), get_covariance=lambda: covariance)
  # Noise of a missing half is zero, the limit of a small one.
  scale = known[name].scale or 1e-4
  y = rng.normal(size=(2, len(known[name].matrix)))
  found = restoration.linear_answer(pca, known[name], y, (2, 4, 8, 1))
  precision = np.linalg.inv(covariance)
  seen = known[name].matrix
  posterior = np.linalg.inv(precision + seen.T @ seen / scale**2)
  wanted = (precision @ pca.mean_ + y @ seen / scale**2) @ posterior
  np.testing.assert_allclose(found.mean.reshape(2, 32), wanted, 1e-4, 1e-4)
  stddev = np.sqrt(np.diag(posterior))
  np.testing.assert_allclose(found.stddev[1].ravel(), stddev, 1e-4, 2e-4)


def test_scores_are_those_of_their_formulas():
  x, mean = np.zeros((1, 2, 2, 1)), np.full((1, 2, 2, 1), 0.1)
  half = np.array([True, True, False, False]).reshape(2, 2, 1)
  mean[:, 1] = 9.0  # not measured
  answer = restoration.Answer(mean, np.full_like(mean, 0.2))
  np.testing.assert_allclose(restoration.psnr(answer, x, half), 20.0)
  found = restoration.log_likelihood(answer, x, half)
  np.testing.assert_allclose(found, scipy.stats.norm.logpdf(0.1, 0, 0.2))


@without_xla()
@pytest.mark.filterwarnings("ignore::aevb_tf.tasks.restoration.RestorationWarning")
def test_the_command_leaves_a_table_and_a_picture(tmp_path, monkeypatch):
  def make():
    return figure.make("restoration", restoration.figure("smoke", ""), tmp_path)

  table, picture = make()
  rows = list(csv.DictReader(table.read_text().splitlines()))
  methods = {r["method"] for r in rows if r["corruption"] == "resolution 1/2"}
  assert methods == {
    "corrupted image",
    "bicubic interpolation",
    "probabilistic PCA",
    restoration.MODEL,
  }
  assert all(np.isfinite(float(r["log_likelihood"])) for r in rows)
  assert picture.read_bytes().startswith(b"\x89PNG")
  monkeypatch.setattr(restoration, "_measure", pytest.fail)  # all is known
  before = table.read_bytes()
  make()
  assert table.read_bytes() == before


def test_the_best_method_is_bold_and_what_it_cannot_answer_is_empty():
  noise = "noise 0.2", "mnist"
  rows = [
    restoration.Score(*noise, "corrupted image", 100, 14.04, 0.02, -0.5, 0.01),
    restoration.Score(*noise, "probabilistic PCA", 100, 16.0, 0.1, 0.75, 0.02),
    restoration.Score(*noise, restoration.MODEL, 100, 15.96, 0.1, 1.2, 0.03),
  ]
  line = tables.psnr(rows).splitlines()[-1]
  assert line == (
    "| mnist | noise 0.2 | 14.0 ± 0.0 |  |  | **16.0 ± 0.1** | 16.0 ± 0.1 |"
  )
  line = tables.log_likelihood(rows).splitlines()[-1]
  assert line.startswith("| mnist | noise 0.2 | \N{MINUS SIGN}0.50 ± 0.01 |")
  assert line.endswith("| **1.20 ± 0.03** |")
