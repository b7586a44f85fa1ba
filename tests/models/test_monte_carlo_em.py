import dataclasses

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

import aevb_tf as aevb
from aevb_tf import priors
from aevb_tf.mcmc import convergence
from tests import stats
from tests.evidence.xla import without_xla
from tests.oracle import LinearGaussian

# Enough for chains to forget where they started.
LONG = {"num_transitions": 20, "step_size": 0.2}


def em_of(exact, **options):
  """The generative half of a linear-Gaussian model."""
  data_dim, latent_dim = exact.weights.shape
  likelihood = {"name": "gaussian", "scale": exact.stddev}
  decoder = aevb.networks.MLPDecoder((data_dim,), (), likelihood=likelihood)
  em = aevb.MonteCarloEM(decoder, latent_dim, seed=0, **options)
  decoder.head.set_weights([exact.weights.T, exact.bias])
  return em


def example(rng, n=6):
  exact = LinearGaussian.random(rng)
  return exact, exact.draw(rng, n)


def e_step(em, x, seed):
  """Samples `[L, batch, J]` and acceptance `[batch]`."""
  seed, rows = aevb.random.as_seed(seed), tf.range(len(x))
  return tf.function(em.posterior_samples, autograph=False)(x, seed, rows)


def at_maximum_likelihood(exact, x):
  """The same model at the W and b of largest log p(x), s given: PCA.

  W = U (Lambda - s^2 I)^(1/2), of the largest eigenvalues of the data's covariance.
  """
  covariance = np.cov(x.T.astype(np.float64), bias=True)
  values, vectors = np.linalg.eigh(covariance)
  latent_dim = exact.weights.shape[1]
  kept = values[-latent_dim:] - exact.stddev**2
  assert (kept > 0).all()
  weights = vectors[:, -latent_dim:] * np.sqrt(kept)
  return dataclasses.replace(exact, weights=weights, bias=x.mean(axis=0, dtype=float))


def m_step_gradients(em, x, seed, n=600):
  """Gradients of the M-step of n independent E-steps, by parameter name."""
  repeated = np.tile(x, (n, 1))
  samples = e_step(em, repeated, seed)
  weights, bias = em.decoder.head.trainable_variables
  with tf.GradientTape() as tape:
    joint = em.joint_parts(repeated, samples, training=True).bound
    objective = tf.reduce_mean(tf.reshape(joint, [n, len(x)]), axis=1)
  jacobian = tape.jacobian(objective, [weights.value, bias.value])
  return {"weights": np.swapaxes(jacobian[0], 1, 2), "bias": jacobian[1]}


def assert_fisher(exact, em, x, seed):
  gradients = m_step_gradients(em, x, seed)
  expected = exact.gradients(x, "log_evidence")
  for name, samples in gradients.items():
    stats.assert_mean(samples, expected[name])


# The E-step and the M-step are exact.


@pytest.mark.parametrize("num_samples", [1, 3])
def test_samples_have_the_moments_of_the_posterior(num_samples, seeds):
  exact, x = example(np.random.default_rng(seeds(0)), n=2)
  em = em_of(exact, num_samples=num_samples, **LONG)
  z, acceptance = e_step(em, np.repeat(x, 1000, axis=0), seeds(1))
  assert z.shape == (num_samples, 2000, 2)
  assert 0.5 < np.mean(acceptance) < 1
  mean, covariance = exact.posterior(x)
  for i in range(2):
    ours = np.reshape(z[:, 1000 * i : 1000 * (i + 1)], (-1, 2))
    stats.assert_mean(ours, mean[i])
    centred = ours - mean[i]
    stats.assert_mean(centred[:, :, None] * centred[:, None, :], covariance)


def test_the_m_step_follows_the_gradient_of_the_evidence(seeds):
  exact, x = example(np.random.default_rng(seeds(0)))
  assert_fisher(exact, em_of(exact, **LONG), x, seeds(1))


def test_the_maximum_of_the_evidence_is_a_fixed_point(seeds):
  exact, x = example(np.random.default_rng(seeds(0)), n=40)
  exact = at_maximum_likelihood(exact, 2 * x)
  gradients = exact.gradients(2 * x, "log_evidence")
  np.testing.assert_allclose(gradients["weights"], 0, atol=1e-6)
  np.testing.assert_allclose(gradients["bias"], 0, atol=1e-6)
  ours = m_step_gradients(em_of(exact, **LONG), 2 * x, seeds(1), n=300)
  for samples in ours.values():
    stats.assert_mean(samples, np.zeros(samples.shape[1:]))


class NoPrior(priors.StandardNormal):
  """Draws from N(0, I), and counts for nothing in the density."""

  def distribution(self):
    normal = tfp.distributions.Normal(tf.zeros(self.latent_dim), 1e3)
    return tfp.distributions.Independent(normal, reinterpreted_batch_ndims=1)


