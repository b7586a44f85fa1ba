"""Measures: the bound of each example in order, means and errors over the data."""

import numpy as np
import pytest

from aevb_tf import evidence
from experiments import datasets, measures, methods, settings
from tests import stats


@pytest.fixture(scope="module")
def data():
  return datasets.load(settings.digits().config)


@pytest.fixture(scope="module")
def vae(data):
  model = methods.model("aevb", settings.digits().config, data.train)
  model.fit(data.train, epochs=3, verbose=0)
  return model


def test_bound_is_that_of_the_model(vae, data):
  """Another noise, the same bound; and not its log-likelihood."""
  found = measures.per_example(vae, data.test)
  assert found.shape == (data.test.num_examples,)
  x = measures.first(data.test, data.test.num_examples)
  stats.assert_mean(found - vae.elbo(x, seed=1).numpy(), 0.0)
  with pytest.raises(AssertionError, match="standard errors"):
    log_likelihood = measures.per_example(vae, data.test, "log_likelihood")
    stats.assert_mean(log_likelihood - vae.elbo(x, seed=1).numpy(), 0.0)


def test_each_example_has_its_own_bound(vae, data, monkeypatch):
  """However the data are cut into batches."""
  whole = measures.per_example(vae, data.test)
  monkeypatch.setattr(measures, "BATCH", 300)
  np.testing.assert_allclose(measures.per_example(vae, data.test), whole, rtol=1e-5)


def test_columns_are_means_and_standard_errors(vae, data):
  columns = measures.bound(vae, data)
  test = measures.per_example(vae, data.test).astype(np.float64)
  assert columns["test"] == pytest.approx(test.mean(), rel=1e-9)
  error = test.std(ddof=1) / np.sqrt(len(test))
  assert columns["test_error"] == pytest.approx(error, rel=1e-6)


def test_evidence_is_of_the_first_data(vae, data, monkeypatch):
  """Each as App. D says, 50 samples and 4 leapfrog steps; means and errors of them."""
  requested = []

  def estimate(model, x, method, seed, batch_size):
    requested.append((x, method))
    values = np.arange(len(x), dtype=np.float32)
    return evidence.Estimate("posterior_density", 50, values, values, values / 20)

  monkeypatch.setattr(evidence, "estimate", estimate)
  columns = measures.log_marginal(vae, data, examples=20)
  for (x, method), part in zip(requested, (data.measured, data.test), strict=True):
    np.testing.assert_array_equal(x, np.float32(part.x[:20]) / 255)
    assert (method.num_samples, method.leapfrog_steps) == (50, 4)
    assert (method.start, method.candidates) == ("prior", 100_000)
  assert columns["test"] == 9.5
  assert columns["test_values"] == list(range(20))
  assert columns["effective_sample_size"] == 9.5
  assert columns["acceptance"] == pytest.approx(9.5 / 20)
  assert columns["test_error"] == pytest.approx(np.arange(20).std(ddof=1) / 20**0.5)
