"""The contract of a bound: a function of `Terms`, and the terms that it needs.

The value of the tensor that a bound returns is the bound, and its gradient is the
estimator of the bound's gradient. Where the two come from different formulas,
`with_gradient_of` combines them.
"""

from typing import Any, TypeAlias

import tensorflow as tf

from aevb_tf.bounds.terms import Terms, has_analytic_kl
from aevb_tf.posteriors import Posterior
from aevb_tf.priors import Prior
from aevb_tf.registry import Options, Registry
from aevb_tf.representation import Represented
from aevb_tf.types import IntLike


class Bound(Represented):
  """Base of all bounds.

  Attributes:
    needs_analytic_kl: Whether a posterior and a prior without a closed-form KL are
      refused.
    detached: Whether to evaluate the densities at `stop_gradient(z)`, without the path
      from the encoder's parameters to z.
    needs_slope: Whether `Terms` should hold the slope of log p(x, z) - log q(z|x).
  """

  needs_analytic_kl = False
  detached = False
  needs_slope = False
  num_samples: int

  @property
  def num_draws(self) -> int:
    """Number of samples of z for each example."""
    return self.num_samples

  def check(self, posterior: Posterior, prior: Prior) -> None:
    """Raises an error if the bound cannot be computed for this posterior and prior.

    Args:
      posterior: A `Posterior`.
      prior: A `Prior`.

    Raises:
      ValueError: The bound needs a closed-form KL, and the pair has none.
    """
    if self.needs_analytic_kl and not has_analytic_kl(posterior, prior):
      raise ValueError(
        f"{self} needs an analytic KL; the posterior {describe(posterior)} and the "
        f"prior {describe(prior)} have none. Use bound=SGVB(estimator='A')."
      )

  def __call__(
    self, terms: Terms, step: IntLike = 0, training: bool = False
  ) -> tf.Tensor:
    """The bound of each example.

    Args:
      terms: `Terms`, with `num_draws` samples of z.
      step: Number of updates so far, for schedules.
      training: Whether this is a training step.

    Returns:
      Nats per example, `[batch]`.
    """
    raise TypeError(f"{type(self).__name__} must define `__call__(terms)`.")

  def __str__(self):
    return type(self).__name__

  def get_config(self) -> dict[str, Any]:
    """The options from which `from_config` creates this bound."""
    return {"num_samples": self.num_samples}

  @classmethod
  def from_config(cls, config):
    return cls(**config)


def describe(part: Posterior | Prior) -> str:
  """The name of a posterior or a prior in error messages."""
  return getattr(part, "title", None) or type(part).__name__


def with_gradient_of(surrogate: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
  """A tensor with the value of one tensor and the gradient of another.

  Args:
    surrogate: Tensor that gives the gradient.
    value: Tensor that gives the value, exactly: the term added to it is zero.

  Returns:
    Tensor of their common shape.
  """
  return tf.stop_gradient(value) + (surrogate - tf.stop_gradient(surrogate))


BoundLike: TypeAlias = str | Options | Bound

registry: Registry[Bound] = Registry("bound", Bound)
