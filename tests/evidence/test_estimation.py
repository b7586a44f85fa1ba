import dataclasses

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from aevb_tf import evidence
from tests.evidence.xla import without_xla
from tests.oracle import LinearGaussian, tiny_vae

# Few samples: what is tested is the mean of many estimates, or that they agree.
pytestmark = pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")


@pytest.fixture(scope="module")
def images():
  rng = np.random.default_rng(0)
  return tiny_vae(), (rng.random((7, 4, 3, 1)) > 0.5).astype(np.float32)


@without_xla()
def test_a_warning_names_the_line_that_asked_for_the_estimate():
  rng = np.random.default_rng(0)
  exact = LinearGaussian.random(rng)
  far = dataclasses.replace(exact, encoder_bias=exact.encoder_bias + 6.0)
  vae, x = far.vae(seed=0), exact.draw(rng, 4)
  for estimate in (
    lambda: evidence.estimate(vae, x, num_samples=20, seed=0),
    lambda: vae.log_marginal(x, num_samples=20, seed=0),
  ):
    with pytest.warns(evidence.EvidenceWarning) as caught:
      estimate()
    assert [warning.filename for warning in caught] == [__file__]


@without_xla()
def test_sources_of_data_are_alike(images):
  vae, x = images
  expected = evidence.estimate(vae, x, num_samples=10).log_marginal
  uneven = [x[:2], x[2:3], x[3:]]
  labelled = aevb.data.ArrayDataset(x, np.zeros(7, np.int32), batch_size=3)
  for source in (uneven, labelled, labelled.to_tf_data(), np.asarray(x, np.float64)):
    ours = evidence.estimate(vae, source, num_samples=10, batch_size=4).log_marginal
    np.testing.assert_allclose(ours, expected, rtol=2e-6)
  first = evidence.estimate(vae, uneven, num_samples=10, max_examples=4).log_marginal
  np.testing.assert_allclose(first, expected[:4], rtol=2e-6)


@pytest.mark.parametrize(
  "method", ["importance", {"name": "annealed", "num_temperatures": 3}]
)
@without_xla()
def test_progress_adds_up_to_the_data(images, method):
  vae, x = images
  done = []
  evidence.estimate(vae, x, method, 3, batch_size=2, progress=done.append)
  np.testing.assert_allclose(sum(done), 7)
  assert min(done) > 0


def test_the_report_is_of_the_estimates(images):
  vae, x = images
  result = evidence.estimate(vae, x, num_samples=10)
  report = result.report()
  values = result.log_marginal.astype(np.float64)
  assert report["log_marginal"] == values.mean()
  np.testing.assert_allclose(report["standard_error"], values.std(ddof=1) / np.sqrt(7))
  assert report["num_examples"] == 7 and report["num_samples"] == 10
  assert report["method"] == "importance"
  sizes = result.effective_sample_size
  assert 1 <= report["smallest_effective_sample_size"] == sizes.min() <= 10
  assert (
    evidence.estimate(vae, x[:1], num_samples=10).report()["standard_error"] is None
  )


@pytest.mark.parametrize(
  "options, message",
  [
    ({"method": "importanc"}, "Did you mean importance"),
    ({"num_samples": 0}, "num_samples=0 must be a positive integer"),
    ({"num_samples": 2.5}, "num_samples=2.5"),
    ({"method": {"name": "importance", "chunk_size": 0}}, "chunk_size=0"),
    ({"method": evidence.Importance(3), "num_samples": 4}, "its own number"),
    ({"method": {"name": "annealed", "start": "here"}}, "start='here'"),
    ({"method": {"name": "annealed", "target_acceptance": 1}}, "target_acceptance=1"),
    (
      {"method": {"name": "posterior_density", "density": "kernel"}},
      "density='kernel'",
    ),
    ({"batch_size": -1}, "batch_size=-1"),
    ({"max_examples": 0}, "max_examples=0"),
  ],
)
def test_invalid_arguments_are_refused(images, options, message):
  with pytest.raises(ValueError, match=message):
    evidence.estimate(*images, **options)


def test_data_that_do_not_fit_are_refused(images):
  vae, x = images
  with pytest.raises(ValueError, match=r"shape \(3, 4, 1\), but .* \(4, 3, 1\)"):
    vae.log_marginal(x.transpose(0, 2, 1, 3))
  with pytest.raises(ValueError, match="Bernoulli likelihood needs"):
    vae.log_marginal(x * 2)
  with pytest.raises(ValueError, match="x is empty"):
    evidence.estimate(vae, [])
  layers = [keras.layers.Dense(12), keras.layers.Reshape((4, 3, 1))]
  unbuilt = aevb.VAE(
    aevb.networks.MLPEncoder(2), keras.Sequential(layers), likelihood="bernoulli"
  )
  with pytest.raises(ValueError, match="model is not built yet"):
    evidence.estimate(unbuilt, x)


def test_a_broken_model_is_named(images):
  _, x = images
  vae = tiny_vae()
  weights = vae.decoder.get_weights()
  weights[0][0, 0] = np.nan
  vae.decoder.set_weights(weights)
  with pytest.raises(FloatingPointError, match="example 0 .of 7 in all. is NaN"):
    vae.log_marginal(x, num_samples=2)
