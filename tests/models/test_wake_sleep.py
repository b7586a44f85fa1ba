import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import likelihoods
from tests import compositions, stats
from tests.bounds.estimators import DECODER, gradients_of
from tests.likelihoods import cases
from tests.models.test_vae import digits
from tests.oracle import LinearGaussian, tiny_vae


def compiled(model=aevb.WakeSleep, **options):
  """Eager: to compile each would take far longer than to run it."""
  model = tiny_vae(model=model, **options)
  model.compile(keras.optimizers.Adam(0.01), run_eagerly=True, jit_compile=False)
  return model


def one_step_gradients(oracle, model, x, seed, n=4000):
  """Gradients of n independent steps' objectives, by parameter name."""
  rows = tf.range(len(x))

  def objective(i):
    parts = model.bound_parts(x, aevb.random.fold_in(seed, i), rows, training=True)
    return -model.minibatch_loss(parts, None)

  per_variable = gradients_of(objective, model.trainable_variables, n)
  named = [oracle.gradients_of(model, g) for g in zip(*per_variable, strict=True)]
  return {key: np.stack([g[key] for g in named]) for key in named[0]}


def exact_gradients(oracle, x):
  """Of the wake phase for the decoder, of the sleep phase for the encoder."""
  wake = oracle.gradients(x, "expected_log_likelihood")
  sleep = oracle.gradients(x, "expected_log_q_of_dreams")
  return {name: (wake if name in DECODER else sleep)[name] for name in wake}


def example(rng):
  oracle = LinearGaussian.random(rng, data_dim=3)
  return oracle, oracle.draw(rng, 4)


def test_both_phases_follow_their_own_gradient(seeds):
  oracle, x = example(np.random.default_rng(seeds(0)))
  model = oracle.vae(aevb.WakeSleep, num_samples=2)
  ours = one_step_gradients(oracle, model, x, seeds(1))
  for name, exact in exact_gradients(oracle, x).items():
    stats.assert_mean(ours[name], exact)


class AwakeDreams(aevb.WakeSleep):
  """The sleep phase's gradient reaches the decoder."""

  def dream(self, seed, rows):
    return self.draw(seed, rows)


class MovingWake(aevb.WakeSleep):
  """The wake phase's gradient reaches the encoder, through z."""

  def __init__(self, *args, **kwargs):
    super().__init__(*args, **kwargs)
    self.bound.detached = False


class Daydreams(aevb.WakeSleep):
  """The encoder learns from the mean of p(x|z), not from a draw."""

  def dream(self, seed, rows):
    z = self.prior.sample(seed, rows)
    return tf.stop_gradient(z), tf.stop_gradient(self.decode(z).mean())


@pytest.mark.parametrize("mutant", [AwakeDreams, MovingWake, Daydreams])
def test_mutants_fail_the_gradient_test(mutant, seeds):
  oracle, x = example(np.random.default_rng(seeds(0)))
  ours = one_step_gradients(oracle, oracle.vae(mutant), x, seeds(1), n=1000)
  with pytest.raises(AssertionError, match="standard errors"):
    for name, exact in exact_gradients(oracle, x).items():
      stats.assert_mean(ours[name], exact)


def principal_components(x, latent_dim, stddev):
  """Maximum likelihood for a given noise, with the exact posterior as encoder."""
  values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
  values, vectors = values[-latent_dim:], vectors[:, -latent_dim:]
  # Without a rotation W^T W is diagonal, and with it the posterior's covariance.
  weights = vectors * np.sqrt(values - stddev**2)
  model = LinearGaussian(weights, x.mean(axis=0), stddev, None, None, None)
  covariance = model.posterior(x)[1]
  encoder = covariance @ weights.T / stddev**2
  return dataclasses.replace(
    model,
    encoder_weights=encoder,
    encoder_bias=-encoder @ model.bias,
    encoder_stddev=np.sqrt(np.diag(covariance)),
  )


def test_maximum_likelihood_with_the_exact_posterior_is_a_fixed_point(seeds):
  rng = np.random.default_rng(seeds(0))
  x = rng.normal(size=(8, 3)) * [2.0, 1.5, 0.7] + rng.normal(size=3)
  x = x.astype(np.float32)
  oracle = principal_components(x.astype(np.float64), 2, 0.4)
  np.testing.assert_allclose(oracle.bound(x), oracle.log_evidence(x), rtol=1e-6)
  model = oracle.vae(aevb.WakeSleep)
  for name, samples in one_step_gradients(oracle, model, x, seeds(1)).items():
    stats.assert_mean(samples, np.zeros_like(getattr(oracle, name)))


