"""What a bound is: a function of `Terms`, and which terms it asks for.

The tensor that a bound returns has the bound as its value and the estimator of the
bound's gradient as its gradient. Where the two come from different formulas,
`with_gradient_of` joins them.
"""

from typing import Any

import tensorflow as tf

from aevb_tf.bounds.terms import Terms, has_analytic_kl
from aevb_tf.registry import Registry

registry = Registry("bound")


class Bound:
  """Base of all bounds.

  Attributes:
    needs_analytic_kl: Whether a posterior and a prior without a closed-form KL are
      refused.
    detached: Whether the densities are to be evaluated at samples without their path,
      `stop_gradient(z)`.
    needs_slope: Whether `Terms` are to hold the slope of log p(x, z) - log q(z|x).
  """

  needs_analytic_kl = False
  detached = False
  needs_slope = False

  @property
  def num_draws(self) -> int:
    """How many samples of z each datum takes."""
    return self.num_samples

  def check(self, posterior: Any, prior: Any) -> None:
    """Refuses a posterior and prior that this bound cannot be computed for.

    Args:
      posterior: A `Posterior`.
      prior: A `Prior`.

    Raises:
      ValueError: The bound needs a closed-form KL and there is none.
    """
    if self.needs_analytic_kl and not has_analytic_kl(posterior, prior):
      raise ValueError(
        f"{self} needs an analytic KL; the posterior {describe(posterior)} and the "
        f"prior {describe(prior)} have none. Use bound=SGVB(estimator='A')."
      )

  def __call__(self, terms: Terms, step: Any = 0, training: bool = False) -> tf.Tensor:
    """The bound of each datum.

    Args:
      terms: `Terms`, with `num_draws` samples of z.
      step: Updates made so far, for what follows a schedule.
      training: Whether this is a training step.

    Returns:
      Nats per datum, `[batch]`.
    """
    raise TypeError(f"{type(self).__name__} has to define `__call__(terms)`.")

  def __str__(self):
    return type(self).__name__

  def get_config(self) -> dict[str, Any]:
    """The options from which `from_config` makes this bound again."""
    return {"num_samples": self.num_samples}

  @classmethod
  def from_config(cls, config):
    return cls(**config)


def describe(part: Any) -> str:
  """What error messages call a posterior or a prior."""
  return getattr(part, "title", None) or type(part).__name__


def with_gradient_of(surrogate: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
  """A tensor of one value and another's gradient.

  Args:
    surrogate: Where gradients flow.
    value: The value; exactly this, since what is added to it is zero.

  Returns:
    Tensor of their common shape.
  """
  return tf.stop_gradient(value) + (surrogate - tf.stop_gradient(surrogate))
