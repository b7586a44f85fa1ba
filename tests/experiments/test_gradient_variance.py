"""The gradient-variance experiment: the estimate is exact, and the command works."""

import csv

import numpy as np
import pytest

from aevb_tf import bounds
from experiments import figure, gradient_variance
from tests import stats
from tests.oracle import LinearGaussian


def linear_gaussian(seed):
  """A model with one latent, and a batch of its data, all rows alike."""
  rng = np.random.default_rng(seed)
  oracle = LinearGaussian.random(rng, data_dim=3, latent_dim=1)
  x = np.repeat(oracle.draw(rng, 1), gradient_variance.BATCH_SIZE, axis=0)
  return oracle, oracle.vae(seed=0), x


def test_variance_of_sgvb_b_is_the_exact_one(seeds):
  """With one latent and one example, the gradient is a polynomial in one normal."""
  oracle, vae, x = linear_gaussian(seeds())
  mean, stddev = (part.ravel()[0] for part in oracle.encoded(x[:1]))
  w, b, variance = oracle.weights[:, 0], oracle.bias, oracle.stddev**2

  # d(bound)/d(mean) = s1 + s2 eps; d(bound)/d(log-variance) = that * d eps / 2, up to
  # terms without noise; the KL has no noise.
  def slope(noise):
    z = mean + stddev * noise
    return (x[0] - b - w * z) @ w / variance

  s1, s2 = slope(0.0), slope(1.0) - slope(0.0)
  of_mean = s2**2
  # Var(s1 e + s2 e^2) = s1^2 + 2 s2^2, e standard normal.
  of_log_variance = (stddev / 2) ** 2 * (s1**2 + 2 * s2**2)
  # Each head's gradient is its own times (x, 1); the minibatch averages equal rows.
  size = float(x[0] @ x[0] + 1)
  expected = size * (of_mean + of_log_variance) / gradient_variance.BATCH_SIZE
  found = gradient_variance.measure(vae, bounds.SGVB("B"), x, pairs=1500, seed=seeds(1))
  stats.assert_mean(found, expected)


@pytest.mark.parametrize("num_samples", [1, 2])
def test_estimators_are_those_that_the_paper_compares(num_samples):
  found = gradient_variance.estimators(num_samples)
  assert {"score function", "SGVB A", "SGVB B"} <= found.keys()
  assert ("score function, leave one out" in found) == (num_samples > 1)
  assert {bound.num_samples for bound in found.values()} == {num_samples}


def test_the_command_leaves_a_table_and_a_picture(tmp_path):
  table, picture = figure.make(
    "gradient_variance", gradient_variance.figure("smoke", ""), tmp_path
  )
  rows = list(csv.DictReader(table.read_text().splitlines()))
  variance = {(r["estimator"], r["num_samples"]): float(r["variance"]) for r in rows}
  # What the paper says, by orders of magnitude more than the error of six pairs.
  assert variance["score function", "2"] > 100 * variance["SGVB A", "2"]
  assert picture.read_bytes().startswith(b"\x89PNG")
