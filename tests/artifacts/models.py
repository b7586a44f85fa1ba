"""The small models that are kept, one of every class and several compositions."""

from collections.abc import Callable

import keras
import numpy as np

import aevb_tf as aevb

SHAPE = (4, 3, 1)
LATENTS = 2


def examples(kind: str = "binary", num: int = 8, shape: tuple[int, ...] = SHAPE):
  """Examples that depend on nothing but these arguments, float32 `[num, *shape]`."""
  waves = np.sin(np.arange(num * np.prod(shape)) ** 1.5).reshape(num, *shape)
  if kind == "binary":
    return (waves > 0).astype(np.float32)
  grey = 0.5 + 0.5 * waves
  return (np.round(255 * grey) / 255 if kind == "levels" else grey).astype(np.float32)


def _networks(likelihood="bernoulli", posterior="gaussian", shape=SHAPE, conv=False):
  nets = aevb.networks
  if conv:
    return (
      nets.ConvEncoder(LATENTS, (2, 3), posterior=posterior),
      nets.ConvDecoder(shape, (3, 2), likelihood=likelihood),
    )
  return (
    nets.MLPEncoder(LATENTS, (8,), posterior=posterior),
    nets.MLPDecoder(shape, (8,), likelihood=likelihood),
  )


def _vae(
  likelihood="bernoulli", posterior="gaussian", shape=SHAPE, conv=False, **options
):
  return aevb.VAE(*_networks(likelihood, posterior, shape, conv), seed=0, **options)


def _monte_carlo_em(**options):
  return aevb.MonteCarloEM(
    _networks()[1], LATENTS, num_transitions=3, leapfrog_steps=2, seed=0, **options
  )


# Name -> (how it is made, which examples it is of, the shape of one).
MODELS: dict[str, tuple[Callable, str, tuple[int, ...]]] = {
  "vae": (_vae, "binary", SHAPE),
  "vae_conv": (lambda: _vae("gaussian", conv=True, shape=(8, 8, 1)), "grey", (8, 8, 1)),
  "vae_importance_student_t": (
    lambda: _vae(
      "continuous_bernoulli",
      "student_t",
      bound={"name": "importance_weighted", "num_importance_samples": 3},
    ),
    "grey",
    SHAPE,
  ),
  "vae_flow_vamp": (
    lambda: _vae(
      {"name": "gaussian", "unit_mean": True},
      {"name": "iaf", "num_steps": 2, "hidden_units": (4,)},
      prior={"name": "vamp", "num_components": 3},
      bound={"name": "sgvb", "estimator": "A", "num_samples": 2},
    ),
    "grey",
    SHAPE,
  ),
  "vae_full_gaussian_beta": (
    lambda: _vae(posterior="full_gaussian", bound={"name": "sgvb", "kl_weight": 2.0}),
    "binary",
    SHAPE,
  ),
  "vae_categorical_mixture": (
    lambda: _vae(
      "categorical",
      prior={"name": "mixture", "num_components": 2},
      bound={"name": "sgvb", "estimator": "A"},
      shape=(2, 2, 1),
      dataset_size=100,
      parameter_prior_stddev=1.0,
    ),
    "levels",
    (2, 2, 1),
  ),
  "vae_gamma_positive": (
    lambda: _vae(
      posterior="gamma",
      prior="exponential",
      bound={"name": "sgvb", "estimator": "A"},
    ),
    "binary",
    SHAPE,
  ),
  "wake_sleep": (lambda: aevb.WakeSleep(*_networks(), seed=0), "binary", SHAPE),
  "monte_carlo_em": (_monte_carlo_em, "binary", SHAPE),
  "monte_carlo_em_persistent": (
    lambda: _monte_carlo_em(dataset_size=8, persistent_transitions=2, candidates=3),
    "binary",
    SHAPE,
  ),
  "full_vb": (
    lambda: aevb.FullVB(*_networks(), dataset_size=100, seed=0),
    "binary",
    SHAPE,
  ),
}


def trained(name: str) -> keras.Model:
  """The model, after two updates by Adam."""
  make, *data = MODELS[name]
  keras.utils.set_random_seed(0)
  model = make()
  model.compile(keras.optimizers.Adam(0.01))
  train(model, name)
  return model


def train(model: keras.Model, name: str) -> dict[str, float]:
  """Two more updates; returns the metrics of `fit`."""
  x = examples(*MODELS[name][1:2], shape=MODELS[name][2])
  y = np.arange(8) if getattr(model, "persistent_transitions", None) else None
  logs = model.fit(x, y, batch_size=4, shuffle=False, verbose=0).history
  return {key: values[0] for key, values in logs.items()}


def _plain(value):
  """Eight digits of each number, as JSON has them."""
  return np.vectorize(lambda v: float(f"{v:.8g}"))(np.asarray(value)).tolist()


def numbers(model: keras.Model, name: str) -> dict[str, list | float | dict]:
  """What a model has to give, in plain numbers; trains it at the end."""
  model.run_eagerly = True  # to trace what is called once takes longest
  x = examples(MODELS[name][1], shape=MODELS[name][2])
  given = {
    "sample": model.sample(2, seed=3),
    "decode": model.decode([[0.5, -1.0]]).mean(),
  }
  given["reconstruct"] = model.reconstruct(x[:2])
  if hasattr(model, "elbo"):
    given["elbo"] = model.elbo(x, seed=1)
    q = model.encode(x[:2])
    given["point_estimate"] = model.posterior_family.point_estimate(q)
    given["importance"] = model.log_marginal(x, "importance", 20, seed=2)
  if hasattr(model, "infer"):
    given["infer"] = model.infer(x[:2], num_samples=2, seed=4)
  annealed = {"name": "annealed", "num_temperatures": 4, "num_samples": 2}
  given["annealed"] = model.log_marginal(x[:2], annealed, seed=5)
  given = {key: _plain(value) for key, value in given.items()}
  given["evaluate"] = model.evaluate(x, batch_size=4, verbose=0, return_dict=True)
  given["fit"] = train(model, name)
  return given
