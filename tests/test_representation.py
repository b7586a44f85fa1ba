"""The `repr` of parts says in one line what they are, and holds what makes them again."""

import keras
import numpy as np
import pytest

import aevb_tf as aevb

# What a `repr` names.
_NAMES = {**vars(aevb.bounds), **vars(aevb.networks), "VAE": aevb.VAE}


def _networks():
  encoder = aevb.networks.MLPEncoder(latent_dim=2, hidden_units=(3,))
  decoder = aevb.networks.MLPDecoder((4, 4, 1), hidden_units=(3,), activation="relu")
  return encoder, decoder


@pytest.mark.parametrize(
  ("part", "text"),
  [
    (aevb.bounds.SGVB(), "SGVB()"),
    (aevb.bounds.SGVB("A", 5), "SGVB(estimator='A', num_samples=5)"),
    (
      aevb.bounds.ImportanceWeighted(num_importance_samples=50),
      "ImportanceWeighted(num_importance_samples=50)",
    ),
    (
      aevb.bounds.SGVB(kl_weight={"name": "warm_up", "num_steps": 9}),
      "SGVB(kl_weight=WarmUp(num_steps=9))",
    ),
    (aevb.likelihoods.get("bernoulli"), "Bernoulli()"),
    (
      aevb.likelihoods.get({"name": "gaussian", "unit_mean": True}),
      "Gaussian(unit_mean=True)",
    ),
    (aevb.posteriors.get("laplace"), "Independent(family='laplace')"),
    (aevb.priors.get("standard_normal"), "StandardNormal()"),
    (aevb.distributions.get("gamma"), "Gamma()"),
  ],
)
def test_a_part_shows_the_options_that_are_not_defaults(part, text):
  assert repr(part) == text


def test_networks_and_models_show_their_parts():
  encoder, decoder = _networks()
  assert repr(encoder) == "MLPEncoder(latent_dim=2, hidden_units=(3,))"
  vae = aevb.VAE(encoder, decoder, bound=aevb.bounds.ImportanceWeighted(7), seed=1)
  assert repr(vae) == (
    f"VAE(encoder={encoder!r}, decoder={decoder!r}, prior=StandardNormal(),"
    " bound=ImportanceWeighted(num_importance_samples=7), seed=1)"
  )


def test_a_repr_makes_the_same_part_again():
  encoder, decoder = _networks()
  for part in (encoder, decoder, aevb.bounds.CIWAE(beta=0.3)):
    again = eval(repr(part), _NAMES)  # noqa: S307, of our own text
    assert repr(again) == repr(part)
    assert _options(again) == _options(part)


def _options(part):
  config = part.get_config()
  config.pop("name", None)
  return {k: v for k, v in config.items() if not isinstance(v, dict)}


def test_networks_of_the_user_s_own_are_named():
  class Own(keras.Model):
    def __init__(self, function):
      super().__init__()
      self.function = function

    def call(self, x):
      return self.function(x)

  sequential = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])
  _, decoder = _networks()
  vae = aevb.VAE(sequential, decoder, posterior="gaussian")
  assert repr(vae).startswith("VAE(encoder=Sequential(...), ")
  # Keras cannot save it, and there is a repr all the same.
  vae = aevb.VAE(
    Own(lambda x: keras.ops.reshape(x, (-1, 16))[:, :4]), decoder, posterior="gaussian"
  )
  assert repr(vae) == "VAE(...)"


@pytest.mark.parametrize(
  "base",
  [
    aevb.networks.Encoder,
    aevb.networks.MLPDecoder,
    aevb.VAE,
    aevb.MonteCarloEM,
    aevb.bounds.SGVB,
    aevb.priors.Prior,
  ],
)
def test_a_part_whose_constructor_has_not_ended_has_a_repr(base):
  class Half(base):
    pass

  assert repr(Half.__new__(Half)) in ("Half(...)", "Half()")


def test_data_show_their_number_and_shape():
  data = aevb.data.ArrayDataset(np.zeros((30, 4, 4, 1), np.uint8), batch_size=7)
  assert repr(data) == (
    "ArrayDataset(30 examples of shape (4, 4, 1), float32, in batches of 7)"
  )
  data = aevb.data.load("digits", binarization="stochastic")
  assert repr(data) == (
    "ArrayDataset(4000 examples of shape (28, 28, 1), float32, in batches of 100,"
    " stochastic binarization)"
  )
