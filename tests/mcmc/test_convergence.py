"""R-hat against TensorFlow Probability and SciPy, and chains that it must find."""

import numpy as np
import pytest
import scipy.stats
import tensorflow_probability as tfp

from aevb_tf.mcmc import convergence
from aevb_tf.mcmc.convergence import largest_r_hat, r_hat


def reference(x):
  """The larger of two R-hats of TFP, of the normal scores of ranks.

  That of TFP has a correction of Brooks and Gelman (1998) for few chains, which is undone.
  """
  found = []
  n, m = len(x) // 2, 2 * x.shape[1]
  for values in (x, np.abs(x - np.median(x, axis=(0, 1)))):
    ranks = scipy.stats.rankdata(values.reshape(-1, x.shape[2]), axis=0)
    scores = scipy.stats.norm.ppf((ranks - 3 / 8) / (len(ranks) + 1 / 4))
    reduction = tfp.mcmc.potential_scale_reduction(
      scores.reshape(x.shape), independent_chain_ndims=1, split_chains=True
    )
    ratio = (np.asarray(reduction) + (n - 1) / (m * n)) * m / (m + 1)
    found.append(np.sqrt(ratio))
  return np.maximum(*found)


def chains(rng, draws=40, number=4):
  """Chains with a memory, `[draws, number, 3]`."""
  x = rng.normal(size=(draws, number, 3))
  for i in range(1, draws):
    x[i] += 0.6 * x[i - 1]
  return x


@pytest.mark.filterwarnings("ignore:TensorFloat-32")  # of TFP
@pytest.mark.parametrize("draws", [4, 40])
def test_it_is_that_of_tfp_of_ranks(draws):
  x = chains(np.random.default_rng(0), draws)
  x[draws // 4] = x[draws // 4 + 1]  # a rejected proposal
  np.testing.assert_allclose(r_hat(x), reference(x), rtol=1e-5)


def test_ranks_do_not_depend_on_the_scale():
  x = chains(np.random.default_rng(1))
  np.testing.assert_allclose(r_hat(3 * x - 1), r_hat(x), rtol=1e-6)
  assert np.isfinite(r_hat(np.exp(30 * x))).all()
  # The distances to the median are other ones, so only the ranks of x are compared; R-hat
  # without ranks depends on the scale.
  scores, plain = convergence._normal_scores, convergence._of_scores
  np.testing.assert_array_equal(plain(scores(np.exp(3 * x))), plain(scores(x)))
  assert np.all(abs(plain(np.exp(3 * x)) / plain(x) - 1) > 0.01)


@pytest.mark.parametrize("what", ["location", "scale", "trend"])
def test_chains_of_different_distributions_are_found(what):
  rng = np.random.default_rng(2)
  x = rng.normal(size=(100, 4, 1))
  limit = largest_r_hat(100, 4)
  assert r_hat(x)[0] < limit < 1.1
  if what == "location":
    x[:, 0] += 2
  elif what == "scale":
    x[:, 0] *= 5
  else:
    x += np.linspace(0, 3, 100)[:, None, None]
  assert r_hat(x)[0] > limit


@pytest.mark.parametrize("draws, number", [(5, 20), (40, 4), (400, 4)])
def test_converged_chains_are_rarely_above_the_limit(draws, number, seeds):
  """Fewer than one in a hundred: the limit is four standard deviations away."""
  x = np.random.default_rng(seeds()).normal(size=(draws, number, 2000))
  assert np.mean(r_hat(x) > largest_r_hat(draws, number)) < 0.01


def test_too_few_draws_have_none():
  assert np.isnan(r_hat(np.zeros((3, 4, 2)))).all()
  assert largest_r_hat(3, 4) == np.inf


def test_chains_that_do_not_move_have_an_infinite_one_unless_they_are_equal():
  x = np.zeros((10, 2, 2))
  x[:, 1, 1] = 1.0
  np.testing.assert_array_equal(r_hat(x), [np.nan, np.inf])
