"""A line with unknown slope and offset, for which full variational Bayes is known.

    w, b ~ N(0, s0^2),   z_i ~ N(0, 1),   x_i|z_i ~ N(w z_i + b, s^2)
    q(w, b) = N(mu, diag(sigma^2)),   q(z|x) = N(a x + c, d^2)

Given (w, b) all is closed form; what is left are integrals over a plane, by the
trapezoid rule, which converges faster than any power for smooth functions that vanish
at its ends. All in float64 NumPy, written without the package.
"""

import dataclasses

import numpy as np
import scipy.special

import aevb_tf as aevb

_NOISE, _PRIOR = 0.7, 1.3  # s, s0


def _log_normal(x, variance):
  return -0.5 * (x**2 / variance + np.log(2 * np.pi * variance))


@dataclasses.dataclass
class BayesianLine:
  """The parameters that are learned, float64."""

  mean: np.ndarray  # mu [2]
  stddev: np.ndarray  # sigma [2]
  encoder: np.ndarray  # a, c, d

  @classmethod
  def example(cls):
    arrays = ([0.8, -0.3], [0.4, 0.25], [0.5, 0.1, 0.6])
    return cls(*map(np.array, arrays))

  def plane(self, mean, stddev, points=241, reach=9.0):
    """A grid: w, b, and the log of each point's area; over `reach` deviations."""
    axis = np.linspace(-reach, reach, points)
    w, b = np.meshgrid(*(m + s * axis for m, s in zip(mean, stddev, strict=True)))
    log_area = np.log(np.prod(stddev) * (axis[1] - axis[0]) ** 2)
    return w[..., np.newaxis], b[..., np.newaxis], log_area

  def log_q(self, w, b):
    squares = (_log_normal(w - self.mean[0], self.stddev[0] ** 2), 0)
    return squares[0] + _log_normal(b - self.mean[1], self.stddev[1] ** 2)

  def log_prior(self, w, b):
    return _log_normal(w, _PRIOR**2) + _log_normal(b, _PRIOR**2)

  def log_likelihood(self, x, w, b):
    """log p(x_i|w, b), the last axis that of the data."""
    return _log_normal(x - b, w**2 + _NOISE**2)

  def encoded(self, x):
    a, c, d = self.encoder
    return a * x + c, d

  def bound_given(self, x, w, b):
    """The evidence lower bound of each example, given w and b."""
    mean, d = self.encoded(x)
    kl = 0.5 * (mean**2 + d**2 - 1 - 2 * np.log(d))
    square = (x - w * mean - b) ** 2 + w**2 * d**2
    return -0.5 * (square / _NOISE**2 + np.log(2 * np.pi * _NOISE**2)) - kl

  def latent_kl(self, x, w, b):
    """KL(q(z|x_i) || p(z|x_i, w, b))."""
    mean, d = self.encoded(x)
    variance = 1 / (1 + w**2 / _NOISE**2)
    gap = mean - variance * w * (x - b) / _NOISE**2
    return 0.5 * ((gap**2 + d**2) / variance - 1 - np.log(d**2 / variance))

  def expected(self, function):
    """E_q(w, b) of a function of w and b."""
    w, b, log_area = self.plane(self.mean, self.stddev)
    weight = np.exp(self.log_q(w, b) + log_area)
    return np.sum(weight * function(w, b), axis=(0, 1))

  def weight_kl(self):
    """KL(q(w, b) || p(w, b)), by quadrature."""
    return self.expected(lambda w, b: self.log_q(w, b) - self.log_prior(w, b)).item()

  def bound(self, x):
    """The bound of the data set, a scalar."""
    given = self.expected(lambda w, b: self.bound_given(x, w, b))
    return np.sum(given) - self.weight_kl()

  def log_evidence(self, x):
    """log p(X), with w and b integrated out."""
    w, b, log_area = self.plane(np.zeros(2), np.full(2, _PRIOR))
    log_joint = np.sum(self.log_likelihood(x, w, b), axis=-1, keepdims=True)
    return scipy.special.logsumexp(log_joint + self.log_prior(w, b) + log_area)

  def kl_to_posterior(self, x):
    """KL(q(w, b) prod_i q(z_i|x_i) || p(w, b, z|X))."""
    log_evidence = self.log_evidence(x)

    def weights(w, b):
      likelihood = np.sum(self.log_likelihood(x, w, b), axis=-1, keepdims=True)
      log_posterior = self.log_prior(w, b) + likelihood - log_evidence
      return self.log_q(w, b) - log_posterior

    latents = self.expected(lambda w, b: self.latent_kl(x, w, b))
    return self.expected(weights).item() + np.sum(latents)

  def gradients(self, x, step=1e-5):
    """Gradient of `bound`, by central differences: name -> array."""
    gradients = {}
    for field in dataclasses.fields(self):
      value = getattr(self, field.name)
      gradient = np.zeros_like(value)
      for i in range(len(value)):
        move = step * np.eye(len(value))[i]
        ends = [
          dataclasses.replace(self, **{field.name: value + sign * move}).bound(x)
          for sign in (1, -1)
        ]
        gradient[i] = (ends[0] - ends[1]) / (2 * step)
      gradients[field.name] = gradient
    return gradients

  def model(self, dataset_size, model=aevb.FullVB, **options):
    """The same as a `FullVB`."""
    encoder = aevb.networks.MLPEncoder(1, hidden_units=())
    likelihood = {"name": "gaussian", "scale": _NOISE}
    decoder = aevb.networks.MLPDecoder((1,), (), likelihood=likelihood)
    options = {"weight_prior_stddev": _PRIOR, "dataset_size": dataset_size, **options}
    full = model(encoder, decoder, **options)
    a, c, d = self.encoder
    encoder.head.set_weights([np.array([[a, 0.0]]), np.array([c, 2 * np.log(d)])])
    decoder.head.set_weights([self.mean[:1, np.newaxis], self.mean[1:]])
    starts = zip(full.weight_family.log_variances, self.stddev, strict=True)
    for log_variance, stddev in starts:
      log_variance.assign(np.full(log_variance.shape, 2 * np.log(stddev)))
    return full

  def gradients_of(self, full, gradients):
    """Rewrites gradients `[n, ...]` of the model's variables by parameter name."""
    by_path = dict(
      zip([v.path for v in full.trainable_variables], gradients, strict=True)
    )

    def of(layer):
      flat = [by_path[v.path] for v in layer.trainable_variables]
      return np.concatenate([np.reshape(g, (len(g), -1)) for g in flat], axis=1)

    encoder = of(full.encoder.head)  # a, its fellow of the log-variance, c, log d^2
    return {
      "mean": of(full.decoder.head),
      "stddev": of(full.weight_family) * 2 / self.stddev,
      "encoder": encoder[:, [0, 2, 3]] * np.array([1, 1, 2 / self.encoder[2]]),
    }