def test_a_dropped_prior_fails_the_gradient_test(seeds):
  exact, x = example(np.random.default_rng(seeds(0)))
  with pytest.raises(AssertionError, match="standard errors"):
    assert_fisher(exact, em_of(exact, prior=NoPrior(), **LONG), x, seeds(1))


def test_a_chain_that_does_not_move_fails_the_gradient_test(seeds):
  exact, x = example(np.random.default_rng(seeds(0)))
  em = em_of(exact, num_transitions=1, step_size=1e-4)
  with pytest.raises(AssertionError, match="standard errors"):
    assert_fisher(exact, em, x, seeds(1))


def test_positive_latents_have_their_posterior(seeds):
  """z ~ Exponential(1), x|z ~ N(w z, s^2): z|x is a normal, cut off at 0."""
  w, s, x = 1.5, 0.7, 0.6
  likelihood = {"name": "gaussian", "scale": s}
  decoder = aevb.networks.MLPDecoder((1,), (), likelihood=likelihood)
  em = aevb.MonteCarloEM(decoder, 1, prior="exponential", seed=0, **LONG)
  decoder.head.set_weights([np.array([[w]]), np.zeros(1)])
  z, _ = e_step(em, np.full((2000, 1), x, np.float32), seeds(0))
  mean, stddev = (w * x / s**2 - 1) * s**2 / w**2, s / w
  exact = scipy.stats.truncnorm(-mean / stddev, np.inf, mean, stddev)
  stats.assert_ks(np.ravel(z), exact.cdf)


# Training.


@pytest.fixture(scope="module")
def fitted():
  """A model after 60 E-steps, the data, and what `fit` said of 40 more."""
  exact, x = example(np.random.default_rng(0), n=100)
  start = dataclasses.replace(exact, weights=0.1 * exact.weights, bias=0 * exact.bias)
  em = em_of(start, num_transitions=5)
  em.compile(keras.optimizers.Adam(0.02), jit_compile=False)
  em.fit(x, batch_size=50, epochs=30, verbose=0)
  step_size = float(em.step_size)
  history = em.fit(x, batch_size=50, epochs=50, initial_epoch=30, verbose=0).history
  return em, exact, x, step_size, history


def test_it_comes_close_to_the_largest_evidence(fitted):
  em, exact, x, *_ = fitted
  weights, bias = em.decoder.head.get_weights()
  ours = dataclasses.replace(exact, weights=weights.T.astype(float), bias=bias)
  best = np.mean(at_maximum_likelihood(exact, x).log_evidence(x))
  bare = dataclasses.replace(exact, weights=0 * exact.weights, bias=x.mean(axis=0))
  least = np.mean(bare.log_evidence(x))
  reached = np.mean(ours.log_evidence(x))
  assert reached < best and best - reached < 0.1 * (best - least)


def test_acceptance_goes_to_its_target(fitted):
  em, _, _, step_size, history = fitted
  # The log of the step size adds up a tenth of what acceptance is above its target.
  moved = np.log(float(em.step_size) / step_size)
  mean = np.mean(history["acceptance"])
  np.testing.assert_allclose(mean, 0.9 + moved / (0.1 * 40), atol=1e-4)
  assert abs(moved) < 0.2
  assert step_size != 0.5


def test_every_update_counts(fitted):
  em, *_ = fitted
  assert int(em.optimizer.iterations) == 100 * em.num_updates


def test_metrics_are_those_of_the_model(fitted):
  em, exact, x, *_ = fitted
  before = [v.numpy() for v in em.variables]
  result = em.evaluate(x, batch_size=50, return_dict=True, verbose=0)
  metrics = {id(v) for metric in em.metrics for v in metric.variables}
  for old, new in zip(before, em.variables, strict=True):
    assert id(new) in metrics or np.array_equal(old, new)
  assert set(result) == {"log_joint", "log_likelihood", "acceptance", "loss"}
  np.testing.assert_allclose(result["loss"], -result["log_joint"], rtol=1e-6)

  # Of all data at once: the size of a batch changes nothing.
  weights, bias = em.decoder.head.get_weights()
  seed = aevb.random.fold_in(em.seed, 2)
  (z,), acceptance = e_step(em, x, seed)
  residual = (x - z @ weights - bias) / exact.stddev
  log_likelihood = scipy.stats.norm.logpdf(residual) - np.log(exact.stddev)
  log_joint = np.sum(log_likelihood, 1) + np.sum(scipy.stats.norm.logpdf(z), 1)
  np.testing.assert_allclose(result["log_joint"], log_joint.mean(), rtol=1e-4)
  expected = np.sum(log_likelihood, 1).mean()
  np.testing.assert_allclose(result["log_likelihood"], expected, rtol=1e-4)
  np.testing.assert_allclose(result["acceptance"], np.mean(acceptance), rtol=1e-4)


