"""What sliders move along, against a posterior that is known."""

import json

import numpy as np
import pytest

from aevb_tf.export.web import latent_axes
from tests import compositions
from tests.export.conftest import small_vae


@pytest.fixture(scope="module")
def x():
  return np.random.default_rng(5).random((700, 8, 6, 1)).astype(np.float32)


def test_the_axes_are_the_principal_ones_of_the_means(x):
  vae = small_vae()
  q, axes = vae.encode(x), latent_axes.measure(vae, x)
  means = q.mean().numpy().astype(np.float64)
  covariance = np.cov(means.T, bias=True)
  diagonal = axes.directions @ covariance @ axes.directions.T
  variances = np.diag(diagonal)
  np.testing.assert_allclose(diagonal, np.diag(variances), atol=1e-9)
  assert (np.diff(variances) <= 0).all()
  np.testing.assert_allclose(axes.shares, variances / variances.sum(), rtol=1e-6)
  np.testing.assert_allclose(axes.directions @ axes.directions.T, np.eye(3), atol=1e-12)
  strongest = np.abs(axes.directions).argmax(axis=1)
  assert (axes.directions[range(3), strongest] > 0).all()


def test_the_unit_is_the_spread_of_the_aggregate_posterior(x):
  """Its mean and variance are known: those of the means, and the mean of those of q."""
  vae = small_vae()
  q, axes = vae.encode(x), latent_axes.measure(vae, x)
  means, stddevs = q.mean().numpy(), q.stddev().numpy()
  covariance = np.cov(means.T, bias=True) + np.diag(np.mean(stddevs**2, axis=0))
  exact = np.sqrt(np.diag(axes.directions @ covariance @ axes.directions.T))
  # 700 draws: six standard errors of a mean, and of a standard deviation.
  assert (np.abs(axes.stddevs / exact - 1) < 6 / np.sqrt(2 * 700)).all()
  spread = np.sqrt(np.diag(covariance))
  assert (np.abs(axes.mean - means.mean(axis=0)) < 6 * spread / np.sqrt(700)).all()
  assert (axes.low < axes.mean).all() and (axes.mean < axes.high).all()


def test_positive_latents_are_measured_in_their_logarithms():
  vae = compositions.vae("gamma", "gamma", "bernoulli", "sgvb")
  x = np.random.default_rng(6).random((50, *vae.event_shape)).astype(np.float32)
  axes = latent_axes.measure(vae, x)
  assert axes.log
  # Any number is a logarithm: the mean and its surroundings are allowed latents.
  assert np.isfinite(axes.mean).all() and (np.exp(axes.low) > 0).all()


def test_the_axes_fit_into_json_and_are_the_same_every_time(x):
  result = latent_axes.measure(small_vae(), x[:10]).to_json(2)
  again = latent_axes.measure(small_vae(), x[:10]).to_json(2)
  assert json.loads(json.dumps(result)) == result == again
  assert result["log"] is False
  assert np.shape(result["directions"]) == (2, 3)
  assert np.shape(result["mean"]) == (3,)
