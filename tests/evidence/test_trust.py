"""Warnings about estimates that are not reliable."""

import dataclasses
import json
import math

import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import evidence
from aevb_tf.evidence import trust
from aevb_tf.evidence.results import PerExample
from tests import stats
from tests.evidence.xla import without_xla
from tests.oracle import LinearGaussian, tiny_vae

IGNORED = pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")


def one_latent(width, stddev=0.7):
  """A model of one latent; q(z|x) is the posterior, `width` times as wide."""
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng, latent_dim=1)
  oracle.stddev = stddev
  covariance = oracle.posterior(np.zeros((1, 5)))[1]
  gain = covariance @ oracle.weights.T / oracle.stddev**2
  return dataclasses.replace(
    oracle,
    encoder_stddev=width * np.sqrt(np.diag(covariance)),
    encoder_weights=gain,
    encoder_bias=-gain @ oracle.bias,
  )


def repeated(oracle, count):
  x = oracle.draw(np.random.default_rng(1), 1)
  return np.repeat(x, count, axis=0)


# Errors of the samples, against the spread of many estimates of one example.


def check_errors(found, exact=None):
  values = found.log_marginal.astype(np.float64)
  errors = found.monte_carlo_error.astype(np.float64)
  count = len(values)
  deviation = (values - values.mean()) ** 2 * count / (count - 1)
  stats.assert_mean(deviation - errors**2, 0.0)
  expected = np.sqrt(np.sum(errors**2)) / count
  np.testing.assert_allclose(found.mean_monte_carlo_error, expected, rtol=1e-9)
  if exact is not None:
    assert abs(values.mean() - exact) < 6 * found.mean_monte_carlo_error


def test_importance_has_the_error_of_its_samples(seeds):
  oracle = one_latent(1.6)
  x = repeated(oracle, 2000)
  found = evidence.estimate(
    oracle.vae(), x, "importance", 400, seed=seeds(), batch_size=2000
  )
  check_errors(found, oracle.log_evidence(x[:1].astype(np.float64))[0])
  assert found.warning is None
  # Of copies of one example, the samples are all that there is to the spread.
  np.testing.assert_allclose(
    found.standard_error, found.mean_monte_carlo_error, rtol=6 / np.sqrt(2 * 2000)
  )


@without_xla()
def test_annealing_has_the_error_of_its_chains(seeds):
  oracle = one_latent(1.6)
  x = repeated(oracle, 1000)
  method = evidence.Annealed(30, num_temperatures=20)
  found = evidence.estimate(oracle.vae(), x, method, seed=seeds(), batch_size=1000)
  check_errors(found)


@without_xla()
def test_app_d_has_the_error_of_its_chains(seeds):
  """Samples of one chain depend on each other: as independent ones they err by less."""
  oracle = one_latent(1.0)
  x = repeated(oracle, 600)
  method = evidence.PosteriorDensity(
    405, num_chains=20, burn_in=60, thinning=1, leapfrog_steps=1, target_acceptance=0.98
  )
  # Chains of slow steps are too short to agree, which R-hat shows.
  with pytest.warns(evidence.EvidenceWarning, match="R-hat above"):
    found = evidence.estimate(oracle.vae(), x, method, seed=seeds(), batch_size=600)
  check_errors(found)
  independent = 1 / found.effective_sample_size - 1 / 405
  assert np.mean(found.monte_carlo_error**2) > 2 * independent.mean()


# Warnings.


def test_a_narrow_encoder_has_the_k_of_its_tail(seeds):
  """w = exp(e^2 (1 - width^2) / 2), e ~ N(0, 1), times a constant: k = 1 - width^2."""
  oracle = one_latent(math.sqrt(0.1))
  x = repeated(oracle, 50)
  with pytest.warns(
    evidence.EvidenceWarning, match=r"Pareto k above 0\.7 for"
  ) as caught:
    found = evidence.estimate(oracle.vae(), x, num_samples=20_000, seed=seeds())
  # From below: exp(e^2) has a slowly varying factor beside its power.
  assert 0.7 < found.pareto_k.mean() < 0.9
  assert str(caught[0].message) == found.warning == found.report()["warning"]
  assert caught[0].filename == __file__
  assert "\n" not in found.warning and "'annealed'" in found.warning
  # As wide as the posterior or wider: weights are bounded.
  wide = evidence.estimate(one_latent(1.5).vae(), x, num_samples=2000, seed=seeds())
  assert wide.warning is None and wide.pareto_k.max() < 0.5


def test_the_model_warns_too():
  oracle = one_latent(0.1)
  with pytest.warns(
    evidence.EvidenceWarning, match="effective sample size of 500 below"
  ):
    oracle.vae().log_marginal(10 * repeated(oracle, 3), num_samples=500, seed=0)


