"""What `encode` answers: the parameters of q(z|x), under their own names.

A diagonal Gaussian has a `mean` and a `stddev`; every other posterior has the
parameters that its density is written in, and `z`, the point that stands for q(z|x)
and that `reconstruct` decodes. For a Gaussian that is the mean.

A posterior of your own answers with its `z`, and with `mean` and `stddev` where its
distribution knows them; `parameters.register(MyPosterior)` says it better.
"""

import functools
from typing import Any

import tensorflow as tf

from aevb_tf import posteriors
from aevb_tf.posteriors.flow import Flow


@functools.singledispatch
def parameters(posterior: Any, q: Any) -> dict[str, tf.Tensor]:
  """The parameters of q(z|x).

  Args:
    posterior: The model's `Posterior`.
    q: What its `distribution` gave, batch shape `[batch]`.

  Returns:
    Name to float32 `[batch, ...]`.
  """
  known = {"z": posterior.point_estimate(q)}
  for name in ("mean", "stddev"):
    try:
      known[name] = getattr(q, name)()
    except NotImplementedError:  # TFP's word for what has no closed form
      continue
  return known


@parameters.register
def _gaussian(posterior: posteriors.Gaussian, q: Any) -> dict[str, tf.Tensor]:
  return {"mean": q.mean(), "stddev": q.stddev()}


@parameters.register
def _full_gaussian(posterior: posteriors.FullGaussian, q: Any) -> dict[str, tf.Tensor]:
  return {
    "loc": q.loc,
    "scale_tril": q.scale.to_dense(),
    "z": posterior.point_estimate(q),
  }


@parameters.register
def _independent(posterior: posteriors.Independent, q: Any) -> dict[str, tf.Tensor]:
  density = q.distribution
  # The densities that TFP lacks keep their parameters in order, TFP's own by name.
  values = getattr(density, "params", None)
  names = list(posterior.family.parameters)
  if values is None:
    values = [density.parameters[name] for name in names]
  named = dict(zip(names, values, strict=True))
  return {**named, "z": posterior.point_estimate(q)}


@parameters.register
def _flow(posterior: Flow, q: Any) -> dict[str, tf.Tensor]:
  base = q.distribution
  return {
    "base_mean": base.mean(),
    "base_stddev": base.stddev(),
    "z": posterior.point_estimate(q),
  }
