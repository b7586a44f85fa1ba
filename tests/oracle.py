"""A linear-Gaussian model, for which everything is known exactly.

    z ~ N(0, I_J),   x|z ~ N(W z + b, s^2 I_D),   q(z|x) = N(A x + c, diag(d^2))

log p(x), the posterior, the bound of any linear-Gaussian q and their gradients follow
in closed form (probabilistic PCA). All in float64 NumPy, written without the package.
"""

import dataclasses

import keras
import numpy as np

import aevb_tf as aevb


@dataclasses.dataclass
class LinearGaussian:
  """The model's parameters, float64."""

  weights: np.ndarray  # W [D, J]
  bias: np.ndarray  # b [D]
  stddev: float  # s
  encoder_weights: np.ndarray  # A [J, D]
  encoder_bias: np.ndarray  # c [J]
  encoder_stddev: np.ndarray  # d [J]

  @classmethod
  def random(cls, rng, data_dim=5, latent_dim=2):
    return cls(
      weights=rng.normal(size=(data_dim, latent_dim)),
      bias=rng.normal(size=data_dim),
      stddev=0.7,
      encoder_weights=0.3 * rng.normal(size=(latent_dim, data_dim)),
      encoder_bias=0.2 * rng.normal(size=latent_dim),
      encoder_stddev=rng.uniform(0.4, 0.9, size=latent_dim),
    )

  def draw(self, rng, n):
    """Data from the model, float32 `[n, D]`."""
    z = rng.normal(size=(n, self.weights.shape[1]))
    noise = self.stddev * rng.normal(size=(n, len(self.bias)))
    return (z @ self.weights.T + self.bias + noise).astype(np.float32)

  def log_evidence(self, x):
    """log p(x), `[batch]`: x ~ N(b, W W^T + s^2 I)."""
    dim = len(self.bias)
    covariance = self.weights @ self.weights.T + self.stddev**2 * np.eye(dim)
    centred = x - self.bias
    mahalanobis = np.einsum("bi,ij,bj->b", centred, np.linalg.inv(covariance), centred)
    log_det = np.linalg.slogdet(covariance)[1]
    return -0.5 * (mahalanobis + log_det + dim * np.log(2 * np.pi))

  def posterior(self, x):
    """Mean `[batch, J]` and covariance `[J, J]` of p(z|x)."""
    precision = np.eye(self.weights.shape[1])
    precision = precision + self.weights.T @ self.weights / self.stddev**2
    covariance = np.linalg.inv(precision)
    mean = (x - self.bias) @ self.weights @ covariance / self.stddev**2
    return mean, covariance

  def encoded(self, x):
    """Mean `[batch, J]` and standard deviation `[J]` of q(z|x)."""
    return x @ self.encoder_weights.T + self.encoder_bias, self.encoder_stddev

  def kl_to_prior(self, x):
    """KL(q(z|x) || p(z)), `[batch]`."""
    mean, stddev = self.encoded(x)
    return 0.5 * np.sum(mean**2 + stddev**2 - 1 - 2 * np.log(stddev), axis=1)

  def expected_log_likelihood(self, x):
    """E_q[log p(x|z)], `[batch]`."""
    mean, stddev = self.encoded(x)
    residual = x - mean @ self.weights.T - self.bias
    spread = np.sum((self.weights * stddev) ** 2)
    dim = len(self.bias)
    square = np.sum(residual**2, axis=1) + spread
    return -0.5 * (square / self.stddev**2 + dim * np.log(2 * np.pi * self.stddev**2))

  def bound(self, x):
    """The evidence lower bound, `[batch]`."""
    return self.expected_log_likelihood(x) - self.kl_to_prior(x)

  def expected_log_q_of_dreams(self, x=None):
    """E_p(x, z)[log q(z|x)], a scalar; the data play no part in it."""
    # z - A x - c = (I - A W) z - s A e - (A b + c), of independent z and e
    to_z = self.encoder_weights @ self.weights
    offset = self.encoder_weights @ self.bias + self.encoder_bias
    square = np.sum((np.eye(len(to_z)) - to_z) ** 2, axis=1) + offset**2
    square = square + self.stddev**2 * np.sum(self.encoder_weights**2, axis=1)
    variance = self.encoder_stddev**2
    return -0.5 * np.sum(square / variance + np.log(2 * np.pi * variance))

  def parameters(self):
    """Name -> array, of all that is learned."""
    return {k: v for k, v in dataclasses.asdict(self).items() if k != "stddev"}

  def gradients(self, x, function="bound", step=1e-5):
    """Gradient of the mean over data of a method, by central differences.

    Returns name -> array; exact to about 1e-9, since the methods are smooth in float64.
    """
    gradients = {}
    for name, value in self.parameters().items():
      gradient = np.zeros_like(value)
      for index in np.ndindex(value.shape):
        sides = []
        for sign in (1, -1):
          moved = value.copy()
          moved[index] += sign * step
          other = dataclasses.replace(self, **{name: moved})
          sides.append(np.mean(getattr(other, function)(x)))
        gradient[index] = (sides[0] - sides[1]) / (2 * step)
      gradients[name] = gradient
    return gradients

  def vae(self, model=aevb.VAE, **options):
    """The same model as a `VAE`; its encoder learns d through log-variances."""
    latent_dim, data_dim = self.encoder_weights.shape
    encoder = aevb.networks.MLPEncoder(latent_dim, hidden_units=())
    likelihood = {"name": "gaussian", "scale": self.stddev}
    decoder = aevb.networks.MLPDecoder((data_dim,), (), likelihood=likelihood)
    vae = model(encoder, decoder, **options)
    head = np.concatenate([self.encoder_weights.T, np.zeros((data_dim, latent_dim))], 1)
    bias = np.concatenate([self.encoder_bias, 2 * np.log(self.encoder_stddev)])
    encoder.head.set_weights([head, bias])
    decoder.head.set_weights([self.weights.T, self.bias])
    return vae

  def gradients_of(self, vae, gradients):
    """Rewrites gradients of `vae`'s variables as gradients by parameter name."""
    by_path = {
      v.path: g for v, g in zip(vae.trainable_variables, gradients, strict=True)
    }
    latent_dim = len(self.encoder_bias)

    def of(layer, index):
      return np.asarray(by_path[layer.trainable_variables[index].path], np.float64)

    head, bias = of(vae.encoder.head, 0), of(vae.encoder.head, 1)
    return {
      "weights": of(vae.decoder.head, 0).T,
      "bias": of(vae.decoder.head, 1),
      "encoder_weights": head[:, :latent_dim].T,
      "encoder_bias": bias[:latent_dim],
      # d(bound)/d(stddev) = d(bound)/d(log-variance) * 2 / stddev
      "encoder_stddev": bias[latent_dim:] * 2 / self.encoder_stddev,
    }


def tiny_vae(
  likelihood="bernoulli",
  event_shape=(4, 3, 1),
  latent_dim=2,
  model=aevb.VAE,
  seed=0,
  **options,
):
  """A small model on small images, with a fixed start."""
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(latent_dim, (8,))
  decoder = aevb.networks.MLPDecoder(event_shape, (8,), likelihood=likelihood)
  return model(encoder, decoder, seed=seed, **options)


def state(model):
  """All that training changes: to compare it, or to put it back."""
  if not model.optimizer.built:
    model.optimizer.build(model.trainable_variables)
  return [v.numpy() for v in _variables(model)]


def _variables(model):
  return *model.variables, model.updates, *model.optimizer.variables


def put_back(model, before):
  """A model as it was, whose loops stay compiled: to trace them takes longest."""
  for variable, value in zip(_variables(model), before, strict=True):
    variable.assign(value)
