"""What a user's program looks like has no error, and the types that it relies on."""

from typing import assert_type

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import aevb_tf as aevb
from aevb_tf import export, likelihoods, posteriors
from aevb_tf.types import TensorLike


def ten_lines(x: np.ndarray, z: np.ndarray) -> None:
  """README's API in ten lines."""
  train, test = aevb.data.load("digits"), aevb.data.load("digits", split="test")
  encoder = aevb.networks.MLPEncoder(latent_dim=20, hidden_units=(500,))
  decoder = aevb.networks.MLPDecoder(event_shape=(28, 28, 1), hidden_units=(500,))
  vae = aevb.VAE(encoder, decoder, bound=aevb.bounds.SGVB("B", num_samples=1))
  vae.compile(optimizer="adam")
  vae.fit(train, validation_data=test, epochs=10)
  assert_type(vae.evaluate(test, return_dict=True), dict[str, float])
  assert_type(vae.evaluate(x), list[float])
  vae.save("digits.keras")
  vae.encode(x), vae.decode(z), vae.sample(16, seed=1), vae.elbo(x, seed=(0, 1))
  vae.reconstruct(x), vae.predict(test)
  vae.log_marginal(x, method={"name": "annealed", "num_temperatures": 500})


def parts_by_name_options_and_object() -> None:
  """Every family takes all three, and gives its own kind."""
  aevb.networks.MLPDecoder((3,), likelihood="gaussian")
  aevb.networks.MLPDecoder((3,), likelihood={"name": "gaussian", "unit_mean": True})
  decoder = aevb.networks.MLPDecoder((3,), likelihood=likelihoods.Gaussian())
  encoder = aevb.networks.MLPEncoder(2, posterior=posteriors.get("iaf"))
  aevb.FullVB(encoder, decoder, prior="mixture", bound="sgvb", dataset_size=100)
  aevb.MonteCarloEM(decoder, latent_dim=2, prior={"name": "mixture"})
  aevb.WakeSleep(encoder, decoder, prior=aevb.priors.Mixture(10))
  assert_type(likelihoods.get("bernoulli"), likelihoods.Likelihood)
  assert_type(aevb.bounds.get({"name": "sgvb"}), aevb.bounds.Bound)
  assert_type(aevb.distributions.get("normal"), aevb.distributions.Distribution)
  assert_type(aevb.evidence.get("importance"), aevb.evidence.Estimator)


class Poisson(likelihoods.Likelihood):
  """A likelihood of one's own overrides what it needs."""

  support = "counts"

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    return self.independent(tfd.Poisson(log_rate=params))


class Model:
  """A model of one's own, without a base class, whose evidence can be estimated."""

  built = True
  event_shape: tuple[int, ...] = (3,)
  latent_dim = 2
  prior: aevb.priors.Prior = aevb.priors.StandardNormal()
  likelihood_family: likelihoods.Likelihood = Poisson()

  def decode(self, z: TensorLike, training: bool = False) -> tfd.Distribution:
    return self.likelihood_family.distribution(tf.zeros([len(np.shape(z)), 3]))


def evidence_and_export(vae: aevb.VAE, x: np.ndarray) -> None:
  """Both take a model by what it has."""
  estimate = aevb.evidence.estimate(vae, x, "importance", num_samples=5000, seed=0)
  assert_type(estimate.mean, float)
  aevb.evidence.estimate(Model(), x, aevb.evidence.Annealed(start="prior"))
  export.saved_model(vae, "out/saved_model")
  export.tflite(vae, "out/digits.tflite", quantize="int8", representative_data=x)
  export.web(vae, "out/page", data=x)
