"""The names of distributions, and of those that cannot be reparameterized."""

from collections.abc import Mapping
from typing import TypeAlias

from aevb_tf.distributions.base import Distribution
from aevb_tf.registry import Options, Registry

DistributionLike: TypeAlias = str | Options | Distribution

_registry: Registry[Distribution] = Registry("reparameterization")
register = _registry.register

_DISCRETE = (
  "its draws are discrete, so z jumps or stays as the parameters move: dz/dparameters"
  " is zero wherever it exists and misses the whole gradient"
)
_MIXTURE = (
  "a draw first picks a component, and that choice is discrete: the path has no"
  " derivative in the mixture weights"
)
_REFUSED = {
  **dict.fromkeys(
    (
      "bernoulli",
      "beta_binomial",
      "binomial",
      "categorical",
      "discrete_uniform",
      "geometric",
      "hypergeometric",
      "multinomial",
      "negative_binomial",
      "one_hot_categorical",
      "poisson",
      "skellam",
      "zipf",
    ),
    _DISCRETE,
  ),
  "mixture": _MIXTURE,
}


def get(identifier: DistributionLike) -> Distribution:
  """Resolves a name, a `{"name": ..., **options}` mapping, or an object.

  Args:
    identifier: A registered name; a mapping with the key `name` and the member's
      options; or a `Distribution`, which is returned as it is.

  Returns:
    The `Distribution`.

  Raises:
    ValueError: The options do not fit, the name is unknown, or it belongs to a
      distribution that cannot be reparameterized; the message says why, and what to
      use instead.
    TypeError: The object has no `sample` and `distribution`.
  """
  name = identifier.get("name") if isinstance(identifier, Mapping) else identifier
  if isinstance(name, str) and name in _REFUSED:
    raise ValueError(
      f"{name!r} cannot be reparameterized: {_REFUSED[name]}. Use the score function"
      " estimator, which needs only log q(z); sum z out where it takes few values; or"
      " take a continuous posterior."
    )
  member = _registry.get(identifier)
  if not (hasattr(member, "sample") and hasattr(member, "distribution")):
    raise TypeError(
      "A reparameterization is a name, a mapping with a name, or an object with"
      f" `sample` and `distribution`, not {member!r}."
    )
  return member


def names(family: str | None = None) -> list[str]:
  """The registered names, sorted.

  Args:
    family: "inverse_cdf", "location_scale" or "composition" for the members of one
      family of the paper; None for all.
  """
  everything = _registry.names()
  return [n for n in everything if family is None or family in get(n).families]


def refused() -> list[str]:
  """The names that `get` refuses with a reason, sorted."""
  return sorted(_REFUSED)
