"""Each check against a linear-Gaussian model, and models broken so that it must warn."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import aevb_tf as aevb
from aevb_tf import tasks
from aevb_tf.tasks.diagnosis import CHECKS, QUICK, gradients
from aevb_tf.tasks.diagnosis.context import sampled
from tests import stats
from tests.models.test_missing import exact_encoder
from tests.oracle import LinearGaussian, tiny_vae
from tests.tasks import harness

# Standard errors that an estimate may differ from its exact value.
LIMIT = 6


def a_line(**changes):
  """Five numbers, two latents, and an encoder that is not exact."""
  exact = LinearGaussian.random(np.random.default_rng(3))
  return dataclasses.replace(exact, **changes)


def diagnosed(exact, train, test, *checks, vae=None, **options):
  vae = vae or exact.vae(seed=0)
  return vae.diagnose(train, test, checks=checks, seed=1, **options)


def with_posterior(exact):
  """The same model, with the encoder of the posterior, if its latents are independent."""
  _, covariance = exact.posterior(np.zeros((1, 5)))
  gain = covariance @ exact.weights.T / exact.stddev**2
  return dataclasses.replace(
    exact,
    encoder_weights=gain,
    encoder_bias=-gain @ exact.bias,
    encoder_stddev=np.sqrt(np.diag(covariance)),
  )


def near(finding, exact, error=0.0):
  error = np.hypot(finding.standard_error, error)
  assert abs(finding.value - exact) < LIMIT * error, (finding, exact)


@pytest.fixture
def rng():
  """The examples of a test do not depend on the other tests."""
  return np.random.default_rng(7)


# Overfitting.


def test_the_bounds_are_those_of_the_examples(rng):
  exact = a_line()
  x = exact.draw(rng, 2)
  train, test = (np.repeat(row[None], 3000, axis=0) for row in x)
  report = diagnosed(exact, train, test, "overfitting", num_examples=3000)
  bounds = exact.bound(x.astype(np.float64))
  for split, bound in zip(("train", "test"), bounds, strict=True):
    stats.assert_mean(report.arrays[f"elbo_{split}"], bound)
  near(report.finding("elbo, train minus test"), bounds[0] - bounds[1])


def test_equal_splits_do_not_warn(rng):
  exact = a_line()
  x = exact.draw(rng, 1000)
  report = diagnosed(exact, x[:500], x[500:], "overfitting")
  assert not report.warnings and (report.num_train, report.num_test) == (500, 500)


def test_an_overfitted_model_is_found(rng):
  """A plane through three examples, with little noise."""
  x = a_line().draw(rng, 203)
  center = x[:3].mean(axis=0)
  _, lengths, axes = np.linalg.svd(x[:3] - center, full_matrices=False)
  plane = dataclasses.replace(
    a_line(), weights=axes[:2].T * lengths[:2] / np.sqrt(3), bias=center, stddev=0.1
  )
  plane = with_posterior(plane)
  (warning,) = diagnosed(plane, x[:3], x[3:], "overfitting").warnings
  assert warning.value > 10 and "early_stopping" in warning.advice


# Collapse, and the aggregate posterior.


def test_active_latents_are_those_whose_mean_varies(rng):
  exact = a_line()
  x = exact.draw(rng, 400)
  report = diagnosed(exact, x, x, "collapse")
  mean, stddev = exact.encoded(x)
  np.testing.assert_allclose(report.arrays["mean_variance"], mean.var(0), 1e-4)
  kl = 0.5 * (mean**2 + stddev**2 - 1 - 2 * np.log(stddev))
  np.testing.assert_allclose(report.arrays["kl_per_latent"], kl.mean(0), 1e-4)
  assert report.finding("active latents").value == 2 and not report.warnings


def collapsed():
  exact = a_line()
  weights, bias, stddev = (
    np.array(v)
    for v in (exact.encoder_weights, exact.encoder_bias, exact.encoder_stddev)
  )
  weights[1], bias[1], stddev[1] = 0, 0, 1
  return dataclasses.replace(
    exact, encoder_weights=weights, encoder_bias=bias, encoder_stddev=stddev
  )


def test_a_collapsed_latent_is_found(rng):
  exact = collapsed()
  x = exact.draw(rng, 100)
  (warning,) = diagnosed(exact, x, x, "collapse").warnings
  assert warning.value == 1 and "counted from 0: 1." in warning.detail


def aggregate_of(exact):
  """The exact I(x; z), and mean and covariance of q(z), for x of the model."""
  covariance = exact.weights @ exact.weights.T + exact.stddev**2 * np.eye(5)
  a = exact.encoder_weights
  within = np.diag(exact.encoder_stddev**2)
  whole = a @ covariance @ a.T + within
  information = 0.5 * (np.linalg.slogdet(whole)[1] - np.linalg.slogdet(within)[1])
  return information, a @ exact.bias + exact.encoder_bias, whole


def kl_of_gaussians(mean, covariance):
  log_det = np.linalg.slogdet(covariance)[1]
  return 0.5 * (np.trace(covariance) + mean @ mean - len(mean) - log_det)


def test_information_and_holes_are_those_of_the_line(rng):
  exact = a_line()
  x = exact.draw(rng, 1000)
  report = diagnosed(exact, x, x, "aggregate")
  information, mean, covariance = aggregate_of(exact)
  found = report.finding("I(x; z), at least")
  assert 0.3 < information < 3
  near(found, information)
  upper = float(found.detail.split("at most ")[1].split(";")[0])
  assert abs(upper - information) < LIMIT * found.standard_error + 0.01
  kl = report.finding("KL of aggregate posterior to prior, at least")
  near(kl, kl_of_gaussians(mean, covariance))


def test_a_lower_bound_on_information_stays_one_with_few_examples(rng):
  exact = dataclasses.replace(a_line(), encoder_stddev=np.array([0.01, 0.01]))
  report = diagnosed(exact, exact.draw(rng, 30), exact.draw(rng, 30), "aggregate")
  found = report.finding("I(x; z), at least")
  assert found.value <= np.log(30) + 1e-6 < aggregate_of(exact)[0]


def test_an_exact_encoder_has_no_holes(rng):
  exact = exact_encoder(a_line())
  information, mean, covariance = aggregate_of(exact)
  np.testing.assert_allclose(kl_of_gaussians(mean, covariance), 0, atol=1e-9)
  x = exact.draw(rng, 1000)
  report = diagnosed(exact, x, x, "aggregate")
  near(report.finding("KL of aggregate posterior to prior, at least"), 0, 0.003)
  near(report.finding("I(x; z), at least"), information)
  assert not report.warnings


def test_holes_are_found_for_any_prior(rng):
  exact = exact_encoder(a_line())
  exact = dataclasses.replace(exact, encoder_bias=exact.encoder_bias + 2)
  x = exact.draw(rng, 1000)
  wanted = kl_of_gaussians(*aggregate_of(exact)[1:])
  # A mixture of equal components at 0 is the standard normal, without its closed forms.
  prior = {"name": "mixture", "num_components": 2}
  mixture = exact.vae(seed=0, prior=prior, bound=aevb.bounds.SGVB("A"))
  for variable in mixture.prior.trainable_variables:
    variable.assign(tf.zeros_like(variable))
  for vae in (exact.vae(seed=0), mixture):
    (warning,) = diagnosed(exact, x, x, "aggregate", vae=vae).warnings
    assert "fit_prior" in warning.advice
    near(warning, wanted, 0.01)


def test_a_model_that_ignores_x_has_no_information(rng):
  exact = collapsed()
  exact = dataclasses.replace(exact, encoder_weights=0 * exact.encoder_weights)
  x = exact.draw(rng, 300)
  report = diagnosed(exact, x, x, "aggregate")
  assert report.finding("I(x; z), at least").verdict == "warn"


# Calibration.


def exact_coverage(true, model, level):
  """The coverage of intervals of p(x_d|z) for x of another model, mean over d."""
  covariance = true.weights @ true.weights.T + true.stddev**2 * np.eye(5)
  left = np.eye(5) - model.weights @ model.encoder_weights
  noise = model.weights @ np.diag(model.encoder_stddev**2) @ model.weights.T
  variance = np.diag(left @ covariance @ left.T + noise)
  half = np.sqrt(2) * scipy.special.erfinv(level) * model.stddev
  return np.mean(scipy.special.erf(half / np.sqrt(2 * variance)))


@pytest.mark.parametrize(
  "factor, words", [(1.0, ""), (0.5, "wider than the data"), (2.0, "narrower than")]
)
def test_coverage_is_exact_and_a_wrong_noise_is_found(rng, factor, words):
  model = exact_encoder(a_line())
  true = dataclasses.replace(model, stddev=factor * model.stddev)
  x = true.draw(rng, 1000)
  report = diagnosed(model, x, x, "calibration", "coverage")
  wanted = exact_coverage(true, model, 0.9)
  assert (abs(wanted - 0.9) < 1e-9) == (factor == 1)
  near(report.finding("coverage of 90% intervals"), wanted)
  levels, found = (report.arrays[n] for n in ("coverage_levels", "coverage"))
  np.testing.assert_allclose(levels, [0.1, 0.3, 0.5, 0.7, 0.9], atol=0.03)
  assert np.all(np.abs(found - [exact_coverage(true, model, v) for v in levels]) < 0.05)
  if factor == 1:
    near(report.finding("replicates less likely than x"), 0.5)
    assert not report.warnings
  else:
    assert [w.check for w in report.warnings] == ["calibration", "coverage"]
    assert all(words in w.advice for w in report.warnings)


def test_intervals_of_binary_values_hold_what_is_likely(seeds):
  """Pixels of known probability: the 90% interval of 0.97 is {1}, that of 0.5 both."""
  vae = harness.small_vae()
  probs = np.tile([0.97, 0.5, 0.02], 4)
  vae.decoder.head.kernel.assign(0 * vae.decoder.head.kernel)
  vae.decoder.head.bias.assign(np.log(probs / (1 - probs)))
  x = np.random.default_rng(seeds()).random((1000, 4, 3, 1)) < probs.reshape(4, 3, 1)
  x = np.float32(x)
  report = vae.diagnose(x, x, checks=["calibration", "coverage"], seed=seeds(1))
  near(report.finding("coverage of 90% intervals"), (0.97 + 1 + 0.98) / 3)
  near(report.finding("replicates less likely than x"), 0.5)
  assert not report.warnings
  # Each pixel the other way round.
  wrong = vae.diagnose(1 - x, 1 - x, checks=["coverage"], seed=0)
  assert wrong.warnings[0].value < 0.5


# Noise of the gradient.


def test_the_share_and_the_scale_are_unbiased(seeds):
  """Gradients G + e_k + noise, of known variances."""
  rng = np.random.default_rng(seeds())
  mean, dim, size = np.array([3.0, 1.0, -2.0, 1.0]), 4, 10
  found = []
  for _ in range(400):
    of_batch = mean + 0.5 * rng.normal(size=(16, dim))
    a, b = (of_batch + 0.8 * rng.normal(size=(16, dim)) for _ in range(2))
    distances = np.sum((a - b) ** 2, axis=1) / 2
    found.append(gradients.jackknife(a @ b.T, distances, size)[0])
  of_z, of_examples = dim * 0.64, dim * 0.25
  share = of_z / (of_z + of_examples)
  scale = size * (of_z + of_examples) / (mean @ mean)
  # Ratios of means over 16 minibatches: their bias is of order 1/16 of their variance.
  np.testing.assert_allclose(np.mean(found, axis=0), [share, scale], rtol=0.03)


def test_noise_is_of_z_or_of_the_examples(rng):
  exact = a_line()
  x = exact.draw(rng, 320)
  name = "share of gradient variance due to z"
  # The same minibatch every time: what differs is z.
  same = diagnosed(exact, np.tile(x[:1], (320, 1)), x, "gradients")
  assert same.finding(name).value > 0.9 and same.warnings
  # z without noise: what differs are the examples.
  sharp = dataclasses.replace(exact, encoder_stddev=np.full(2, 1e-3))
  assert diagnosed(sharp, x, x, "gradients").finding(name).value < 0.01
  scale = diagnosed(exact, x, x, "gradients").finding("gradient noise scale")
  assert np.isfinite(scale.value) and scale.verdict == "ok"


# Gaps, and estimates of log p(x).


def best_factorized(exact, x):
  """The largest bound over q of independent latents; see `test_scores`."""
  _, covariance = exact.posterior(x)
  variance = 1.0 / np.diag(np.linalg.inv(covariance))
  kl = 0.5 * (np.linalg.slogdet(covariance)[1] - np.log(variance).sum())
  return exact.log_evidence(x) - kl


def test_gaps_are_exact_for_a_wrong_encoder(rng):
  exact = a_line()
  x = exact.draw(rng, 1)
  report = diagnosed(exact, exact.draw(rng, 50), np.repeat(x, 40, 0), "gaps")
  best = best_factorized(exact, x.astype(np.float64))[0]
  amortization = best - exact.bound(x.astype(np.float64))[0]
  approximation = exact.log_evidence(x.astype(np.float64))[0] - best
  assert amortization > 0.3 and approximation > 0.05
  # What is left of the optimization's own noise is below 0.02 nats.
  near(report.finding("amortization gap"), amortization, 0.005)
  near(report.finding("approximation gap"), approximation, 0.005)
  assert "encoder" in report.finding("amortization gap").advice


def test_a_full_gaussian_has_no_approximation_gap(rng):
  exact = a_line()
  # q(z|x) starts at N(0, I), from where the optimization finds the posterior.
  options = {"posterior": "full_gaussian", "kernel_initializer": "zeros"}
  encoder = aevb.networks.MLPEncoder(2, (), **options)
  decoder = exact.vae(seed=0).decoder
  vae = aevb.VAE(encoder, decoder, seed=0)
  x = exact.draw(rng, 40)
  report = diagnosed(exact, x, np.repeat(x[:1], 40, 0), "gaps", vae=vae)
  near(report.finding("approximation gap"), 0, 0.01)
  assert report.finding("amortization gap").verdict == "warn"


def test_an_exact_encoder_has_no_gaps_and_reliable_estimates(rng):
  exact = exact_encoder(a_line())
  x = exact.draw(rng, 32)
  report = diagnosed(exact, x, x, "gaps")
  assert not report.warnings
  for name in ("amortization gap", "approximation gap"):
    near(report.finding(name), 0, 0.005)
  wanted = exact.log_evidence(x.astype(np.float64)).mean()
  for method in ("importance", "annealed"):
    found = report.finding(f"log p(x) by {method}")
    np.testing.assert_allclose(found.value, wanted, atol=1e-2)


def test_estimates_that_are_not_reliable_say_so(rng):
  exact = dataclasses.replace(a_line(), encoder_stddev=np.full(2, 0.02))
  x = exact.draw(rng, 32)
  report = diagnosed(exact, x, x, "gaps")
  found = report.finding("log p(x) by importance")
  assert found.verdict == "warn" and "not reliable" in found.advice


# Models and data of all kinds.


def test_checks_that_do_not_apply_are_refused():
  vae = harness.small_vae(condition=3)
  c = np.arange(60) % 3
  report = vae.diagnose(
    harness.X, harness.X, condition_train=c, condition_test=c, seed=0
  )
  assert set(report.refused) == {"aggregate", "calibration", "coverage"}
  assert "condition" in report.refused["aggregate"]
  assert "grey levels" in report.refused["coverage"]
  assert {f.check for f in report.findings} == {
    "overfitting", "collapse", "gradients", "evidence", "gaps"
  }  # fmt: skip
  few = vae.diagnose(
    [(harness.X[:9], c[:9])], [(harness.X, c)], checks=["gradients"], seed=0
  )
  assert "32 training examples" in few.refused["gradients"]


@pytest.mark.parametrize("cls", [aevb.WakeSleep, aevb.FullVB])
def test_every_model_with_an_encoder_is_diagnosed(cls):
  keras.utils.set_random_seed(0)
  encoder, decoder = (
    aevb.networks.MLPEncoder(2, (5,)),
    aevb.networks.MLPDecoder((4, 3, 1), (5,)),
  )
  model = cls(encoder, decoder, dataset_size=60, seed=0)
  x = np.float32(harness.X > 0.5)
  report = model.diagnose(x, x, checks=CHECKS[:6], seed=0)
  assert not report.refused
  assert all(np.isfinite(f.value) for f in report.findings if "scale" not in f.name)


def test_a_flow_and_missing_values():
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, (5,), posterior="iaf"),
    aevb.networks.MLPDecoder((4, 3, 1), (5,)),
    bound=aevb.bounds.SGVB("A"),
    missing=True,
    seed=0,
  )
  x = np.float32(harness.X > 0.5)
  x[::2, 0] = np.nan
  report = vae.diagnose(x, x, checks=QUICK, seed=0)
  assert not report.refused
  assert "kl_per_latent" not in report.arrays


def test_grey_levels_of_a_continuous_bernoulli_are_values_that_it_draws():
  vae = tiny_vae("continuous_bernoulli")
  report = vae.diagnose(harness.X, harness.X, checks=CHECKS[3:5], seed=0)
  assert not report.refused and len(report.findings) == 2


class WithoutQuantile(aevb.likelihoods.Likelihood):
  """Counts whose distribution has no inverse CDF in TFP."""

  def distribution(self, params):
    return self.independent(tfd.Poisson(log_rate=params))


def test_a_likelihood_without_an_inverse_cdf_is_refused():
  vae = tiny_vae(WithoutQuantile())
  x = np.round(4 * harness.X)
  report = vae.diagnose(x, x, checks=["collapse", *CHECKS[3:5]], seed=0)
  assert set(report.refused) == {"calibration", "coverage"} and report.findings
  assert "WithoutQuantile must define `quantile" in report.refused["coverage"]


def test_examples_in_memory_are_sampled_from_all_classes():
  x = np.repeat(np.float32([0, 1]), 30)[:, None, None, None] * np.ones((4, 3, 1))
  source = aevb.data.ArrayDataset(x.astype(np.float32), batch_size=7)
  seed = tf.constant([3, 4])
  found = sampled(tiny_vae(), source, None, 20, seed, "x_test").x[:, 0, 0, 0]
  assert len(found) == 20 and 4 < found.sum() < 16
  again = sampled(tiny_vae(), source, None, 20, seed, "x_test").x[:, 0, 0, 0]
  np.testing.assert_array_equal(again, found)


def test_missing_values_have_exact_coverage(rng):
  # The missing value says nothing about z, so the encoder has the exact posterior of the
  # others.
  line = a_line()
  model = exact_encoder(a_line(weights=line.weights * np.arange(5)[:, None].clip(0, 1)))
  hidden = model.draw(rng, 1000)
  hidden[:, 0] = np.nan
  vae = model.vae(seed=0, missing={"fill_value": model.bias})
  report = vae.diagnose(hidden, hidden, checks=["coverage"], seed=1)
  near(report.finding("coverage of 90% intervals"), 0.9)
  assert not report.refused


def test_a_table_is_diagnosed():
  rows = {"a": [1.5, 2.5, 0.25, 1.0] * 15, "b": ["x", "y", "z", "z"] * 15}
  table = aevb.data.table(rows)
  vae = aevb.VAE.for_table(table, latent_dim=2, hidden_units=(3,), seed=0)
  report = vae.diagnose(table, table, checks=QUICK, num_examples=40, seed=0)
  assert not report.refused and report.num_train == 40
  with pytest.raises(TypeError, match="schema.encode"):
    vae.diagnose(table.schema.to_frame(table.x), table)


def test_the_findings_of_a_check_depend_on_the_seed_alone(rng):
  exact = a_line()
  vae, x = exact.vae(seed=0), exact.draw(rng, 80)
  whole = diagnosed(exact, x, x, *QUICK, vae=vae, num_examples=50)
  again = diagnosed(exact, x, x, "coverage", "collapse", vae=vae, num_examples=50)
  assert [f for f in whole.findings if f.check in ("collapse", "coverage")] == list(
    again.findings
  )
  parts = diagnosed(exact, x, x, *QUICK, vae=vae, num_examples=50, batch_size=7)
  for one, other in zip(whole.findings, parts.findings, strict=True):
    np.testing.assert_allclose(one.value, other.value, rtol=1e-3, atol=1e-3)


def test_impossible_requests_are_refused(rng):
  exact = a_line()
  vae, x = exact.vae(seed=0), exact.draw(rng, 5)
  em = aevb.MonteCarloEM(vae.decoder, 2)
  for call, match in [
    (lambda: tasks.diagnose(em, x, x), "has no encoder"),
    (lambda: vae.diagnose(x, x, checks=["colapse"]), "'colapse' must be one of"),
    (lambda: vae.diagnose(x[:1], x), "x_train has 1 examples"),
    (lambda: vae.diagnose(x, x[:, :2]), "shape"),
    (lambda: vae.diagnose(x, x, num_examples=0), "num_examples"),
    (lambda: vae.diagnose(x, x, condition_test=1), "no condition"),
  ]:
    with pytest.raises(ValueError, match=match):
      call()


# The report.


@pytest.fixture(scope="module")
def report():
  exact = collapsed()
  x = exact.draw(np.random.default_rng(7), 60)
  return exact.vae(seed=0).diagnose(x, x, seed=0, num_refined=4)


def test_a_report_is_text_and_json(report):
  text = str(report)
  assert max(map(len, text.splitlines())) <= 100
  for f in report.findings:
    assert f.name in text and (f.advice == "") == (f.verdict == "ok")
    assert " ".join(f.advice.split()) in " ".join(text.split())
  values = json.loads(report.to_json())
  assert values["findings"][0]["name"] == report.findings[0].name
  assert set(values["arrays"]) == set(report.arrays)
  assert {f.check for f in report.findings} == set(CHECKS) | {"evidence"}
  lines = " ".join(report.lines())
  assert all(w.name in lines for w in report.warnings) and report.warnings
  with pytest.raises(KeyError, match="active latents"):
    report.finding("active units")


def test_a_report_without_warnings_says_so():
  empty = tasks.diagnosis.Diagnosis((), {}, 2, 2)
  assert empty.lines() == ["No check found a problem."]


def test_a_report_is_saved(report, tmp_path):
  report.save(tmp_path / "new")
  files = {path.name for path in (tmp_path / "new").iterdir()}
  assert files == {"diagnosis.txt", "diagnosis.json", "diagnosis.png"}
  assert (tmp_path / "new" / "diagnosis.txt").read_text() == f"{report}\n"
  saved = json.loads((tmp_path / "new" / "diagnosis.json").read_text())
  assert saved == report.to_dict()


def test_a_report_is_shown_by_tensorboard(report, tmp_path):
  report.to_tensorboard(tmp_path, step=3)
  (path,) = tmp_path.glob("events.out.tfevents.*")
  found = {}
  for event in tf.compat.v1.train.summary_iterator(str(path)):
    for value in event.summary.value:
      found[value.tag] = event.step, tf.make_ndarray(value.tensor)
  step, scalar = found["diagnosis/collapse/active_latents"]
  assert (step, scalar) == (3, 1)
  assert "active latents" in found["diagnosis"][1].item().decode()
  assert len(found) == len(report.findings) + 1
