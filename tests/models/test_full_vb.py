import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import aevb_tf as aevb
from aevb_tf.models.weight_posterior import WeightPosterior
from tests import stats
from tests.bounds.estimators import gradients_of
from tests.models.test_vae import digits
from tests.oracle import tiny_vae
from tests.weight_oracle import BayesianLine

X = np.array([[0.9], [-1.2], [0.4]])


def tiny(dataset_size=40, **options):
  return tiny_vae(model=aevb.FullVB, dataset_size=dataset_size, **options)


def compiled(**options):
  """Eager: to compile each would take far longer than to run it."""
  model = tiny(**options)
  model.compile(keras.optimizers.Adam(0.01), run_eagerly=True, jit_compile=False)
  return model


# Against the exact bound.


def test_the_exact_bound_is_below_the_evidence_by_the_exact_kl():
  """Of theta and z together: the two sides are different integrals."""
  line = BayesianLine.example()
  x = X[:, 0]
  gap = line.log_evidence(x) - line.bound(x)
  assert gap > 0
  np.testing.assert_allclose(gap, line.kl_to_posterior(x), rtol=1e-9)


def estimates(full, x, seed):
  """-loss of n independent steps on the whole of x."""
  rows = tf.range(len(x))
  x = tf.constant(x, tf.float32)

  def objective(i):
    parts = full.bound_parts(x, aevb.random.fold_in(seed, i), rows, training=True)
    return -full.minibatch_loss(parts, None)

  return objective


def one_step_gradients(line, full, seed, n=4000):
  objective = estimates(full, X, seed)
  return line.gradients_of(full, gradients_of(objective, full.trainable_variables, n))


@functools.cache
def exact_gradients():
  return BayesianLine.example().gradients(X[:, 0])


def test_the_loss_is_unbiased_for_the_exact_bound(seeds):
  line = BayesianLine.example()
  full = line.model(len(X), bound=aevb.bounds.SGVB("A"))
  objective = estimates(full, X, seeds(0))

  @tf.function(jit_compile=True, autograph=False)
  def values():
    return tf.map_fn(objective, tf.range(4000), fn_output_signature=tf.float32)

  stats.assert_mean(values(), line.bound(X[:, 0]))


def test_the_gradient_is_unbiased_for_every_parameter(seeds):
  line = BayesianLine.example()
  full = line.model(len(X), num_weight_samples=2)
  ours = one_step_gradients(line, full, seeds(0))
  for name, exact in exact_gradients().items():
    stats.assert_mean(ours[name], exact)


class NoWeightKL(aevb.FullVB):
  def weight_kl(self):
    return tf.constant(0.0)


class KLForEveryDatum(aevb.FullVB):
  def minibatch_loss(self, parts, weights):
    return -self.dataset_size * tf.reduce_mean(parts.bound - parts.weight_kl)


class PathlessWeights(aevb.FullVB):
  def _draw_weights(self, seed):
    return [tf.stop_gradient(theta) for theta in super()._draw_weights(seed)]


class MeanWeights(aevb.FullVB):
  def _draw_weights(self, seed):
    return [tf.convert_to_tensor(v) for v in self.generative_variables]


@pytest.mark.parametrize(
  "mutant", [NoWeightKL, KLForEveryDatum, PathlessWeights, MeanWeights]
)
def test_mutants_fail_the_gradient_test(mutant, seeds):
  line = BayesianLine.example()
  ours = one_step_gradients(line, line.model(len(X), mutant), seeds(0), n=1000)
  with pytest.raises(AssertionError, match="standard errors"):
    for name, exact in exact_gradients().items():
      stats.assert_mean(ours[name], exact)


def test_the_kl_of_the_weights_is_its_closed_form():
  line = BayesianLine.example()
  kl = line.model(3).weight_kl().numpy()
  np.testing.assert_allclose(kl, line.weight_kl(), rtol=1e-5)
  rng = np.random.default_rng(0)
  means = [rng.normal(size=s).astype(np.float32) for s in ((3, 2), (2,), ())]
  posterior = WeightPosterior(prior_stddev=0.8, initial_stddev=0.3)
  posterior.build([m.shape for m in means])
  mu = np.concatenate([np.ravel(m) for m in means])
  parts = 1 + np.log(0.3**2 / 0.8**2) - (mu**2 + 0.3**2) / 0.8**2
  np.testing.assert_allclose(posterior.kl(means), -0.5 * parts.sum(), rtol=1e-5)


