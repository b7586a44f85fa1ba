import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import priors
from tests import stats
from tests.jacobian import change_of_variables, roughen
from tests.priors import harness
from tests.priors.harness import built

N = 4000


def fitting(name):
  return "gamma" if priors.get(name).support == "positive" else "gaussian"


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", priors.names())
def test_members(name, check, seeds):
  check(name, fitting(name), seeds())


def test_standard_normal_prior(seeds):
  prior = priors.get("standard_normal")
  prior.build((3,))
  p = prior.distribution()
  z = prior.sample(seeds(0), tf.range(20000)).numpy()
  assert p.event_shape == (3,) and z.shape == (20000, 3)
  exact = scipy.stats.norm.logpdf(z).sum(1)
  np.testing.assert_allclose(p.log_prob(z), exact, rtol=2e-6, atol=2e-6)
  stats.assert_ks(z.ravel(), scipy.stats.norm.cdf)


def test_gamma_and_exponential_priors(seeds):
  cases = {
    "gamma": (
      {"concentration": 2.5, "rate": 0.7},
      scipy.stats.gamma(2.5, scale=1 / 0.7),
    ),
    "exponential": ({"rate": 0.7}, scipy.stats.expon(scale=1 / 0.7)),
  }
  for name, (options, exact) in cases.items():
    prior = priors.get({"name": name, **options})
    prior.build((2,))
    z = prior.sample(seeds(0), tf.range(N)).numpy()
    stats.assert_ks(z.ravel(), exact.cdf)
    log_prob = prior.distribution().log_prob(z)
    np.testing.assert_allclose(log_prob, exact.logpdf(z).sum(1), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="positive"):
      priors.get({"name": name, "rate": 0.0})


def mixture_of(weights, means, scales, z):
  """Log-density `[n]` and, in one dimension, CDF of a mixture of diagonal Gaussians."""
  parts = scipy.stats.norm.logpdf(z[:, np.newaxis], means, scales).sum(-1)
  log_prob = scipy.special.logsumexp(parts + np.log(weights), axis=1)

  def cdf(x):
    return (
      scipy.stats.norm.cdf(np.asarray(x)[:, np.newaxis], means[:, 0], scales[:, 0])
      @ weights
    )

  return log_prob, cdf


@pytest.mark.parametrize("latent_dim", [1, 3])
def test_mixture_prior(latent_dim, seeds):
  prior, _ = built({"name": "mixture", "num_components": 3}, latent_dim)
  z = prior.sample(seeds(0), tf.range(N)).numpy()
  weights = scipy.special.softmax(prior.logits.numpy())
  scales = np.exp(prior.log_variances.numpy() / 2)
  log_prob, cdf = mixture_of(weights, prior.means.numpy(), scales, z)
  np.testing.assert_allclose(prior.distribution().log_prob(z), log_prob, rtol=1e-4)
  if latent_dim == 1:
    stats.assert_ks(z[:, 0], cdf)


@pytest.mark.parametrize("latent_dim", [1, 3])
def test_vamp_prior_is_the_mixture_of_the_encoder_s_posteriors(latent_dim, seeds):
  prior, vae = built({"name": "vamp", "num_components": 3}, latent_dim)
  assert prior.pseudo_inputs.shape == (3, 4)
  z = prior.sample(seeds(0), tf.range(N)).numpy()
  q = vae.encode(prior.pseudo_inputs.numpy())
  mixed = mixture_of(np.full(3, 1 / 3), q.mean().numpy(), q.stddev().numpy(), z)
  np.testing.assert_allclose(prior.distribution().log_prob(z), mixed[0], rtol=1e-4)
  if latent_dim == 1:
    stats.assert_ks(z[:, 0], mixed[1])


def test_vamp_prior_learns_its_pseudo_inputs_and_the_encoder_through_them():
  prior, vae = built("vamp", 2)
  with tf.GradientTape() as tape:
    log_prob = prior.distribution().log_prob(tf.ones((1, 2)))
  variables = [prior.pseudo_inputs.value, vae.encoder.head.kernel.value]
  assert all(np.any(g) for g in tape.gradient(log_prob, variables))
  assert sum(v is prior.pseudo_inputs for v in vae.trainable_variables) == 1
  assert not any("head" in v.path for v in prior.variables)


def test_vamp_prior_needs_a_model():
  with pytest.raises(ValueError, match="prior='vamp'"):
    priors.get("vamp").build((2,))


def test_flow_prior_starts_as_the_standard_normal_and_keeps_its_volume(seeds):
  prior = priors.get({"name": "maf", "hidden_units": (8,)})
  prior.build((3,))
  z = prior.sample(seeds(0), tf.range(N)).numpy()
  stats.assert_ks(z.ravel(), scipy.stats.norm.cdf)
  roughen(prior)
  noise = aevb.random.normal(seeds(0), tf.range(5), 3)
  forward = prior.distribution().bijector.forward
  z, log_prob = change_of_variables(forward, noise)
  np.testing.assert_allclose(prior.sample(seeds(0), tf.range(5)), z, rtol=1e-5)
  np.testing.assert_allclose(
    prior.distribution().log_prob(z), log_prob, rtol=1e-4, atol=1e-4
  )


@pytest.mark.parametrize("name", ["mixture", "vamp", "maf"])
def test_invalid_options_are_refused(name):
  option = "num_steps" if name == "maf" else "num_components"
  with pytest.raises(ValueError, match=option):
    priors.get({"name": name, option: 0})
