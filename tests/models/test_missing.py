"""Examples with missing values: the bound of what was observed, on every path."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.models.missing import Missing
from tests import compositions, stats
from tests.oracle import LinearGaussian

SHAPE = (2, 2, 1)


def oracle(seed=0):
  """A linear-Gaussian model, examples of it, and the same with missing values."""
  rng = np.random.default_rng(seed)
  exact = LinearGaussian.random(rng)
  x = exact.draw(rng, 40)
  incomplete = np.where(rng.random(x.shape) < 0.4, np.float32(np.nan), x)
  return exact, x, incomplete


def observed_part(exact, row):
  """The model of what was observed in an example."""
  seen = ~np.isnan(row)
  part = dataclasses.replace(exact, weights=exact.weights[seen], bias=exact.bias[seen])
  return part, row[seen].astype(np.float64)[np.newaxis]


def exact_bound(exact, x, fill_value=0.0):
  """E_q log p(x_obs|z) - KL(q || p) for q(z|x) with `fill_value` for missing values."""
  bounds = []
  for row in x:
    part, seen = observed_part(exact, row)
    filled = np.where(np.isnan(row), fill_value, row)[np.newaxis]
    mean, stddev = exact.encoded(filled)
    residual = seen - mean @ part.weights.T - part.bias
    square = np.sum(residual**2) + np.sum((part.weights * stddev) ** 2)
    size = seen.shape[1]
    log_likelihood = -0.5 * square / exact.stddev**2
    log_likelihood -= 0.5 * size * np.log(2 * np.pi * exact.stddev**2)
    bounds.append(log_likelihood - exact.kl_to_prior(filled)[0])
  return np.array(bounds)


@pytest.mark.parametrize("fill_value", [0.0, [0.5, -1.0, 2.0, 0.0, 1.0]])
def test_the_bound_is_that_of_what_was_observed(fill_value, seeds):
  exact, _, x = oracle()
  bound = aevb.bounds.SGVB("B", 4000)
  vae = exact.vae(missing={"fill_value": fill_value}, bound=bound, seed=0)
  wanted = exact_bound(exact, x, np.array(fill_value))
  terms = vae.terms(tf.constant(x), aevb.random.as_seed(seeds(0)), tf.range(len(x)))
  draws = np.asarray(terms.log_likelihood - terms.kl)
  stats.assert_mean(draws, wanted)


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
def test_the_evidence_is_that_of_what_was_observed():
  exact, _, x = oracle()
  vae = exact.vae(missing=True, seed=0)
  wanted = [
    part.log_evidence(seen)[0] for part, seen in (observed_part(exact, r) for r in x)
  ]
  found = aevb.evidence.estimate(vae, x[:10], "annealed", seed=1)
  error = np.maximum(found.monte_carlo_error, 1e-4)
  assert np.all(np.abs(found.log_marginal - wanted[:10]) < 5 * error)
  found = aevb.evidence.estimate(vae, x, "importance", num_samples=5000, seed=1)
  trusted = found.effective_sample_size > 500
  assert trusted.sum() > 10
  error = 5 * found.monte_carlo_error
  assert np.all((np.abs(found.log_marginal - wanted) < error)[trusted])


def test_complete_examples_are_scored_as_by_a_model_of_complete_examples():
  exact, x, _ = oracle()
  plain, missing = exact.vae(seed=0), exact.vae(seed=0, missing=True)
  np.testing.assert_allclose(
    missing.elbo(x, seed=1), plain.elbo(x, seed=1), rtol=1e-5, atol=1e-5
  )
  np.testing.assert_array_equal(missing(x), plain(x))


def test_an_encoder_may_see_the_mask():
  x = np.float32([[1.0, np.nan, 3.0]])
  missing = Missing(encode_mask=True, fill_value=[7.0, 8.0, 9.0])
  assert missing.input_shape((3,)) == (6,)
  assert missing.input_shape((4, 3, 2)) == (4, 3, 4)
  np.testing.assert_array_equal(missing.encoder_input(x), [[1, 8, 3, 1, 0, 1]])
  encoder = aevb.networks.MLPEncoder(2, (4,))
  decoder = aevb.networks.MLPDecoder((3,), (4,), likelihood="gaussian")
  vae = aevb.VAE(encoder, decoder, missing=missing)
  assert encoder.hidden[0].kernel.shape == (6, 4)
  assert vae(x).shape == (1, 3)


def images_with_gaps(rng, n=6):
  x = rng.integers(0, 2, size=(n, *SHAPE)).astype(np.float32)
  x[rng.random(x.shape) < 0.3] = np.nan
  return x


def make(model, missing, **options):
  keras.utils.set_random_seed(0)
  decoder = aevb.networks.MLPDecoder(SHAPE, (3,))
  if model is aevb.MonteCarloEM:
    return model(decoder, 2, missing=bool(missing), seed=0, **options)
  encoder = aevb.networks.MLPEncoder(2, (3,))
  if model is aevb.FullVB:
    options["dataset_size"] = 6
  return model(encoder, decoder, missing=missing, seed=0, **options)


def train(model, x, path):
  model.compile(keras.optimizers.Adam(0.01), run_eagerly=path == "eager")
  options = {"verbose": 0, "epochs": 2}
  if path == "tf.data":
    return model.fit(tf.data.Dataset.from_tensor_slices(x).batch(3), **options)
  if path == "ArrayDataset":
    return model.fit(aevb.data.ArrayDataset(x, batch_size=3, missing=True), **options)
  return model.fit(x, batch_size=3, shuffle=False, **options)


MODELS = [aevb.VAE, aevb.WakeSleep, aevb.FullVB, aevb.MonteCarloEM]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_trains_saves_and_loads(model, tmp_path):
  x = images_with_gaps(np.random.default_rng(0))
  vae = make(model, {"encode_mask": True, "fill_value": 0.5})
  history = train(vae, x, "array").history
  assert all(np.all(np.isfinite(values)) for values in history.values())
  np.testing.assert_allclose(history["observed"], np.mean(~np.isnan(x)), rtol=1e-6)
  result = vae.evaluate(x, return_dict=True, verbose=0)
  vae.save(tmp_path / "model.keras")
  again = keras.saving.load_model(tmp_path / "model.keras")
  assert again.get_config()["missing"] == vae.get_config()["missing"]
  assert again.evaluate(x, return_dict=True, verbose=0) == result


@pytest.mark.parametrize("path", ["tf.data", "ArrayDataset", "eager"])
def test_every_path_trains_to_the_same_weights(path):
  x = images_with_gaps(np.random.default_rng(0))
  one, other = make(aevb.VAE, True), make(aevb.VAE, True)
  train(one, x, "array")
  train(other, x, path)
  for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
    np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("bound", compositions.BOUNDS, ids=lambda b: b["name"])
def test_every_bound_has_finite_gradients(bound):
  x = tf.constant(images_with_gaps(np.random.default_rng(0)))
  vae = make(aevb.VAE, True, bound=bound)
  with tf.GradientTape() as tape:
    parts = vae.bound_parts(x, aevb.random.as_seed(0), tf.range(len(x)), training=True)
    total = tf.reduce_sum(parts.bound)
  for gradient in tape.gradient(total, vae.trainable_variables):
    assert np.all(np.isfinite(gradient)) and np.any(gradient != 0.0)


def test_targets_of_a_denoising_model_may_be_incomplete():
  x = np.nan_to_num(images_with_gaps(np.random.default_rng(0)))
  y = images_with_gaps(np.random.default_rng(1))
  vae = make(aevb.VAE, True)
  vae.compile("adam")
  vae.fit(x, y, verbose=0)
  result = vae.evaluate(x, y, return_dict=True, verbose=0)
  np.testing.assert_allclose(result["observed"], np.mean(~np.isnan(y)), rtol=1e-6)


def test_the_share_that_was_observed_has_the_weights_of_the_examples():
  x = images_with_gaps(np.random.default_rng(0))
  weights = np.float32([1, 0, 2, 0, 3, 1])
  vae = make(aevb.VAE, True)
  vae.compile("adam")
  result = vae.evaluate(x, sample_weight=weights, return_dict=True, verbose=0)
  shares = np.mean(~np.isnan(x), axis=(1, 2, 3))
  wanted = np.sum(weights * shares) / np.sum(weights)
  np.testing.assert_allclose(result["observed"], wanted, rtol=1e-6)


def test_an_example_of_which_nothing_is_known_has_the_prior_as_its_posterior():
  vae = make(aevb.VAE, True)
  nothing = np.full((2, *SHAPE), np.nan, np.float32)
  found = vae.terms(tf.constant(nothing), aevb.random.as_seed(0), tf.range(2))
  np.testing.assert_array_equal(found.log_likelihood, np.zeros((1, 2)))


def test_a_model_of_complete_examples_refuses_missing_values():
  x = images_with_gaps(np.random.default_rng(0))
  masked = np.ma.masked_invalid(x)
  vae = make(aevb.VAE, False)
  vae.compile("adam")
  doors = (vae.fit, vae.evaluate, vae.predict, vae.elbo, vae.encode, vae.reconstruct)
  for door, data in itertools.product(doors, (x, masked)):
    with pytest.raises(ValueError, match="NaN marks missing values, pass missing=True"):
      door(data)


def test_a_batch_with_missing_values_says_how_to_allow_them():
  x = images_with_gaps(np.random.default_rng(0))
  vae = make(aevb.VAE, False)
  vae.compile("adam")
  with pytest.raises(ValueError, match="NaN marks missing values, pass missing=True"):
    vae.fit(tf.data.Dataset.from_tensor_slices(x).batch(3), verbose=0)
  x = np.where(np.isnan(x), 3.0, x)  # the advice is for models of complete examples
  vae = make(aevb.VAE, True)
  vae.compile("adam")
  with pytest.raises(ValueError) as error:
    vae.fit(tf.data.Dataset.from_tensor_slices(x).batch(3), verbose=0)
  assert "missing=True" not in str(error.value)


def test_a_mask_of_numpy_marks_missing_values():
  x = images_with_gaps(np.random.default_rng(0))
  masked = np.ma.masked_array(np.nan_to_num(x, nan=1.0), np.isnan(x))
  vae = make(aevb.VAE, True)
  vae.compile("adam")
  np.testing.assert_array_equal(vae.elbo(masked, seed=0), vae.elbo(x, seed=0))
  assert vae.evaluate(masked, verbose=0) == vae.evaluate(x, verbose=0)


def test_values_outside_the_support_are_refused_beside_missing_ones():
  x = images_with_gaps(np.random.default_rng(0))
  x[0, 0, 0, 0] = 3.0
  vae = make(aevb.VAE, True)
  with pytest.raises(ValueError, match=r"reach from 0 to 3, .* values in \[0, 1\]"):
    vae.elbo(x)
  x[0, 0, 0, 0] = np.inf
  with pytest.raises(ValueError, match="infinite"):
    vae.elbo(x)


def test_metrics_of_whole_examples_are_refused():
  vae = make(aevb.VAE, True)
  vae.compile("adam", metrics=["mse"])
  with pytest.raises(ValueError, match="leave metrics out"):
    vae.fit(images_with_gaps(np.random.default_rng(0)), verbose=0)


@pytest.mark.parametrize(
  "missing, message",
  [
    ({"fill_value": np.nan}, "must be finite"),
    ({"fill_value": "mean"}, "fill_value='mean' must be finite numbers"),
    (
      {"fill_value": [0.0, 1.0, 2.0]},
      r"shape \(3,\), and an example \(2, 2, 1\): give",
    ),
    ({"fill_value": np.zeros((5, 2, 2, 1))}, r"shape \(5, 2, 2, 1\), and an example"),
    ({"encode_mask": "yes"}, "encode_mask='yes' must be True or False"),
    ({"mask": True}, "use True, or options such as"),
    ("mask", "use True, or options such as"),
  ],
)
def test_impossible_options_are_refused(missing, message):
  with pytest.raises(ValueError, match=message):
    make(aevb.VAE, missing)


def test_full_vb_gives_a_vae_of_incomplete_examples():
  x = images_with_gaps(np.random.default_rng(0))
  model = make(aevb.FullVB, True)
  vae = model.to_vae()
  np.testing.assert_array_equal(vae.elbo(x, seed=0), model.elbo(x, seed=0))


def exact_conditional(exact, row):
  """Mean and covariance of p(x_mis|x_obs)."""
  missing = np.isnan(row)
  covariance = exact.weights @ exact.weights.T
  covariance += exact.stddev**2 * np.eye(len(row))
  cross = covariance[np.ix_(missing, ~missing)]
  gain = cross @ np.linalg.inv(covariance[np.ix_(~missing, ~missing)])
  mean = exact.bias[missing] + gain @ (row[~missing] - exact.bias[~missing])
  return mean, covariance[np.ix_(missing, missing)] - gain @ cross.T


def exact_encoder(exact):
  """The same generative model, whose encoder is the posterior of complete examples."""
  weights = np.linalg.qr(exact.weights)[0] * [1.5, 0.8]  # orthogonal: factorized
  exact = dataclasses.replace(exact, weights=weights)
  _, covariance = exact.posterior(np.zeros((1, len(exact.bias))))
  gain = covariance @ weights.T / exact.stddev**2
  return dataclasses.replace(
    exact,
    encoder_weights=gain,
    encoder_bias=-gain @ exact.bias,
    encoder_stddev=np.sqrt(np.diag(covariance)),
  )


@pytest.mark.parametrize(
  "method, missing",
  # How a model of complete examples is asked is the same for all methods.
  [*((name, True) for name in aevb.imputation.names()), ("importance", False)],
)
def test_imputations_have_the_exact_mean_and_covariance(method, missing, seeds):
  exact, x, _ = oracle()
  # Pseudo-Gibbs is exact for the exact encoder, the others for any.
  if method != "importance":
    exact = exact_encoder(exact)
  if method == "metropolis_within_gibbs":
    exact = dataclasses.replace(
      exact,
      encoder_bias=exact.encoder_bias + 0.3,
      encoder_stddev=1.3 * exact.encoder_stddev,
    )
  row = np.where([0, 1, 0, 1, 1], np.nan, x[0]).astype(np.float32)
  mean, covariance = exact_conditional(exact, row)
  vae, many = exact.vae(missing=missing, seed=0), np.repeat(row[np.newaxis], 1000, 0)
  gaps = np.isnan(row)
  options = {"importance": 2000, "gibbs": 50, "metropolis_within_gibbs": 100}
  given = {"method": method, "num_samples": options[method]}
  found = vae.impute(many, seed=seeds(0), **given)
  np.testing.assert_array_equal(found[:, ~gaps], many[:, ~gaps])
  stats.assert_mean(found[:, gaps], mean)
  # One draw of each example: draws of one example share its samples of z.
  drawn = vae.impute(many, 2, seed=seeds(1), **given)
  assert drawn.shape == (2, *many.shape)
  assert not np.array_equal(drawn[0], drawn[1])
  draws = drawn[0][:, gaps]
  stats.assert_mean(draws, mean)
  centred = draws - mean
  products = centred[:, :, np.newaxis] * centred[:, np.newaxis]
  stats.assert_mean(products.reshape(len(many), -1), covariance.ravel())


def test_imputed_binary_pixels_have_their_exact_probabilities(seeds):
  """With one binary latent-free decoder each pixel has its own probability."""
  keras.utils.set_random_seed(0)
  decoder = aevb.networks.MLPDecoder((3,), ())
  vae = aevb.VAE(aevb.networks.MLPEncoder(2, (3,)), decoder, missing=True, seed=0)
  decoder.head.kernel.assign(tf.zeros_like(decoder.head.kernel))
  decoder.head.bias.assign([0.3, -1.0, 2.0])
  x = np.repeat(np.float32([[1.0, np.nan, np.nan]]), 2000, 0)
  wanted = scipy.special.expit([-1.0, 2.0])
  found = vae.impute(x[:1], seed=0, num_samples=50)
  np.testing.assert_allclose(found[0, 1:], wanted, rtol=1e-5)
  drawn = vae.impute(x, 2, seed=seeds(0), num_samples=50)[0]
  assert set(np.unique(drawn)) == {0.0, 1.0}
  stats.assert_mean(drawn[:, 1:], wanted)


@pytest.mark.filterwarnings("ignore::aevb_tf.imputation.ImputationWarning")
@pytest.mark.parametrize("method", ["importance", "metropolis_within_gibbs"])
@pytest.mark.parametrize("num_imputations", [1, 3])
def test_what_is_imputed_depends_on_the_seed_and_the_row_alone(method, num_imputations):
  exact, _, x = oracle()
  vae = exact.vae(missing=True, seed=0)
  x = np.concatenate([x, x, x])
  given = {"num_imputations": num_imputations, "method": method, "num_samples": 20}
  rows = (slice(None),) * (num_imputations > 1)
  all_of_them = vae.impute(x, seed=1, **given)
  np.testing.assert_array_equal(vae.impute(x, seed=1, **given), all_of_them)
  assert not np.array_equal(vae.impute(x, seed=2, **given), all_of_them)
  few = vae.impute(x[:7], seed=1, **given)
  np.testing.assert_allclose(few, all_of_them[(*rows, slice(7))], rtol=1e-4, atol=1e-4)


def test_unreliable_imputations_are_warned_of():
  exact, _, x = oracle()
  far = dataclasses.replace(exact, encoder_bias=exact.encoder_bias + 6.0)
  vae = far.vae(missing=True, seed=0)
  with pytest.warns(
    aevb.imputation.ImputationWarning, match="effective sample size"
  ) as caught:
    vae.impute(x, num_samples=20, seed=0)
  assert {warning.filename for warning in caught} == {__file__}
  with pytest.warns(aevb.imputation.ImputationWarning, match="acceptance below"):
    vae.impute(x, method="metropolis_within_gibbs", num_samples=50, seed=0)


def test_imputations_are_not_part_of_a_graph():
  exact, _, x = oracle()
  vae = exact.vae(missing=True)
  with pytest.raises(ValueError, match="impute .* cannot be part of a graph"):
    tf.function(vae.impute, autograph=False)(x)


@pytest.mark.parametrize("method", aevb.imputation.names())
@pytest.mark.parametrize("likelihood", ["multinomial", "one_hot"])
def test_values_that_are_scored_together_are_missing_together(likelihood, method):
  decoder = aevb.networks.MLPDecoder((3,), (4,), likelihood=likelihood)
  vae = aevb.VAE(aevb.networks.MLPEncoder(2, (4,)), decoder, missing=True, seed=0)
  x = np.float32([[0, 1, 0], [np.nan] * 3, [0, np.nan, 1]])
  with pytest.raises(
    ValueError, match="Example 2 has some missing .* mark all of them"
  ):
    vae.impute(x, method=method)
  filled = vae.impute(x[:2], method=method, num_samples=20, seed=0)
  np.testing.assert_array_equal(filled[0], x[0])
  assert not np.isnan(filled).any()


@pytest.mark.parametrize(
  "options, message",
  [
    ({"num_imputations": 0}, "num_imputations=0"),
    ({"method": "gibs"}, "Did you mean gibbs"),
    ({"num_samples": 0}, "num_samples"),
    ({"method": {"name": "gibbs", "burn_in": -1}}, "burn_in=-1"),
  ],
)
def test_impossible_requests_for_imputations_are_refused(options, message):
  exact, _, x = oracle()
  with pytest.raises(ValueError, match=message):
    exact.vae(missing=True).impute(x, **options)