def test_drawn_weights_are_normal_and_unlike_each_other(seeds):
  means = [np.full((200, 100), 0.5, np.float32), np.zeros(20000, np.float32)]
  posterior = WeightPosterior(initial_stddev=0.3)
  posterior.build([m.shape for m in means])
  first, second = posterior.sample(means, seeds(0))
  white = [(np.ravel(first) - 0.5) / 0.3, np.ravel(second) / 0.3]
  for sample in white:
    stats.assert_ks(sample, lambda t: 0.5 * (1 + tf.math.erf(t / np.sqrt(2))).numpy())
  stats.assert_mean(white[0] * white[1], 0.0)
  np.testing.assert_array_equal(posterior.sample(means, seeds(0))[1], second)
  assert not np.array_equal(posterior.sample(means, seeds(1))[1], second)


# What it reports and answers.


def test_metrics_per_example_and_for_the_data_set():
  x = digits(40)
  model, vae = compiled(), tiny_vae()
  vae.compile("adam", run_eagerly=True, jit_compile=False)
  for variable in model.weight_family.log_variances:
    variable.assign(tf.fill(variable.shape, -3.0))
  result = model.evaluate(x, batch_size=40, return_dict=True, verbose=0)
  expected = vae.evaluate(x, batch_size=40, return_dict=True, verbose=0)
  assert set(result) == {*expected, "weight_kl", "full_bound"}
  for name in ("elbo", "kl", "log_likelihood"):  # with the mean weights, which it holds
    np.testing.assert_allclose(result[name], expected[name], rtol=1e-5)
  np.testing.assert_allclose(result["weight_kl"], model.weight_kl(), rtol=1e-6)
  np.testing.assert_allclose(result["loss"], -40 * result["full_bound"], rtol=1e-5)
  seed = aevb.random.fold_in(aevb.random.fold_in(model.seed, 2), 0)
  theta = model.weight_family.sample(
    model.generative_variables, aevb.random.fold_in(seed, 1)
  )
  drawn = model.to_vae()
  for variable, value in zip(drawn.decoder.trainable_variables, theta, strict=True):
    variable.assign(value)
  bound = np.mean(drawn.bound_parts(tf.constant(x), seed, tf.range(40), False).bound)
  full_bound = bound - model.weight_kl() / 40
  np.testing.assert_allclose(result["full_bound"], full_bound, rtol=1e-5)


def test_one_theta_serves_a_whole_minibatch_and_an_evaluation():
  model = compiled()
  x = digits(40)
  results = [
    model.evaluate(x, batch_size=n, return_dict=True, verbose=0) for n in (7, 40)
  ]
  for name in results[0]:
    np.testing.assert_allclose(results[0][name], results[1][name], rtol=1e-5)


def test_sample_weights_do_not_change_the_kl_of_the_weights():
  model = compiled()
  parts = model.bound_parts(
    tf.constant(digits(4)), aevb.random.as_seed(0), tf.range(4), training=True
  )
  loss = model.minibatch_loss(parts, tf.constant([1.0, 1.0, 0.0, 0.0]))
  expected = model.weight_kl() - 40 * np.sum(parts.bound[:2]) / 4
  np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_the_posterior_of_the_weights_is_of_every_generative_variable():
  model = tiny(
    likelihood={"name": "gaussian", "scale": "shared"},
    prior="mixture",
    bound=aevb.bounds.SGVB("A"),
    initial_weight_stddev=0.2,
  )
  posterior = model.weight_posterior()
  decoder = [v.path for v in model.decoder.trainable_variables]
  prior = [v.path for v in model.prior.trainable_variables]
  assert len(decoder) == 5 and len(prior) == 3
  assert list(posterior) == decoder + prior
  for v in model.generative_variables:
    q = posterior[v.path]
    assert isinstance(q, tfp.distributions.Distribution)
    assert q.batch_shape == () and q.event_shape == v.shape
    np.testing.assert_allclose(q.mean(), v)
    np.testing.assert_allclose(q.stddev(), np.full(v.shape, 0.2), rtol=1e-4)


def test_to_vae_has_the_mean_weights_or_a_draw():
  model = compiled(bound=aevb.bounds.SGVB("A"), prior="mixture")
  x = digits(40)
  model.fit(x, batch_size=20, verbose=0)
  mean, draw = model.to_vae(), model.to_vae(seed=3)
  assert type(mean) is aevb.VAE
  # One of the two answers op by op, the other one is compiled.
  np.testing.assert_allclose(mean.reconstruct(x), model.reconstruct(x), rtol=1e-6)
  np.testing.assert_allclose(mean.elbo(x, seed=1), model.elbo(x, seed=1), rtol=1e-6)
  np.testing.assert_allclose(mean.sample(4, seed=2), model.sample(4, seed=2), rtol=1e-6)
  np.testing.assert_array_equal(
    model.to_vae(seed=3).sample(4, seed=2), draw.sample(4, seed=2)
  )
  assert not np.allclose(draw.sample(4, seed=2), mean.sample(4, seed=2))
  for v in model.generative_variables:
    assert np.all(np.isfinite(v))
  np.testing.assert_array_equal(draw.encoder(x), model.encoder(x))


