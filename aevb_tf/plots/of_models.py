"""What the plots need of a model that is given in place of its images."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike


def is_model(value: object) -> TypeGuard[Any]:
  """Whether a value is a model, rather than an array."""
  return hasattr(value, "decode") and hasattr(value, "built")


def check_built(model: Any) -> None:
  """Raises a ValueError if the model does not know its data yet."""
  if not model.built:
    raise ValueError(
      "The model is not built yet: `fit` it, or call `build((None, *event_shape))`."
    )


def means(model: Any, x: ArrayLike, condition: Any = None) -> np.ndarray:
  """The points that stand for q(z|x), float32 `[n, latent_dim]`."""
  check_built(model)
  return np.asarray(
    model.posterior_family.point_estimate(model.encode(x, condition=condition))
  )


def decoded(model: Any, z: np.ndarray, condition: Any = None) -> np.ndarray:
  """The means of p(x|z), float32 `[n, *event_shape]`."""
  check_built(model)
  return np.asarray(model.point_estimate(model.decode(z, condition=condition)))