def test_dreams_come_from_the_joint_distribution(seeds):
  oracle, _ = example(np.random.default_rng(seeds(0)))
  model = oracle.vae(aevb.WakeSleep)
  z, x = model.dream(seeds(1), tf.range(20000))
  joint = np.concatenate([z, x], axis=1)
  stats.assert_mean(joint, np.concatenate([np.zeros(2), oracle.bias]))
  centred = joint - joint.mean(axis=0)
  w, cross = oracle.weights, np.concatenate([np.eye(2), oracle.weights])
  covariance = cross @ cross.T
  covariance[2:, 2:] += oracle.stddev**2 * np.eye(len(w))
  stats.assert_mean(centred[:, :, np.newaxis] * centred[:, np.newaxis], covariance)
  drawn = model.draw(7, tf.range(5))[1]
  np.testing.assert_allclose(model.sample(5, seed=7, draw=True), drawn, rtol=1e-5)


def test_metrics_are_those_of_a_vae_and_the_sleep_phase():
  x = digits(20)
  model, vae = compiled(), compiled(model=aevb.VAE)
  result = model.evaluate(x, batch_size=20, return_dict=True, verbose=0)
  expected = vae.evaluate(x, batch_size=20, return_dict=True, verbose=0)
  assert set(result) == {*expected, "sleep_log_q"}
  for name in ("elbo", "kl", "log_likelihood"):
    np.testing.assert_allclose(result[name], expected[name], rtol=1e-6)
  seed, rows = aevb.random.fold_in(model.seed, 2), tf.range(20)
  terms = model.terms(x, seed, rows)
  wake = np.mean(terms.log_likelihood + terms.log_prior)
  np.testing.assert_allclose(result["loss"], -wake - result["sleep_log_q"], rtol=1e-5)


# 256 levels learn from binary images too, and say that another likelihood is for them.
@pytest.mark.filterwarnings("ignore:The data hold only 0 and 1:UserWarning")
@pytest.mark.parametrize("likelihood", likelihoods.names())
def test_every_likelihood_dreams_trains_saves_and_loads(likelihood, tmp_path):
  shape = cases.event_shape(likelihood)
  model = compiled(likelihood=cases.identifier(likelihood), event_shape=shape)
  is_image = cases.takes_images(likelihood)
  x = digits(40, shape) if is_image else compositions.data(likelihood, 40)
  evaluate = {"batch_size": 40, "return_dict": True, "verbose": 0}
  before = model.evaluate(x, **evaluate)
  model.fit(x, batch_size=40, epochs=8, verbose=0)
  after = model.evaluate(x, **evaluate)
  assert after["elbo"] > before["elbo"]
  model.likelihood_family.check_targets(model.dream(0, tf.range(20))[1])
  model.save(tmp_path / "model.keras")
  again = aevb.load(tmp_path / "model.keras")
  assert isinstance(again, aevb.WakeSleep)
  assert again.evaluate(x, **evaluate) == after


COMPOSITIONS = [
  ("iaf", "mixture", {"num_samples": 2}),
  ("gamma", "gamma", {}),
  ("full_gaussian", "maf", {}),
]


@pytest.mark.parametrize("posterior, prior, options", COMPOSITIONS, ids=str)
def test_posteriors_and_priors_are_free(posterior, prior, options):
  encoder = aevb.networks.MLPEncoder(2, (4,), posterior=posterior)
  decoder = aevb.networks.MLPDecoder((2, 2, 1), (4,))
  model = aevb.WakeSleep(encoder, decoder, prior, seed=0, **options)
  model.compile("sgd", run_eagerly=True, jit_compile=False)
  before = [v.numpy() for v in model.trainable_variables]
  model.fit(digits(8, (2, 2, 1)), batch_size=4, verbose=0)
  for old, new in zip(before, model.trainable_variables, strict=True):
    assert np.isfinite(new).all()
    assert not np.array_equal(old, new), new.path


def test_dreams_that_break_are_named():
  model = compiled()
  model.dream = lambda seed, rows: (tf.fill((10, 2), np.nan), tf.zeros((10, 4, 3, 1)))
  with pytest.raises(aevb.NonFiniteError, match="log q of the dreams .* step 1"):
    model.fit(digits(10), batch_size=10, verbose=0)


def test_what_does_not_fit_is_refused():
  with pytest.raises(ValueError, match="VampPrior uses the encoder.*'mixture'"):
    tiny_vae(model=aevb.WakeSleep, prior="vamp")
  with pytest.raises(ValueError, match="num_samples=0"):
    tiny_vae(model=aevb.WakeSleep, num_samples=0)
  with pytest.raises(ValueError, match="gamma are positive"):
    encoder = aevb.networks.MLPEncoder(2, posterior="gamma")
    aevb.WakeSleep(encoder, aevb.networks.MLPDecoder((3,)))
  with pytest.raises(ValueError, match="needs dataset_size"):
    tiny_vae(model=aevb.WakeSleep, parameter_prior_stddev=1.0)
