"""Custom parts that use only what CONTRIBUTING.md names.

A Poisson likelihood, a posterior with one variance for all latents, a prior with a
standard deviation of its own, and the Renyi bound.
"""

import math

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

import aevb_tf as aevb
from aevb_tf import bounds, likelihoods, posteriors, priors, random
from aevb_tf.normal import Normal
from tests import stats
from tests.bounds import harness as bound_harness
from tests.likelihoods import harness as likelihood_harness
from tests.posteriors import harness as posterior_harness
from tests.priors import harness as prior_harness

tfd = tfp.distributions


@keras.saving.register_keras_serializable(package="tests.contributing")
class Poisson(likelihoods.Likelihood):
  """Counts; the decoder gives log-rates, `event_shape`. Draws stop at `most`."""

  support = "counts: integers from 0 up"
  advice = "Round the data, or use likelihood='gaussian'."

  def __init__(self, most: int = 50, **kwargs):
    super().__init__(**kwargs)
    self.most = most

  def distribution(self, params):
    log_rate = tf.cast(params, tf.float32)
    return self.independent(tfd.Poisson(log_rate=log_rate))

  def quantile(self, distribution, uniform):
    rate = distribution.distribution.mean()[..., tf.newaxis]
    cdf = tf.math.igammac(tf.range(1.0, self.most + 1.0), rate)
    return tf.reduce_sum(tf.cast(cdf < uniform[..., tf.newaxis], tf.float32), axis=-1)

  def params_of_mean(self, mean):
    return np.log(np.maximum(mean, 1e-3)).astype(np.float32)

  def in_support(self, x):
    return tf.reduce_all((x >= 0.0) & (tf.round(x) == x))

  def get_config(self):
    return {**super().get_config(), "most": self.most}


@keras.saving.register_keras_serializable(package="tests.contributing")
class Spherical(posteriors.Posterior):
  """One variance for all latents: the encoder gives J means and a log-variance."""

  family_name = "gaussian"
  factorized = True

  def params_size(self, latent_dim):
    return latent_dim + 1

  def distribution(self, params):
    mean, log_variance = tf.split(params, [self.latent_dim, 1], axis=-1)
    return tfd.Independent(Normal(mean, tf.exp(0.5 * log_variance)), 1)

  def sample(self, posterior, noise):
    return posterior.mean() + posterior.stddev() * noise


@keras.saving.register_keras_serializable(package="tests.contributing")
class Wide(priors.Prior):
  """p(z) = N(0, stddev^2 I)."""

  factorized = True

  def __init__(self, stddev: float = 1.0, **kwargs):
    super().__init__(**kwargs)
    self.stddev = stddev

  def distribution(self):
    zeros = tf.zeros(self.latent_dim)
    return tfd.Independent(Normal(zeros, self.stddev + zeros), 1)

  def sample(self, seed, rows):
    return self.stddev * random.normal(seed, rows, self.latent_dim)

  def get_config(self):
    return {**super().get_config(), "stddev": self.stddev}


@keras.saving.register_keras_serializable(package="tests.contributing")
class Renyi(bounds.Bound):
  """log (mean_l w_l^(1 - alpha)) / (1 - alpha), Li and Turner 2016."""

  def __init__(self, alpha: float = 0.5, num_samples: int = 4):
    self.alpha, self.num_samples = alpha, num_samples

  def __call__(self, terms, step=0, training=False):
    power = 1.0 - self.alpha
    total = tf.reduce_logsumexp(power * terms.log_weight, axis=0)
    return (total - math.log(self.num_samples)) / power

  def get_config(self):
    return {**super().get_config(), "alpha": self.alpha}


def counts(n=40):
  """Counts of two kinds of example."""
  rng = np.random.default_rng(0)
  rates = rng.gamma(1.0, 4.0, size=(2, 3))
  return rng.poisson(rates[rng.integers(2, size=n)]).astype(np.float32)


OWN = {
  "likelihood": {"likelihood": Poisson},
  "posterior": {"posterior": Spherical},
  "prior": {"prior": lambda: Wide(2.0)},
  "bound": {"bound": Renyi},
}
OWN["all of them"] = {kind: make for own in OWN.values() for kind, make in own.items()}