# Networks of any kind.


def own_networks():
  encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])
  decoder = keras.Sequential(
    [
      keras.layers.Dense(6),
      keras.layers.BatchNormalization(),
      keras.layers.Dropout(0.5),
    ]
    + [keras.layers.Dense(12), keras.layers.Reshape((4, 3, 1))]
  )
  return encoder, decoder


def test_a_decoder_of_any_kind_trains_and_keeps_its_moving_averages():
  keras.utils.set_random_seed(0)
  families = {"posterior": "gaussian", "likelihood": "bernoulli"}
  model = aevb.FullVB(*own_networks(), dataset_size=40, seed=0, **families)
  model.compile(keras.optimizers.Adam(0.01))
  x = digits(40)
  model.fit(x, batch_size=20, verbose=0)
  norm = model.decoder.layers[1]
  assert not np.allclose(norm.moving_variance, 1.0, atol=1e-3)
  before = norm.moving_variance.numpy()
  model.bound_parts(x, aevb.random.as_seed(0), tf.range(40), training=False)
  np.testing.assert_array_equal(norm.moving_variance, before)
  np.testing.assert_array_equal(model.to_vae().reconstruct(x), model.reconstruct(x))


@pytest.mark.parametrize(
  "prior, bound",
  [
    ("vamp", {"name": "importance_weighted", "gradient": "doubly_reparameterized"}),
    ("maf", {"name": "score_function", "baseline": "moving_average"}),
  ],
)
def test_priors_and_bounds_are_free(prior, bound, tmp_path):
  model = tiny(prior=prior, bound=bound, num_weight_samples=2)
  model.compile(keras.optimizers.SGD(1e-5), run_eagerly=True, jit_compile=False)
  before = model.get_weights()
  x = digits(8)
  model.fit(x, batch_size=8, verbose=0)
  for old, new in zip(before, model.get_weights(), strict=True):
    assert np.isfinite(new).all() and not np.array_equal(old, new)
  result = model.evaluate(x, return_dict=True, verbose=0)
  model.save(tmp_path / "model.keras")
  again = aevb.load(tmp_path / "model.keras")
  assert again.evaluate(x, return_dict=True, verbose=0) == result


# Keras' loops.


def test_the_weights_stay_float32_under_mixed_precision():
  before = keras.mixed_precision.dtype_policy()
  keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
  try:
    model = compiled()
  finally:
    keras.mixed_precision.set_dtype_policy(before)
  model.fit(digits(8), batch_size=4, verbose=0)
  assert model.decoder(np.zeros((1, 2), np.float32)).dtype == "bfloat16"
  assert all(v.dtype == "float32" for v in model.trainable_variables)


def test_weights_that_break_are_named():
  model = compiled()
  model.weight_family.log_variances[0].assign(np.full((2, 8), np.nan))
  with pytest.raises(aevb.NonFiniteError, match="the KL of the weights and .* step 1"):
    model.fit(digits(10), batch_size=10, verbose=0)


@pytest.mark.parametrize(
  "options, message",
  [
    ({"dataset_size": None}, "FullVB needs dataset_size.*dataset_size=N"),
    ({"dataset_size": 0}, "dataset_size=0"),
    ({"weight_prior_stddev": 0.0}, "prior_stddev=0.0"),
    ({"initial_weight_stddev": -1.0}, "initial_stddev=-1.0"),
    ({"num_weight_samples": 0}, "num_weight_samples=0"),
  ],
)
def test_invalid_arguments_are_refused(options, message):
  with pytest.raises(ValueError, match=message):
    tiny(**options)


def test_what_needs_the_shape_of_the_data_says_so():
  families = {"posterior": "gaussian", "likelihood": "bernoulli"}
  model = aevb.FullVB(*own_networks(), dataset_size=40, **families)
  for method in (model.weight_posterior, model.to_vae):
    with pytest.raises(ValueError, match="shape of the data"):
      method()


def test_a_layer_frozen_too_late_is_named():
  model = tiny()
  model.decoder.head.trainable = False
  with pytest.raises(ValueError, match="2 trainable variables, but a posterior over 4"):
    model.weight_kl()