def test_answers_of_a_trained_model(fitted):
  em, _, x, *_ = fitted
  z = em.infer(x[:5], num_samples=2, seed=3)
  assert z.shape == (2, 5, 2) and z.dtype == tf.float32
  few = em.infer(x[:3], seed=3)
  np.testing.assert_allclose(few, z[:1, :3], rtol=1e-3, atol=1e-4)
  assert not np.allclose(em.infer(x[:5], 2, seed=4), z, atol=1e-2)
  reconstruction = em.reconstruct(x[:5])
  assert reconstruction.shape == (5, 5)
  np.testing.assert_array_equal(reconstruction, em(x[:5]))
  assert em.sample(4, seed=1).shape == (4, 5)


@without_xla()
def test_the_evidence_needs_no_encoder(fitted, monkeypatch):
  em, exact, x, *_ = fitted
  weights, bias = em.decoder.head.get_weights()
  ours = dataclasses.replace(exact, weights=weights.T.astype(float), bias=bias)
  method = aevb.evidence.PosteriorDensity(num_samples=500, num_chains=100)
  log_marginal = em.log_marginal(x[:2], method, seed=0)
  # q is the posterior's own shape here: the ratio hardly varies.
  np.testing.assert_allclose(log_marginal, ours.log_evidence(x[:2]), atol=0.02)
  with pytest.raises(ValueError, match="MonteCarloEM has no encoder.*'annealed'"):
    em.log_marginal(x[:2], "importance")
  requested = []

  def estimate(model, x, method, *arguments, **options):
    requested.append(method)
    return aevb.evidence.Estimate(method, 1, np.zeros(2), np.ones(2))

  monkeypatch.setattr(aevb.evidence, "estimate", estimate)
  em.log_marginal(x[:2])
  assert requested == ["annealed"]


# Refusals.


@pytest.mark.parametrize(
  "options, message",
  [
    ({"prior": "vamp"}, "VampPrior.*encoder.*prior='mixture'"),
    ({"latent_dim": 0}, "latent_dim=0 must be a positive integer"),
    ({"num_updates": 0}, "num_updates=0 must be a positive integer"),
    ({"num_transitions": 1.5}, "num_transitions=1.5 must be a positive integer"),
    ({"target_acceptance": 1.0}, "target_acceptance=1.0 must lie between 0 and 1"),
    ({"step_size": 0.0}, "step_size=0.0 must be positive"),
    ({"likelihood": "gaussian"}, "has its own likelihood"),
    ({"parameter_prior_stddev": 1.0}, "needs dataset_size"),
    ({"candidates": 0}, "candidates=0 must be a positive integer"),
    ({"persistent_transitions": 0}, "persistent_transitions=0 must be a positive"),
    (
      {"persistent_transitions": 1},
      r"needs dataset_size.*fit\(x, np.arange\(N\)\)",
    ),
  ],
)
def test_what_it_cannot_be_is_refused_at_construction(options, message):
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
  with pytest.raises(ValueError, match=message):
    aevb.MonteCarloEM(decoder, **{"latent_dim": 2, **options})


def test_what_needs_the_shape_of_the_data_says_so():
  decoder = keras.Sequential([keras.layers.Dense(12)])
  em = aevb.MonteCarloEM(decoder, 2, likelihood="bernoulli")
  with pytest.raises(ValueError, match="`infer` needs to know the shape"):
    em.infer(np.zeros((2, 12)))
  with pytest.raises(ValueError, match="`sample` needs to know the shape"):
    em.sample(2)
  em.build((None, 12))
  assert em.sample(2).shape == (2, 12)


def test_r_hat_finds_chains_that_are_too_short(seeds):
  exact, x = example(np.random.default_rng(seeds(0)), n=20)
  long = em_of(exact, num_transitions=100, step_size=0.2)
  limit = convergence.largest_r_hat(100, 8)
  found = long.r_hat(x, seed=seeds(1))
  assert found.shape == (20,) and np.mean(found < limit) >= 0.9
  np.testing.assert_array_equal(long.r_hat(x, seed=seeds(1)), found)
  # Steps so small that chains stay near their draws from p(z).
  short = em_of(exact, num_transitions=100, step_size=1e-4)
  assert np.all(short.r_hat(x, seed=seeds(1)) > limit)
  with pytest.raises(ValueError, match="at least 2"):
    long.r_hat(x, num_chains=1)


def test_the_states_of_r_hat_are_those_of_longer_chains(seeds):
  exact, x = example(np.random.default_rng(seeds(0)))
  seed = aevb.random.as_seed(seeds(1))
  states = em_of(exact, num_transitions=3)._states(x, seed, 2)
  # The standard normal has the whole line as its support: u is z.
  longer = em_of(exact, num_transitions=6).posterior_samples(
    tf.constant(x), seed, tf.range(len(x)), 2
  )
  np.testing.assert_allclose(states[-1], longer.z, rtol=1e-4, atol=1e-5)
