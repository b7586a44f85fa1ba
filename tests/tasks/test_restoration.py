"""Restored examples against exact values of a linear-Gaussian model, and quadrature."""

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import likelihoods, tasks
from aevb_tf.tasks import restoration
from aevb_tf.tasks.restoration.noise import Clean
from tests import stats
from tests.evidence.xla import without_xla
from tests.likelihoods import cases
from tests.oracle import LinearGaussian, tiny_vae
from tests.tasks import harness

LENGTHS = {"num_samples": 40, "num_chains": 4, "burn_in": 30, "refine_steps": 60}
GAUSSIAN = {"name": "gaussian", "scale": 0.5}


def copies(restore, example, count=150):
  """The mean and the variance of an example by `count` draws of noise."""
  y = np.repeat(example[np.newaxis], count, axis=0)
  found = restore(y=y, batch_size=count, **LENGTHS)
  return found.mean, found.stddev**2


def assert_restored(found, mean, variance):
  means, variances = found
  stats.assert_mean(means, mean)
  stats.assert_mean(variances, variance)


# Linear-Gaussian models: x|z ~ N(W z + b, V), y = A x + noise.


def exact_restored(weights, bias, variances, seen, scale, y):
  """E[x|y] and the variances of x given y, of one example."""
  covariance = weights @ weights.T + np.diag(variances)
  of_y = seen @ covariance @ seen.T + scale**2 * np.eye(len(seen))
  gain = covariance @ seen.T @ np.linalg.inv(of_y)
  return bias + gain @ (y - seen @ bias), np.diag(covariance - gain @ seen @ covariance)


@without_xla()
@pytest.mark.parametrize("missing", [False, True])
def test_gaussian_noise_is_removed_exactly(missing, seeds):
  exact = LinearGaussian.random(np.random.default_rng(0))
  vae = exact.vae(seed=0, missing=missing)
  (y,) = exact.draw(np.random.default_rng(1), 1) + np.float32(0.3)
  if missing:
    y[[1, 3]] = np.nan
  seen = np.eye(5)[~np.isnan(y)]
  variances = np.full(5, exact.stddev**2)

  def wanted(scale):
    return exact_restored(
      exact.weights, exact.bias, variances, seen, scale, y[~np.isnan(y)]
    )

  def restore(**options):
    return tasks.denoise(vae, noise=GAUSSIAN, seed=seeds(), **options)

  found = copies(restore, y)
  assert_restored(found, *wanted(0.5))
  for wrong in (0.4, 0.6):
    with pytest.raises(AssertionError):
      assert_restored(found, *wanted(wrong))


def image_model(rng, height=4, width=6, dim=2):
  """A linear model of images, with a variance for each pixel: also W, b and V."""
  shape, size = (height, width, 1), height * width
  weights, bias = rng.normal(size=(size, dim)), rng.normal(size=size)
  variances = rng.uniform(0.1, 1.0, size)
  decoder = aevb.networks.MLPDecoder(shape, (), likelihood="gaussian")
  encoder = aevb.networks.MLPEncoder(dim, ())
  vae = aevb.VAE(encoder, decoder, seed=0)
  vae.build((None, *shape))
  # The decoder returns means and log-variances of each pixel, beside each other.
  kernel = np.stack([weights, np.zeros_like(weights)], axis=1).reshape(2 * size, dim)
  both = np.stack([bias, np.log(variances)], axis=1).ravel()
  decoder.head.set_weights([kernel.T, both])
  return vae, weights, bias, variances


def gaussian_block():
  line = np.exp(-0.5 * ((np.arange(2) - 0.5) / (2 / 3)) ** 2)
  return np.outer(line, line) / np.outer(line, line).sum()


