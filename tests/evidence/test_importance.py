import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import bounds, evidence
from aevb_tf.evidence import importance, log_mean
from aevb_tf.evidence.compiled import _functions
from tests import stats
from tests.evidence.test_pareto import reference
from tests.evidence.xla import without_xla
from tests.oracle import LinearGaussian, tiny_vae

# Few samples: what is tested is the mean of many estimates, or that they agree.
pytestmark = pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
# Two float32 sums of the same numbers in another order.
ROUNDING = {"rtol": 2e-6, "atol": 2e-6}


@pytest.fixture(scope="module")
def linear():
  """A model, 30 data and its VAE."""
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng)
  return oracle, oracle.draw(rng, 30), oracle.vae()


@pytest.fixture(scope="module")
def images():
  rng = np.random.default_rng(0)
  return tiny_vae(), (rng.random((7, 4, 3, 1)) > 0.5).astype(np.float32)


def estimates(vae, x, num_samples, seed=0, chunk_size=None, **options):
  method = evidence.Importance(num_samples, chunk_size)
  return evidence.estimate(vae, x, method, seed=seed, **options).log_marginal


def test_weights_are_unbiased_for_the_evidence(linear, seeds):
  """E[mean of w] = p(x) for any K: here of the relative error of K = 3."""
  oracle, x, _ = linear
  # An encoder wider than the posterior, so that weights have all their moments.
  oracle = LinearGaussian(**vars(oracle))
  oracle.encoder_stddev = np.full(2, 1.0)
  mean, _ = oracle.posterior(np.zeros((1, 5)))
  oracle.encoder_weights = oracle.posterior(np.eye(5))[0].T - mean.T
  oracle.encoder_bias = mean[0]
  many = np.repeat(x[:1], 20000, axis=0)
  ours = estimates(oracle.vae(), many, 3, seed=seeds(), batch_size=5000)
  exact = oracle.log_evidence(x[:1].astype(np.float64))[0]
  stats.assert_mean(np.exp(ours.astype(np.float64) - exact), 1.0)


def test_the_mean_rises_with_k_and_stays_below(linear, seeds):
  oracle, x, vae = linear
  many = np.repeat(x[:1], 4000, axis=0)
  exact = oracle.log_evidence(x[:1].astype(np.float64))[0]
  means = [
    estimates(vae, many, k, seed=seeds(k), batch_size=4000).mean() for k in (1, 5, 50)
  ]
  assert means[0] < means[1] < means[2] < exact


def test_one_sample_is_the_bound(linear, seeds):
  oracle, x, vae = linear
  many = np.repeat(x[:1], 20000, axis=0)
  ours = estimates(vae, many, 1, seed=seeds(), batch_size=5000)
  stats.assert_mean(ours, oracle.bound(x[:1].astype(np.float64))[0])


def test_it_converges_to_the_evidence(linear, seeds):
  """Equal within the spread of repetitions."""
  oracle, x, vae = linear
  exact = oracle.log_evidence(x[:1].astype(np.float64))[0]
  near = np.repeat(x[:1], 200, axis=0)
  # Wide enough to reach the whole posterior.
  wide = LinearGaussian(**vars(oracle))
  wide.encoder_stddev = np.full(2, 1.5)
  ours = estimates(wide.vae(), near, 20000, seed=seeds(), batch_size=200)
  # A log of a mean is below by half its variance, to first order.
  stats.assert_mean(ours + 0.5 * ours.var(), exact)
  assert abs(ours.mean() - exact) < 0.05


def test_a_perfect_encoder_needs_one_sample():
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng, latent_dim=1)
  covariance = oracle.posterior(np.zeros((1, 5)))[1]
  oracle.encoder_stddev = np.sqrt(np.diag(covariance))
  oracle.encoder_weights = covariance @ oracle.weights.T / oracle.stddev**2
  oracle.encoder_bias = -oracle.encoder_weights @ oracle.bias
  x = oracle.draw(rng, 20)
  result = evidence.estimate(oracle.vae(), x, "importance", 10)
  exact = oracle.log_evidence(x.astype(np.float64))
  np.testing.assert_allclose(result.log_marginal, exact, rtol=1e-5)
  np.testing.assert_allclose(result.effective_sample_size, 10, rtol=1e-5)
  assert result.effective_sample_size.max() <= 10 * (1 + 1e-6)


