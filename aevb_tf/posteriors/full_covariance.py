"""Full-covariance Gaussian, and Student's t with a full scale matrix (section 2.4).

    z = mu + S eps,   S lower triangular, eps ~ N(0, I) or a spherical Student's t

The encoder returns mu, then log S_jj^2, softly bounded to (-20, 20), then the elements
of S below the diagonal. If those are zero, this is the diagonal family.
"""

from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from aevb_tf import distributions
from aevb_tf.numerics import scale_of
from aevb_tf.posteriors.base import Posterior, registry


@registry.register("full_gaussian", package="aevb_tf.posteriors")
class FullGaussian(Posterior):
  """Full-covariance Gaussian; the encoder returns `[batch, 2 J + J (J - 1) / 2]`."""

  family_name: str | None = "full_gaussian"

  def __init__(self, **kwargs: Any):
    super().__init__(**kwargs)
    self.family = self._family()

  def _family(self):
    return distributions.get("elliptical")

  def params_size(self, latent_dim: int) -> int:
    return 2 * latent_dim + latent_dim * (latent_dim - 1) // 2

  def noise_shape(self) -> tuple[int, ...]:
    loc = tf.zeros([self.latent_dim])
    return tuple(self.family.noise_event(loc, tf.linalg.diag(loc)))

  def parameters(self, params: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    j = self.latent_dim
    params = tf.cast(params, tf.float32)
    mean, log_variance, below = tf.split(params, [j, j, params.shape[-1] - 2 * j], -1)
    scale = tf.linalg.diag(scale_of(log_variance))
    if j > 1:
      below = tfp.math.fill_triangular(below)
      scale += tf.pad(below, [[0, 0]] * (params.shape.rank - 1) + [[1, 0], [0, 1]])
    return mean, scale

  def from_parameters(self, mean: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
    return self.family.distribution(mean, scale)

  def named_parameters(self, posterior: tfd.Distribution) -> dict[str, tf.Tensor]:
    """`loc` and `scale_tril`, and the point estimate."""
    named = self.family.parameters_of(posterior)
    return {**named, "z": self.point_estimate(posterior)}

  def sample(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    named = self.family.parameters_of(posterior)
    return self.family.sample(*named.values(), noise=noise)

  def point_estimate(self, posterior: tfd.Distribution) -> tf.Tensor:
    return posterior.loc


@registry.register("elliptical", package="aevb_tf.posteriors")
class Elliptical(FullGaussian):
  """Multivariate Student's t, with heavier tails than the normal.

  Args:
    df: Degrees of freedom, an integer of at least 3. With fewer, samples have no
      variance, and the bound is minus infinity under a prior with normal tails.

  Raises:
    ValueError: `df` is not an integer of at least 3.
  """

  family_name = None

  def __init__(self, df: int = 5, **kwargs: Any):
    if isinstance(df, bool) or df != int(df) or df < 3:
      raise ValueError(f"df={df!r} must be an integer of at least 3.")
    self._df = int(df)
    super().__init__(**kwargs)

  def _family(self):
    return distributions.get({"name": "elliptical", "df": self._df})

  def get_config(self):
    return {**super().get_config(), "df": self._df}


@tfd.RegisterKL(tfd.MultivariateNormalTriL, tfd.Independent)
def _kl_to_independent(q, p, name=None):
  """KL(N(mu, S S^T) || independent normals), which TFP does not have."""
  normal = p.distribution
  if not isinstance(normal, tfd.Normal):
    raise TypeError(
      f"There is no closed-form KL of a normal to a {type(normal).__name__}."
    )
  with tf.name_scope(name or "kl_normal_independent"):
    scale = q.scale.to_dense()
    spread = tf.reduce_sum(scale**2, axis=-1) + (q.loc - normal.mean()) ** 2
    log_ratio = tf.math.log(normal.stddev()) - tf.math.log(tf.linalg.diag_part(scale))
    parts = log_ratio + 0.5 * (spread / normal.variance() - 1.0)
    return tf.reduce_sum(parts, axis=-1)
