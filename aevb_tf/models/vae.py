"""The variational auto-encoder (sections 2 and 3).

q(z|x) = encoder,   p(x|z) = decoder,   p(z) = prior
maximise  E_q[log p(x|z)] - KL(q(z|x) || p(z))   by its gradient through z = g(eps, x)
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf import bounds, evidence, priors, random
from aevb_tf.models import parts
from aevb_tf.models.bound_model import BoundModel, BoundParts

tfd = tfp.distributions

# What a seed of `sample` is folded with to draw x, given z.
_DATA = 1


@keras.saving.register_keras_serializable(package="aevb_tf")
class VAE(BoundModel):
  """Encoder, decoder and prior, trained together by a bound on log p(x).

  Args:
    encoder: x -> parameters of q(z|x): an `aevb_tf.networks.Encoder`, or any
      `keras.Model` together with `posterior`.
    decoder: z -> parameters of p(x|z): an `aevb_tf.networks.Decoder`, or any
      `keras.Model` together with `likelihood`.
    prior: Name, options or object of `aevb_tf.priors`; the standard normal by default.
    bound: Name, options or object of `aevb_tf.bounds`; `SGVB("B", 1)` by default.
    dataset_size: N, to scale the bound of a minibatch to the data set (eq. 8).
    parameter_prior_stddev: Standard deviation of a Gaussian prior on all parameters
      (MAP); needs `dataset_size`.
    seed: Seed of the noise in training and evaluation; None draws one.
    posterior: For an encoder that does not name its own.
    likelihood: For a decoder that does not name its own.

  Raises:
    ValueError: The parts do not fit together; the message says which and why.
  """

  def __init__(
    self,
    encoder: keras.Model,
    decoder: keras.Model,
    prior: Any = None,
    bound: Any = None,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    posterior: Any = None,
    likelihood: Any = None,
    **kwargs,
  ):
    super().__init__(dataset_size, parameter_prior_stddev, seed, **kwargs)
    self.encoder = encoder
    self.decoder = decoder
    self.posterior_family = parts.posterior_of(encoder, posterior)
    self.likelihood_family = parts.likelihood_of(decoder, likelihood)
    self.prior = priors.get("standard_normal" if prior is None else prior)
    self.bound = bounds.get("sgvb" if bound is None else bound)
    self._own_posterior, self._own_likelihood = posterior is None, likelihood is None
    self._analytic_kl = bounds.has_analytic_kl(self.posterior_family, self.prior)
    parts.check_support(self.posterior_family, self.prior)
    self.bound.check(self.posterior_family, self.prior)
    if hasattr(decoder, "event_shape"):
      self.build((None, *decoder.event_shape))

  def build(self, input_shape: tuple[int | None, ...]) -> None:
    """Creates all variables, for data of `input_shape` `(None, *event_shape)`."""
    if self.built:
      return
    event_shape = tuple(input_shape[1:])
    params = parts.output_shape(self.encoder, event_shape)
    name = type(self.encoder).__name__
    latent_dim = parts.latent_dim_of(params, self.posterior_family, name)
    self.prior.connect(self.encode, self.posterior_family, event_shape)
    for family, shape in (
      (self.posterior_family, (latent_dim,)),
      (self.prior, (latent_dim,)),
      (self.likelihood_family, event_shape),
    ):
      if not family.built:
        family.build(shape)
    params = parts.output_shape(self.decoder, (latent_dim,))
    name = type(self.decoder).__name__
    parts.check_decoder_output(params, self.likelihood_family, event_shape, name)
    self.latent_dim, self.event_shape = latent_dim, event_shape
    self.built = True

  # The distributions.

  def encode(self, x: Any, training: bool = False) -> tfd.Distribution:
    """q(z|x): batch shape `[batch]`, event shape `[latent_dim]`.

    Args:
      x: `[batch, *event_shape]`.
      training: As in `call`.
    """
    x = tf.cast(x, tf.float32)
    return self.posterior_family.distribution(self.encoder(x, training=training))

  def decode(self, z: Any, training: bool = False) -> tfd.Distribution:
    """p(x|z): batch shape `[batch]`, event shape `event_shape`.

    Args:
      z: `[batch, latent_dim]`.
      training: As in `call`.
    """
    z = tf.cast(z, tf.float32)
    return self.likelihood_family.distribution(self.decoder(z, training=training))

  # What a trained model answers.

  def call(self, x, training=False):
    """The reconstruction of `x`: the mean of p(x|z) at the mean of q(z|x)."""
    z = self.posterior_family.point_estimate(self.encode(x, training))
    return self.decode(z, training).mean()

  def reconstruct(self, x: Any) -> tf.Tensor:
    """Decodes the mean of q(z|x).

    Args:
      x: `[batch, *event_shape]`.

    Returns:
      Mean of p(x|z), float32 `[batch, *event_shape]`.
    """
    return self(tf.cast(x, tf.float32))

  def sample(self, n: int, seed: Any = None, draw: bool = False) -> tf.Tensor:
    """Generates data: z ~ p(z), then the mean of p(x|z), or a draw from it.

    Args:
      n: How many.
      seed: An int or a pair of int32; equal seeds give equal z, and a longer request
        begins with the shorter one. None takes a fresh one.
      draw: Whether to draw x from p(x|z) in place of taking its mean.

    Returns:
      float32 `[n, *event_shape]`.

    Raises:
      ValueError: The model does not know the shape of its data yet.
    """
    self._check_built("sample")
    seed = fresh_seed() if seed is None else random.as_seed(seed)
    rows = tf.range(n)
    likelihood = self.decode(self.prior.sample(seed, rows))
    if not draw:
      return likelihood.mean()
    shape = self.event_shape
    noise = random.uniform(random.fold_in(seed, _DATA), rows, int(np.prod(shape)))
    return self.likelihood_family.quantile(likelihood, tf.reshape(noise, (-1, *shape)))

  def elbo(self, x: Any, seed: Any = None) -> tf.Tensor:
    """The evidence lower bound of each datum, by the model's L samples of z.

    Args:
      x: `[batch, *event_shape]`.
      seed: An int or a pair of int32; None takes a fresh one.

    Returns:
      float32 `[batch]`, nats.

    Raises:
      ValueError: Some target is outside the likelihood's support.
    """
    x = tf.cast(x, tf.float32)
    if tf.executing_eagerly():
      self.likelihood_family.check_targets(x)
    seed = fresh_seed() if seed is None else random.as_seed(seed)
    return self.bound_parts(x, seed, tf.range(tf.shape(x)[0]), training=False).elbo

  def log_marginal(
    self,
    x: Any,
    method: Any = "importance",
    num_samples: int | None = None,
    seed: Any = None,
  ) -> tf.Tensor:
    """Estimates the evidence log p(x) of each datum.

    `aevb_tf.evidence.estimate` does so too, and says how far to trust it.

    Args:
      x: `[batch, *event_shape]`, of any length: memory does not grow with it.
      method: Name, options or object of `aevb_tf.evidence`.
      num_samples: Samples for each datum; None leaves the method's own number.
      seed: An int or a pair of int32; None takes a fresh one.

    Returns:
      float32 `[batch]`, nats.

    Raises:
      ValueError: An argument is impossible, or the data do not fit the model.
    """
    seed = fresh_seed() if seed is None else random.as_seed(seed)
    x = np.asarray(x, np.float32)
    estimate = evidence.estimate(self, x, method, num_samples, seed)
    return tf.constant(estimate.log_marginal)

  def kl_per_dimension(self, x: Any) -> tf.Tensor:
    """KL(q(z_j|x) || p(z_j)) of each latent, where both are products over latents.

    Args:
      x: `[batch, *event_shape]`.

    Returns:
      float32 `[batch, latent_dim]`, nats.

    Raises:
      ValueError: The posterior or the prior is no product of independent latents.
    """
    if not self.has_kl_per_dimension:
      raise ValueError(
        f"The KL of a {type(self.posterior_family).__name__} posterior and a "
        f"{type(self.prior).__name__} prior is no sum over latents."
      )
    q, p = self.encode(x), self.prior.distribution()
    return tfd.kl_divergence(q.distribution, p.distribution)

  @property
  def has_kl_per_dimension(self) -> bool:
    """Whether the KL has a closed form that is a sum over latents."""
    factorized = self.posterior_family.factorized and self.prior.factorized
    return self._analytic_kl and factorized

  # The bound.

  def terms(
    self, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor, training: bool = False
  ) -> bounds.Terms:
    """The log-densities of the bound, at its samples of z; see `bounds.Terms`.

    Args:
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: the noise of datum i depends on (seed, rows[i]) alone.
      training: As in `call`.
    """
    q = self.encode(x, training)
    noise = self.posterior_family.noise(seed, rows, self.bound.num_draws)
    z = self.posterior_family.sample(q, noise)
    return bounds.evaluate_terms(
      x,
      z,
      q,
      self.prior.distribution(),
      lambda flat_z: self.decode(flat_z, training),
      self._analytic_kl,
      detached=self.bound.detached,
      slope=self.bound.needs_slope,
    )

  def bound_parts(
    self, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor, training: bool
  ) -> BoundParts:
    terms = self.terms(x, seed, rows, training)
    log_likelihood = tf.reduce_mean(terms.log_likelihood, axis=0)
    kl = terms.kl
    if kl is None:
      kl = tf.reduce_mean(terms.log_q - terms.log_prior, axis=0)
    # What the bound weighs is its own matter; what is reported is the bound itself.
    optimizer = getattr(self, "optimizer", None)
    step = 0 if optimizer is None else optimizer.iterations
    bound = self.bound(terms, step, training)
    return BoundParts(bound, log_likelihood - kl, kl, log_likelihood)

  def check_data(self, x: np.ndarray) -> None:
    if self.built and tuple(x.shape[1:]) != tuple(self.event_shape):
      raise ValueError(
        f"The data have shape {tuple(x.shape[1:])}, but the model is of data of shape "
        f"{tuple(self.event_shape)}. Reshape the data, or make a decoder of their shape."
      )
    if x.dtype != np.uint8:  # these are scaled to [0, 1]: every likelihood takes them
      self.likelihood_family.check_targets(x)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return self.likelihood_family.in_support(x)

  def refusal(self, span: str) -> str:
    return self.likelihood_family.refusal(span)

  def _check_built(self, what):
    if not self.built:
      raise ValueError(
        f"`{what}` needs to know the shape of the data: call the model on data, `fit` it, "
        "or `build((None, *event_shape))` it first."
      )

  # Saving.

  def get_config(self):
    serialize = keras.saving.serialize_keras_object
    family = {
      "posterior": None if self._own_posterior else serialize(self.posterior_family),
      "likelihood": None if self._own_likelihood else serialize(self.likelihood_family),
    }
    return {
      **super().get_config(),
      "encoder": serialize(self.encoder),
      "decoder": serialize(self.decoder),
      "prior": serialize(self.prior),
      "bound": serialize(self.bound),
      "dataset_size": self.dataset_size,
      "parameter_prior_stddev": self.parameter_prior_stddev,
      "seed": self.seed,
      **family,
    }

  @classmethod
  def from_config(cls, config, custom_objects=None):
    networks = {
      name: keras.saving.deserialize_keras_object(config[name], custom_objects)
      for name in ("encoder", "decoder")
    }
    return cls(**{**config, **networks})


def fresh_seed() -> tf.Tensor:
  """A seed from NumPy's global state, which `keras.utils.set_random_seed` sets."""
  return tf.constant(np.random.randint(-(2**31), 2**31, size=2), tf.int32)
