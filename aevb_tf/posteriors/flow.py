"""Flow posteriors: a diagonal Gaussian, transformed by invertible maps.

    eps0 = mu(x) + sigma(x) * eps,   z = f(eps0; h(x)),
    log q(z|x) = log N(eps0; mu, sigma^2) - log |det df/d eps0|

The encoder returns mu, log sigma^2, and `context_size` numbers h, which are an input of
every step of the flow. A new flow is the identity, so q starts as the Gaussian. The
mean of z has no closed form: the point estimate is the flow applied to the mean of the
base.
"""

from typing import Any

import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from aevb_tf import flows
from aevb_tf.normal import Normal
from aevb_tf.numerics import scale_of
from aevb_tf.posteriors.base import Posterior, registry


class Flow(Posterior):
  """Base of the flow posteriors; the encoder returns `[batch, 2 J + context_size]`.

  Args:
    num_steps: Number of steps of the flow.
    hidden_units: Width of each hidden layer of a step's network.
    context_size: Number of encoder outputs that are inputs of every step.

  Raises:
    ValueError: `num_steps` is not positive, `hidden_units` is empty, or `context_size`
      is negative.
  """

  def __init__(
    self,
    num_steps: int = 2,
    hidden_units: tuple[int, ...] = (64,),
    context_size: int = 0,
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    if num_steps < 1 or context_size < 0 or not tuple(hidden_units):
      raise ValueError(
        f"num_steps={num_steps!r}, hidden_units={hidden_units!r}, context_size="
        f"{context_size!r}: a flow needs at least one step with one hidden layer, and "
        "a context_size of 0 or more."
      )
    self.num_steps = num_steps
    self.hidden_units = tuple(hidden_units)
    self.context_size = context_size

  def build(self, latent_shape: tuple[int]) -> None:
    super().build(latent_shape)
    options = (self.latent_dim, self.num_steps, self.hidden_units, self.context_size)
    self.steps = self.make_steps(*options)

  def make_steps(self, *options: Any) -> list[flows.Conditioner]:
    """The networks of the steps."""
    raise TypeError(f"{type(self).__name__} must define `make_steps`.")

  def bijector(self, context: tf.Tensor | None) -> tfb.Bijector:
    """The map from the Gaussian to z."""
    raise TypeError(f"{type(self).__name__} must define `bijector`.")

  def params_size(self, latent_dim: int) -> int:
    return 2 * latent_dim + self.context_size

  def parameters(self, params: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    sizes = [self.latent_dim, self.latent_dim, self.context_size]
    mean, log_variance, context = tf.split(tf.cast(params, tf.float32), sizes, axis=-1)
    return mean, scale_of(log_variance), context

  def from_parameters(
    self, mean: tf.Tensor, scale: tf.Tensor, context: tf.Tensor
  ) -> tfd.Distribution:
    base = tfd.Independent(Normal(mean, scale), 1)
    return flows.FlowDistribution(base, self.bijector(context))

  def named_parameters(self, posterior: tfd.Distribution) -> dict[str, tf.Tensor]:
    """Mean and standard deviation of the base, and the point estimate."""
    return {
      "base_mean": posterior.distribution.mean(),
      "base_stddev": posterior.distribution.stddev(),
      "z": self.point_estimate(posterior),
    }

  def sample(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    # TFP caches what it maps forward, so log q of these draws needs no inversion.
    base = posterior.distribution
    return posterior.bijector.forward(base.mean() + base.stddev() * noise)

  def point_estimate(self, posterior: tfd.Distribution) -> tf.Tensor:
    """The flow applied to the mean of the base."""
    return posterior.bijector.forward(posterior.distribution.mean())

  def get_config(self):
    return {
      **super().get_config(),
      "num_steps": self.num_steps,
      "hidden_units": self.hidden_units,
      "context_size": self.context_size,
    }


@registry.register("iaf", package="aevb_tf.posteriors")
class InverseAutoregressiveFlow(Flow):
  """Inverse autoregressive flow.

  A draw and its density take one pass, the density of any other z takes J passes.
  """

  def make_steps(self, *options: Any) -> list[flows.Conditioner]:
    return flows.autoregressive_steps(*options)

  def bijector(self, context: tf.Tensor | None) -> tfb.Bijector:
    return tfb.Invert(flows.chain_autoregressive(self.steps, context))


@registry.register("real_nvp", package="aevb_tf.posteriors")
class RealNVP(Flow):
  """RealNVP: one pass in either direction; needs at least two latents."""

  def make_steps(self, *options: Any) -> list[flows.Conditioner]:
    return flows.coupling_steps(*options)

  def bijector(self, context: tf.Tensor | None) -> tfb.Bijector:
    return flows.chain_coupling(self.steps, context)