@pytest.mark.parametrize("chunk_size", [1, 7, 10, 64])
@without_xla()
def test_chunks_change_nothing(images, chunk_size):
  vae, x = images
  whole = estimates(vae, x, 37, chunk_size=37)
  np.testing.assert_allclose(
    estimates(vae, x, 37, chunk_size=chunk_size), whole, **ROUNDING
  )


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
@without_xla()
def test_batches_change_nothing(images, batch_size):
  vae, x = images
  whole = estimates(vae, x, 20)
  np.testing.assert_allclose(
    estimates(vae, x, 20, batch_size=batch_size), whole, **ROUNDING
  )


def test_an_example_depends_on_its_place_and_not_on_its_fellows(images):
  vae, x = images
  whole = estimates(vae, x, 20)
  np.testing.assert_allclose(estimates(vae, x[:4], 20), whole[:4], **ROUNDING)
  other = np.concatenate([1 - x[:3], x[3:]])
  np.testing.assert_allclose(estimates(vae, other, 20)[3:], whole[3:], **ROUNDING)
  assert not np.allclose(estimates(vae, x[3:], 20), whole[3:], **ROUNDING)


def test_every_sample_counts_once(images):
  """No flooring or rounding up of K: against the formula, sample by sample."""
  vae, x = images
  q = vae.encode(x)
  seed = aevb.random.derive(0, aevb.random.Purpose.EVIDENCE)
  z = vae.posterior_family.numbered_samples(q, seed, tf.range(7), 0, 23)
  likelihood = tf.reshape(
    vae.decode(tf.reshape(z, [-1, 2])).log_prob(tf.tile(x, [23, 1, 1, 1])), [23, 7]
  )
  weights = likelihood + vae.prior.distribution().log_prob(z) - q.log_prob(z)
  for k in (1, 22, 23):
    exact = tf.reduce_logsumexp(weights[:k], axis=0) - np.log(k)
    np.testing.assert_allclose(estimates(vae, x, k, chunk_size=5), exact, **ROUNDING)


@without_xla()
def test_the_tail_is_that_of_all_samples(images):
  """Of several compiled calls and a last one in part, against the weights written out."""
  vae, x = images
  q = vae.encode(x)
  seed = aevb.random.derive(0, aevb.random.Purpose.EVIDENCE)
  terms = bounds.evaluate_terms(
    x,
    vae.posterior_family.numbered_samples(q, seed, tf.range(7), 0, 300),
    q,
    vae.prior.distribution(),
    vae.decode,
    analytic_kl=False,
  )
  weights = terms.log_likelihood + terms.log_prior - terms.log_q
  found = evidence.estimate(vae, x, evidence.Importance(300, chunk_size=7))
  expected = [reference(column) for column in weights.numpy().T]
  np.testing.assert_allclose(found.pareto_k, expected, rtol=1e-3, atol=1e-3)
  error = log_mean.sums_of(weights).error(300)
  np.testing.assert_allclose(found.monte_carlo_error, error, rtol=1e-4)


def test_memory_does_not_grow_with_k(images):
  """Any number of samples runs through the very same compiled function."""
  vae, x = images

  def traces():
    return [
      function.experimental_get_tracing_count()
      for key, function in _functions[vae].items()
      if key[0] == importance._add_and_return and ("chunk_size", 11) in key
    ]

  estimates(vae, x, 11, chunk_size=11)
  assert traces() == [1]
  estimates(vae, x, 1000, chunk_size=11)
  estimates(vae, x, 47, chunk_size=11)
  assert traces() == [1]


def test_the_method_of_the_model(images):
  vae, x = images
  ours = vae.log_marginal(x, num_samples=20, seed=3)
  assert ours.dtype == tf.float32 and ours.shape == (7,)
  np.testing.assert_array_equal(ours, estimates(vae, x, 20, seed=3))
  assert not np.array_equal(vae.log_marginal(x, num_samples=20), ours)


def test_a_model_is_freed_with_its_compiled_functions():
  import gc
  import weakref

  vae = aevb.VAE(
    aevb.networks.MLPEncoder(1, ()),
    aevb.networks.MLPDecoder((2,), (), likelihood="gaussian"),
  )
  vae.log_marginal(np.zeros((1, 2), np.float32), num_samples=1)
  alive = weakref.ref(vae)
  del vae
  gc.collect()
  assert alive() is None