@without_xla()
@pytest.mark.parametrize("blur", ["box", "gaussian"])
def test_resolution_is_restored_exactly(blur, seeds):
  rng = np.random.default_rng(2)
  vae, weights, bias, variances = image_model(rng)
  block = np.full((2, 2), 0.25) if blur == "box" else gaussian_block()
  seen = np.zeros((6, 24))
  for row in range(2):
    for column in range(3):
      part = np.zeros((4, 6))
      part[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = block
      seen[3 * row + column] = part.ravel()
  y = rng.normal(size=6).astype(np.float32)
  mean, variance = exact_restored(weights, bias, variances, seen, 0.3, y)

  def restore(y, **options):
    return tasks.super_resolve(vae, y, 2, 0.3, blur, seed=seeds(), **options)

  found = copies(restore, y.reshape(2, 3, 1))
  shape = (4, 6, 1)
  assert_restored(found, mean.reshape(shape), variance.reshape(shape))


def test_weights_of_a_larger_block_sum_to_one_and_fall_from_its_center():
  weights = np.reshape(restoration.restoring._weights("gaussian", 4), (4, 4))
  np.testing.assert_allclose(weights.sum(), 1)
  np.testing.assert_allclose(weights, weights[::-1, ::-1])
  np.testing.assert_allclose(weights[1, 1] / weights[0, 1], np.exp(0.5 * 9 / 8))


# Other models: quadrature over a grid of latents.

BITS = np.float32([0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1]).reshape(4, 3, 1)
GREY = np.where(np.arange(12).reshape(4, 3, 1) % 3 == 0, np.float32(0.3), BITS)


def sharp(vae):
  """A model with larger weights, so that z matters."""
  for layer in (vae.decoder.hidden[0], vae.decoder.head):
    layer.kernel.assign(3.0 * layer.kernel)
  return vae


def quadrature(vae, y, parts, grid, condition=None):
  """E[x|y] and Var[x|y]; `parts(y, m)` has log p(y_i|z) and the moments of x_i."""
  p = vae.decode(tf.constant(grid, tf.float32), condition=condition)
  log_prob, mean, variance = parts(y, np.float64(p.mean()))
  log_weights = np.float64(vae.prior.distribution().log_prob(np.float32(grid)))
  log_weights = log_weights + log_prob.sum(axis=(1, 2, 3))
  weights = scipy.special.softmax(log_weights)
  total = np.tensordot(weights, mean, 1)
  return total, np.tensordot(weights, variance + (mean - total) ** 2, 1)


def square_grid(limit=5.0, count=121):
  line = np.linspace(-limit, limit, count)
  return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def flipped(y, m, rate=0.2):
  """Sums over the clean bit x_i."""
  joint = [
    np.where(y == x, 1 - rate, rate) * np.where(x == 1, m, 1 - m) for x in (0, 1)
  ]
  mean = joint[1] / (joint[0] + joint[1])
  return np.log(joint[0] + joint[1]), mean, mean * (1 - mean)


def replaced(y, m, rate=0.3):
  """Sums over whether a value was replaced, and over the clean bit if it was."""
  bernoulli = m**y * (1 - m) ** (1 - y)
  extreme = (y == 0) | (y == 1)
  total = (1 - rate) * bernoulli + extreme * rate / 2
  kept = (1 - rate) * bernoulli / total
  mean = kept * y + (1 - kept) * m
  square = kept * y**2 + (1 - kept) * m
  return np.log(total), mean, np.where(extreme, square - mean**2, 0.0)


def incomplete(y, m):
  """Every third value is unknown, and the others are scored by the likelihood."""
  unknown = np.arange(12).reshape(4, 3, 1) % 3 == 0
  log_prob = np.where(unknown, 0, y * np.log(m) + (1 - y) * np.log1p(-m))
  return log_prob, np.where(unknown, m, y), np.where(unknown, m * (1 - m), 0)


def gaussian_of_means(y, m):
  return scipy.stats.norm.logpdf(y, m, 0.5), m, 0 * m


def laplace_of_means(y, m):
  return scipy.stats.laplace.logpdf(y, m, 0.2), m, 0 * m


def laplace(y, mean):
  each = -tf.abs(y - mean) / 0.2 - np.log(0.4)
  return tf.reduce_sum(each, axis=[1, 2, 3])


@without_xla()
@pytest.mark.parametrize(
  "noise, y, parts",
  [
    ({"name": "bit_flips", "rate": 0.2}, BITS, flipped),
    ({"name": "salt_and_pepper", "rate": 0.3}, GREY, replaced),
    (GAUSSIAN, GREY + 0.4, gaussian_of_means),
    (laplace, GREY - 0.1, laplace_of_means),
  ],
  ids=["bit_flips", "salt_and_pepper", "gaussian", "function"],
)
def test_other_noise_is_removed_as_by_quadrature(noise, y, parts, seeds):
  vae = sharp(tiny_vae())

  def restore(**options):
    return tasks.denoise(vae, noise=noise, seed=seeds(), **options)

  found = copies(restore, y)
  assert_restored(found, *quadrature(vae, y, parts, square_grid()))
  other = np.where(np.arange(12).reshape(4, 3, 1) < 3, 1 - y, y)
  with pytest.raises(AssertionError):
    assert_restored(found, *quadrature(vae, other, parts, square_grid()))


@without_xla()
def test_a_missing_part_is_filled_in_as_by_quadrature(seeds):
  vae = sharp(tiny_vae())
  observed = np.arange(12).reshape(4, 3, 1) % 3 > 0

  def restore(y, **options):
    y = np.where(observed, y, 9)  # does not matter
    return tasks.inpaint(vae, y, observed, seed=seeds(), **options)

  found = copies(restore, BITS)
  assert_restored(found, *quadrature(vae, BITS, incomplete, square_grid()))
  np.testing.assert_array_equal(found[0][0][observed], BITS[observed])
  np.testing.assert_array_equal(found[1][0][observed], 0)


@without_xla()
def test_salt_and_pepper_of_densities_leaves_what_was_not_replaced(seeds):
  likelihood = {"name": "gaussian", "scale": 0.2, "unit_mean": True}
  vae = sharp(tiny_vae(likelihood))

  def parts(y, m):
    extreme = (y == 0) | (y == 1)
    log_prob = np.where(extreme, 0.0, scipy.stats.norm.logpdf(y, m, 0.2))
    return log_prob, np.where(extreme, m, y), np.where(extreme, 0.2**2, 0.0) + 0 * m

  def restore(**options):
    noise = {"name": "salt_and_pepper", "rate": 0.6}
    return tasks.denoise(vae, noise=noise, seed=seeds(), **options)

  found = copies(restore, GREY)
  assert_restored(found, *quadrature(vae, GREY, parts, square_grid()))
  np.testing.assert_array_equal(found[0][0][GREY == 0.3], GREY[GREY == 0.3])


@without_xla()
def test_latents_may_be_positive(seeds):
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(1, (4,), posterior="weibull")
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
  vae = sharp(aevb.VAE(encoder, decoder, prior="exponential", seed=0))

  def restore(**options):
    noise = {"name": "bit_flips", "rate": 0.2}
    return tasks.denoise(vae, noise=noise, seed=seeds(), **options)

  middles = (np.arange(40_000)[:, np.newaxis] + 0.5) / 40_000 * 30
  found = copies(restore, BITS)
  assert_restored(found, *quadrature(vae, BITS, flipped, middles))


@without_xla()
def test_a_condition_is_that_of_each_example(seeds):
  vae = sharp(tiny_vae(condition=3))
  c = np.arange(300) % 2
  y = np.repeat(BITS[np.newaxis], 300, axis=0)
  noise = {"name": "bit_flips", "rate": 0.2}
  options = {"seed": seeds(), "batch_size": 300, **LENGTHS}
  found = tasks.denoise(vae, y, noise, condition=c, **options)
  grid = square_grid(count=61)
  for label in (0, 1):
    condition = np.full(len(grid), label)
    mean, variance = quadrature(vae, BITS, flipped, grid, condition)
    of_label = c == label
    assert_restored((found.mean[of_label], found.stddev[of_label] ** 2), mean, variance)
  with pytest.raises(ValueError, match="condition"):
    tasks.denoise(vae, y, noise)


# Single noise models, given z.


@pytest.mark.parametrize("name", likelihoods.names())
def test_missing_values_of_every_likelihood_have_moments_or_are_refused(name):
  identifier, shape = cases.identifier(name), cases.event_shape(name)
  vae = tiny_vae(identifier, shape)
  x = np.float32(cases.data(identifier, np.random.default_rng(0), (3, *shape), True))
  if not vae.likelihood_family.is_elementwise or name in ("category", "ordinal"):
    with pytest.raises(ValueError, match="noise models are for independent numbers"):
      tasks.inpaint(vae, x, np.ones(shape, bool))
    return
  restoration.restoring._check_model(vae, "inpaint")
  y = np.where(np.arange(x.size).reshape(x.shape) % 2 == 0, np.nan, x)
  noise = restoration.noise.NoNoise()
  noise.check(vae, y)
  p = vae.decode(tf.zeros((3, 2)))
  mean, variance = noise.restore(tf.constant(y), Clean(vae.likelihood_family, p))
  np.testing.assert_array_equal(mean, np.where(np.isnan(y), p.mean(), x))
  np.testing.assert_array_equal(variance, np.where(np.isnan(y), p.variance(), 0))
  assert np.isfinite(variance).all() and (variance.numpy()[np.isnan(y)] > 0).all()


def bits_of(logit):
  likelihood = likelihoods.get("bernoulli")
  likelihood.build((2, 2, 1))
  return Clean(likelihood, likelihood.distribution(tf.fill((1, 2, 2, 1), logit)))


@pytest.mark.parametrize("name", ["bit_flips", "salt_and_pepper"])
@pytest.mark.parametrize("rate", [0.05, 0.15, 0.2, 0.4, 0.9])
@pytest.mark.parametrize("logit", [-200.0, -20.0, 20.0, 200.0])
@pytest.mark.parametrize("bit", [0.0, 1.0])
def test_bits_of_which_the_model_is_sure_have_a_variance(name, rate, logit, bit):
  noise = restoration.noise.get({"name": name, "rate": rate})
  mean, variance = noise.restore(tf.fill((1, 2, 2, 1), bit), bits_of(logit))
  assert np.all((mean >= 0) & (mean <= 1)) and np.all(variance >= 0)
  m = scipy.special.expit(logit)
  parts = flipped(bit, m, rate) if name == "bit_flips" else replaced(bit, m, rate)
  np.testing.assert_allclose(mean, np.full(mean.shape, parts[1]), 1e-5, 1e-8)
  np.testing.assert_allclose(variance, np.full(mean.shape, parts[2]), 1e-3, 2e-7)


@pytest.mark.parametrize("scale", [1e-5, 1e-3, 0.3, 10.0])
def test_little_noise_leaves_little_variance(scale):
  likelihood = likelihoods.get({"name": "gaussian", "scale": 0.3})
  likelihood.build((2, 2, 1))
  clean = Clean(likelihood, likelihood.distribution(tf.zeros((1, 2, 2, 1))))
  y = tf.constant([1.0, 0.2, -3.0, np.nan], shape=(1, 2, 2, 1))
  v = 0.3**2
  _, found = restoration.noise.Gaussian(scale).restore(y, clean)
  wanted = [v * scale**2 / (v + scale**2)] * 3 + [v]
  np.testing.assert_allclose(np.ravel(found), wanted, rtol=1e-5)
  # Blocks of one pixel have the same variance, and those of more are not known better.
  single = restoration.noise.LowResolution(scale, 1, (1.0,))
  _, found = single.restore(y, clean)
  np.testing.assert_allclose(np.ravel(found), wanted, rtol=1e-5, atol=1e-7 * v)
  _, found = restoration.noise.LowResolution(scale, 2, (1.0, 0.0, 0.0, 0.0)).restore(
    tf.zeros((1, 2, 2, 1)), clean
  )
  np.testing.assert_allclose(np.ravel(found), [wanted[0], v, v, v], 1e-5, 1e-7 * v)


# Batches and seeds.


@pytest.fixture(scope="module")
def small():
  return harness.small_vae()


# Of few samples, where a test is not about their mean.
few_samples = pytest.mark.filterwarnings(
  "ignore::aevb_tf.tasks.restoration.RestorationWarning"
)
SHORT = {"num_samples": 10, "num_chains": 2, "burn_in": 5, "refine_steps": 10}


@few_samples
def test_an_example_is_restored_the_same_way_in_every_batch_and_with_xla(small):
  y = harness.X[:7]
  whole = tasks.denoise(small, y, GAUSSIAN, seed=3, **SHORT)
  again = tasks.denoise(small, y, GAUSSIAN, seed=3, **SHORT)
  with without_xla():
    parts = tasks.denoise(small, y, GAUSSIAN, seed=3, batch_size=3, **SHORT)
  for a, b, c in zip(whole, again, parts, strict=True):
    assert a.dtype == np.float32 and len(a) == 7
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(a, c, 1e-3, 1e-4)
  other = tasks.denoise(small, y, GAUSSIAN, seed=4, **SHORT)
  assert not np.isin(other.mean, whole.mean).any()


@without_xla()
def test_chains_that_are_too_short_are_warned_of(small):
  with pytest.warns(restoration.RestorationWarning, match="Use longer chains"):
    tasks.denoise(small, harness.X[:7], GAUSSIAN, seed=3, **SHORT)


@few_samples
@without_xla()
@pytest.mark.parametrize("missing", [False, True])
def test_known_values_have_no_error(small, missing):
  """The effective sample size is the number of samples, also of three chains."""
  y = harness.X[:2]
  observed = np.ones(y.shape, bool)
  observed[1, 0] = not missing
  options = {**SHORT, "num_chains": 3, "batch_size": 2}
  found = tasks.inpaint(small, y, observed, seed=3, **options)
  np.testing.assert_array_equal(found.mean[observed], y[observed])
  np.testing.assert_array_equal(found.stddev[observed], 0)
  assert found.effective_sample_size[0] == 30
  if not missing:
    assert found.effective_sample_size[1] == 30


# Errors.


def refused(small):
  """Reason -> a request that is refused for it."""
  x = harness.X[:2]
  of_columns = tiny_vae({"name": "columns", "columns": ["gaussian", "poisson"]}, (2,))
  rows, one_hot = np.ones((2, 2), np.float32), tiny_vae("one_hot", (3,))
  em = aevb.MonteCarloEM(aevb.networks.MLPDecoder((4, 3, 1), (3,)), latent_dim=2)
  laplace, grey = tiny_vae("laplace"), tiny_vae("continuous_bernoulli")
  heavy = tiny_vae({"name": "student_t", "df": 1.5})
  vector = tiny_vae("gaussian", (4,))
  box = {"factor": 1, "scale": 0.1}
  return {
    "scale=0 must be a positive number": lambda: tasks.denoise(
      small, x, {"name": "gaussian", "scale": 0}
    ),
    "rate=1 must lie between 0 and 1": lambda: tasks.denoise(
      small, x, {"name": "bit_flips", "rate": 1}
    ),
    "Unknown noise 'poisson'": lambda: tasks.denoise(small, x, "poisson"),
    "y has values other than 0 and 1": lambda: tasks.denoise(
      small, x, {"name": "bit_flips", "rate": 0.1}
    ),
    "y reaches from .* values are in": lambda: tasks.denoise(
      small, x + 1, {"name": "salt_and_pepper", "rate": 0.1}
    ),
    "needs a Bernoulli or Gaussian likelihood": lambda: tasks.denoise(
      laplace, x, {"name": "salt_and_pepper", "rate": 0.1}
    ),
    "needs a Bernoulli or Gaussian likelihood, and the model has a Cont": lambda: (
      tasks.denoise(grey, x, {"name": "salt_and_pepper", "rate": 0.1})
    ),
    "needs a Bernoulli likelihood, and the model has a ContinuousB": lambda: (
      tasks.denoise(grey, np.round(x), {"name": "bit_flips", "rate": 0.1})
    ),
    "that of this StudentT likelihood is infinite": lambda: tasks.inpaint(
      heavy, x, x > 0.5
    ),
    "returned shape \\(\\)": lambda: tasks.denoise(
      small, x, lambda y, mean: tf.reduce_sum(y - mean), **SHORT
    ),
    "shape": lambda: tasks.denoise(small, x[:, :2], GAUSSIAN),
    "y has 24 infinite values": lambda: tasks.denoise(small, x + np.inf, GAUSSIAN),
    "x is empty": lambda: tasks.denoise(small, x[:0], GAUSSIAN),
    "num_samples=0": lambda: tasks.denoise(small, x, GAUSSIAN, num_samples=0),
    "at least 2 chains": lambda: tasks.denoise(small, x, GAUSSIAN, num_chains=1),
    "the values of a Columns likelihood are not": lambda: tasks.denoise(
      of_columns, rows, GAUSSIAN
    ),
    "the values of a OneHot likelihood are not": lambda: tasks.inpaint(
      one_hot, np.eye(3, dtype=np.float32), np.ones(3, bool)
    ),
    "Divide 8-bit levels by 255": lambda: tasks.denoise(
      small, np.uint8(255 * x), GAUSSIAN
    ),
    "a MonteCarloEM has no encoder": lambda: tasks.denoise(em, x, GAUSSIAN),
    "The data reach from 0 to 25": lambda: tasks.super_resolve(
      small, np.uint8(255 * (x[:, ::2] > 0.5)).repeat(2, axis=1), 1, 0.1
    ),
    "factor=2 does not divide": lambda: tasks.super_resolve(small, x, 2, 0.1),
    "with factor=1 the model needs": lambda: tasks.super_resolve(
      small, x[:, :2], **box
    ),
    "blur='disk' must be one of": lambda: tasks.super_resolve(
      small, x, **box, blur="disk"
    ),
    "needs a model of images": lambda: tasks.super_resolve(
      vector, x[:, :, 0, 0], **box
    ),
    "give a mask of bools": lambda: tasks.inpaint(small, x, np.ones((4, 3, 1))),
    "The data reach from 0 to 9": lambda: tasks.inpaint(
      small, np.full_like(x, 9), x > 0.5
    ),
    "does not broadcast": lambda: tasks.inpaint(small, x, np.ones((4, 2, 1), bool)),
  }


@without_xla()
def test_impossible_requests_are_refused(small):
  for reason, call in refused(small).items():
    with pytest.raises(ValueError, match=reason) as error:
      call()
    assert "\n" not in str(error.value), reason
