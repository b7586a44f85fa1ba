"""The distributions of section 2.4, by the name of the paper's method.

`get`, `names`, `refused` and `register` are those of `aevb_tf.distributions`.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aevb_tf.distributions import (
  Distribution,
  composition,
  get,
  inverse_cdf,
  location_scale,
  names,
  refused,
  register,
)
from aevb_tf.distributions.shapes import Noise

__all__ = [
  "Reparameterization",
  "composition",
  "get",
  "inverse_cdf",
  "location_scale",
  "names",
  "refused",
  "register",
]


class Reparameterization(Distribution):
  """Deprecated: a distribution defined by functions. Subclass `Distribution` instead.

  Args:
    name: See `Distribution`, as for all arguments that are not listed here.
    families: See `Distribution`.
    parameters: See `Distribution`.
    support: See `Distribution`.
    g: `g(noise, *params) -> z`.
    density: `density(*params) -> tfd.Distribution`.
    noise: See `Distribution`.
    noise_event: `noise_event(*params) -> shape`; () by default.
    **attributes: Other attributes of `Distribution`.

  Raises:
    TypeError: An attribute is unknown.
  """

  def __init__(
    self,
    name: str,
    families: tuple[str, ...],
    parameters: Mapping[str, str],
    support: str,
    g: Callable,
    density: Callable,
    noise: Noise = "uniform",
    noise_event: Callable[..., Sequence] = lambda *params: (),
    **attributes: Any,
  ):
    warnings.warn(
      "Reparameterization(name=..., g=..., density=...) is deprecated: write a subclass "
      "of aevb_tf.distributions.Distribution with these as attributes and methods.",
      DeprecationWarning,
      stacklevel=2,
    )
    unknown = attributes.keys() - Distribution.__annotations__.keys()
    if unknown:
      raise TypeError(f"Unknown arguments: {', '.join(sorted(unknown))}.")
    self.name, self.families, self.parameters = name, families, parameters
    self.support, self.noise = support, noise
    vars(self).update(g=g, density=density, noise_event=noise_event, **attributes)