@without_xla()
def test_chains_that_hardly_move_are_a_warning():
  """Steps that suit the prior are far too long for this posterior."""
  oracle = one_latent(1.0, stddev=0.003)
  method = evidence.PosteriorDensity(20, burn_in=1, thinning=1)
  with pytest.warns(
    evidence.EvidenceWarning, match="acceptance of HMC below 0.2 for 3 of"
  ):
    found = evidence.estimate(oracle.vae(), repeated(oracle, 3), method, seed=0)
  assert found.acceptance.mean() < 0.2
  assert "burn_in" in found.warning


@without_xla()
def test_bounds_that_are_not_to_be_trusted_are_a_warning():
  """A single temperature, from the prior to a sharp posterior."""
  sharp, method = one_latent(1.0, stddev=0.05).vae(), evidence.Annealed(16, 1)
  with pytest.warns(evidence.EvidenceWarning, match="^lower: log p.x. by annealed is"):
    bracket = evidence.bidirectional(sharp, 20, method, seed=0)
  good = bracket.lower._replace(warning=None)
  assert bracket._replace(lower=good, upper=good).warning is None
  bad = good._replace(warning="Why.")
  assert bracket._replace(lower=good, upper=bad).warning == "upper: Why."
  assert bracket._replace(lower=bad, upper=bad).warning == "lower: Why. upper: Why."
  single = bracket._replace(x=bracket.x[:1], lower=good, upper=good)
  assert "gap is that of a single example" in single.warning


def result(count=100, **columns):
  columns = {"effective_sample_size": 50.0, "pareto_k": 0.3, **columns}
  columns = {k: np.broadcast_to(v, [count]) for k, v in columns.items()}
  return PerExample(np.zeros(count), **columns)


def of_bad(bad, good, count):
  return np.where(np.arange(100) < count, bad, good)


@pytest.mark.parametrize(
  "column, bad, good, reason",
  [
    ("effective_sample_size", 9.9, 10, "effective sample size of 500 below 10"),
    ("pareto_k", 0.71, 0.7, "Pareto k above 0.7"),
    ("pareto_k", np.inf, np.nan, "Pareto k above 0.7"),
    ("r_hat", 1.06, np.nan, "R-hat above 1.05"),
    ("acceptance", 0.19, 0.2, "acceptance of HMC below 0.2"),
    ("monte_carlo_error", np.nan, 5.0, "Monte Carlo error unknown"),
  ],
)
def test_a_share_of_the_examples_may_be_out_of_bounds(column, bad, good, reason):
  def warning(count):
    columns = {column: of_bad(bad, good, count)}
    return trust.warning(evidence.Importance(), "importance", 500, result(**columns))

  assert warning(0) is None and warning(5) is None
  assert f"{reason} for 6 of 100 examples" in warning(6)


def test_a_warning_names_the_worst_and_what_to_do_next():
  bad = result(effective_sample_size=of_bad(1.13, 80, 30), pareto_k=of_bad(1.4, 0, 7))
  assert trust.warning(evidence.Importance(), "importance", 500, bad) == (
    "log p(x) by importance is not reliable: effective sample size of 500 below 10 "
    "for 30 of 100 examples, smallest 1.1; Pareto k above 0.7 for 7 of 100 examples, "
    "largest 1.4. Use more samples, or the method 'annealed'."
  )


def test_of_few_samples_half_have_to_count():
  method = evidence.Annealed()
  good, bad = (result(effective_sample_size=size) for size in (2.1, 1.9))
  assert trust.warning(method, "annealed", 4, good) is None
  assert "below 2 for 100 of 100" in trust.warning(method, "annealed", 4, bad)


# Reports.


class Plain:
  """Somebody's estimator, which knows of no errors."""

  num_samples = 50

  def __call__(self, model, x, seed, rows, advance):
    return PerExample(tf.zeros([len(x)]), tf.fill([len(x)], 50.0))


def test_an_estimator_need_not_tell_its_errors():
  x = np.zeros((2, 4, 3, 1), np.float32)
  found = evidence.estimate(tiny_vae(), x, Plain())
  assert found.monte_carlo_error is None and np.isnan(found.mean_monte_carlo_error)
  report = found.report()
  for key in ("monte_carlo_error", "pareto_k", "largest_pareto_k", "r_hat", "warning"):
    assert report[key] is None


@IGNORED
@pytest.mark.parametrize("num_samples", [1, 10, 200])
def test_a_report_is_json_and_holds_both_errors(num_samples):
  x = (np.random.default_rng(0).random((7, 4, 3, 1)) > 0.5).astype(np.float32)
  found = evidence.estimate(tiny_vae(), x, num_samples=num_samples)
  report = json.loads(json.dumps(found.report(), allow_nan=False))
  assert report["standard_error"] == found.standard_error
  if num_samples == 1:
    assert report["monte_carlo_error"] is None
  else:
    assert report["monte_carlo_error"] == found.mean_monte_carlo_error > 0
  if num_samples == 200:
    assert report["pareto_k"] == pytest.approx(np.median(found.pareto_k))
    assert report["largest_pareto_k"] == pytest.approx(found.pareto_k.max())
  else:
    assert report["pareto_k"] is None