# Eager, one by one: to compile each would take far longer than to run it.
@pytest.mark.parametrize(
  ("own", "jit_compile"), [*((own, False) for own in OWN), ("all of them", True)]
)
def test_it_trains_draws_saves_and_loads(own, jit_compile, tmp_path):
  keras.utils.set_random_seed(0)
  created = {kind: make() for kind, make in OWN[own].items()}
  likelihood = created.pop("likelihood", "gaussian")
  encoder = aevb.networks.MLPEncoder(
    2, (4,), posterior=created.pop("posterior", "gaussian")
  )
  decoder = aevb.networks.MLPDecoder((3,), (4,), likelihood=likelihood)
  created.setdefault("bound", {"name": "sgvb", "estimator": "A"})
  vae = aevb.VAE(encoder, decoder, seed=0, **created)
  adam = keras.optimizers.Adam(0.05)
  vae.compile(adam, jit_compile=jit_compile, run_eagerly=not jit_compile)
  x = counts()
  before = vae.evaluate(x, return_dict=True, verbose=0)["loss"]
  vae.fit(x, batch_size=20, epochs=5, verbose=0)
  after = vae.evaluate(x, return_dict=True, verbose=0)
  assert after["loss"] < before

  drawn = vae.sample(5, seed=1, draw=True).numpy()
  assert drawn.shape == (5, 3) and drawn.dtype == np.float32
  if own == "likelihood":
    assert np.all(drawn == np.round(drawn))
    with pytest.raises(ValueError, match="needs counts.*Round the data"):
      vae.fit(x + 0.5, verbose=0)
  vae.save(tmp_path / "vae.keras")
  again = aevb.load(tmp_path / "vae.keras")
  assert again.evaluate(x, return_dict=True, verbose=0) == after
  np.testing.assert_array_equal(again.sample(5, seed=1, draw=True), drawn)


def test_parts_of_ones_own_pass_the_harness_of_their_family(seeds):
  of_counts = likelihood_harness.Case(
    Poisson, np.arange(6, dtype=np.float32), sizes=(5.0, -5.0)
  )
  likelihood_harness.check_member(of_counts, seeds())
  posterior_harness.check_member(Spherical, sizes=(0.0, 5.0, -5.0))
  prior_harness.check_member(Wide(2.0), seed=seeds())
  bound_harness.check_member(Renyi(0.25))


def test_the_poisson_scores_and_draws_as_scipy_says(seeds):
  likelihood = Poisson()
  likelihood.build((1,))
  p = likelihood.distribution(tf.fill((20000, 1), math.log(2.5)))
  x = np.arange(6, dtype=np.float32)
  expected = scipy.stats.poisson(2.5).logpmf(x)
  np.testing.assert_allclose(p[:6].log_prob(x[:, np.newaxis]), expected, rtol=1e-5)
  u = random.uniform(seeds(0), tf.range(20000), 1)
  drawn = likelihood.quantile(p, u).numpy()
  stats.assert_mean(drawn, p.mean()[0])
  stats.assert_mean(drawn == 3, scipy.stats.poisson(2.5).pmf([3]))
  with pytest.raises(ValueError, match="needs counts.*Round the data"):
    likelihood.check_targets(x + 0.5)


def test_the_decoder_can_start_at_the_mean_of_the_data():
  likelihood = Poisson()
  likelihood.build((3,))
  mean = counts().mean(0)
  p = likelihood.distribution(likelihood.params_of_mean(mean)[np.newaxis])
  np.testing.assert_allclose(p.mean()[0], mean, rtol=1e-5)


def test_the_renyi_bound_is_its_equation():
  log_weight = np.random.default_rng(0).normal(size=(4, 3))
  zeros = tf.zeros((4, 3))
  terms = bounds.Terms(tf.constant(log_weight, tf.float32), zeros, zeros, None)
  expected = 2 * (scipy.special.logsumexp(log_weight / 2, axis=0) - np.log(4))
  np.testing.assert_allclose(Renyi(0.5)(terms), expected, rtol=1e-5)


class WithoutQuantile(likelihoods.Likelihood):
  """Counts whose distribution has no inverse CDF in TFP."""

  def distribution(self, params):
    return self.independent(tfd.Poisson(log_rate=params))


class WholeExamples(likelihoods.Likelihood):
  """A distribution that is not a product over pixels."""

  def distribution(self, params):
    return tfd.MultivariateNormalTriL(params, tf.eye(params.shape[-1]))


@pytest.mark.parametrize("make", [WithoutQuantile, WholeExamples])
def test_without_a_quantile_a_draw_says_what_to_define(make):
  decoder = aevb.networks.MLPDecoder((3,), (4,), likelihood=make())
  vae = aevb.VAE(aevb.networks.MLPEncoder(2, (4,)), decoder, seed=0)
  vae.sample(2, seed=0)
  message = f"{make.__name__} must define `quantile.* no inverse CDF"
  with pytest.raises(TypeError, match=message):
    vae.sample(2, seed=0, draw=True)
