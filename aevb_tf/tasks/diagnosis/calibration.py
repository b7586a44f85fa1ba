"""Calibration of p(x|z): posterior predictive checks, and coverage of intervals.

If the model is right and q(z|x) is the posterior, then for z ~ q(z|x) and a replicate
x' ~ p(x|z), the pairs (x, z) and (x', z) have the same distribution. So

    P( log p(x'|z) < log p(x|z) )  =  1/2

and x lies in an interval between two quantiles of p(x_d|z) as often as x' does, which is
the level of the interval if x is continuous. Noise that is too wide puts x where p(x|z)
is high, and into the intervals too often; noise that is too narrow does the opposite.

References:
  Gelman, Meng, Stern. Posterior predictive assessment of model fitness via realized
    discrepancies. Statistica Sinica 6, 1996.
"""

import math

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.likelihoods import Bernoulli, ContinuousBernoulli
from aevb_tf.likelihoods.observed import complete_of
from aevb_tf.random import Purpose
from aevb_tf.tasks.diagnosis.context import Context, Refused, mean, standard_error
from aevb_tf.tasks.diagnosis.report import Finding

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
# The one that is reported.
_LEVEL = 0.9
# Differences that matter.
_OF_CHECK, _OF_COVERAGE = 0.1, 0.02

_TOO_WIDE = (
  "p(x|z) is wider than the data: learn its noise, as with scale='shared' of "
  "likelihood='gaussian', or set a smaller one."
)
_TOO_NARROW = (
  "p(x|z) is narrower than the data: learn its noise, as with scale='shared' of "
  "likelihood='gaussian', use a likelihood with heavier tails, such as 'student_t', or "
  "stop training earlier."
)


def predictive_check(context: Context) -> list[Finding]:
  """How often a replicate of a test example is less likely than the example.

  Raises:
    Refused: The data are not values that p(x|z) can draw, or it has no inverse CDF.
  """
  _check_values(context)

  def is_below(x, rows):
    distribution, replicate = _replicated(context, x, rows)
    ours, theirs = distribution.log_prob(x), distribution.log_prob(replicate)
    return tf.cast(theirs < ours, tf.float32) + 0.5 * tf.cast(
      theirs == ours, tf.float32
    )

  below = context.over(context.test, is_below)
  value, error = mean(below), standard_error(below)
  warns = abs(value - 0.5) > max(3 * error, _OF_CHECK)
  return [
    Finding(
      "calibration",
      "replicates less likely than x",
      value,
      "",
      error,
      "warn" if warns else "ok",
      "It is 0.5 for a calibrated p(x|z).",
      _advice(warns, value > 0.5),
    )
  ]


def coverage(context: Context) -> list[Finding]:
  """How many values of test examples lie in intervals of p(x|z).

  Adds `coverage_levels`, those of replicates, and `coverage`, those of the data.

  Raises:
    Refused: The data are not values that p(x|z) can draw, or it has no inverse CDF.
  """
  _check_values(context)
  family = context.vae.likelihood_family

  def shares(x, rows):
    distribution, replicate = _replicated(context, x, rows)
    observed = tf.cast(~tf.math.is_nan(x), tf.float32)
    axes = list(range(1, x.shape.rank))
    count = tf.maximum(tf.reduce_sum(observed, axes), 1.0)
    found = []
    for level in LEVELS:
      # A likelihood may map noise to values in descending order.
      ends = [
        _quantile(family, distribution, tf.fill(tf.shape(x), (1.0 + sign * level) / 2))
        for sign in (-1, 1)
      ]
      low, high = tf.minimum(*ends), tf.maximum(*ends)
      for values in (x, replicate):
        inside = tf.cast((values >= low) & (values <= high), tf.float32)
        found.append(tf.reduce_sum(observed * inside, axes) / count)
    return tf.stack(found, axis=1)

  parts = context.over(context.test, shares).reshape(-1, len(LEVELS), 2)
  context.arrays["coverage_levels"] = parts[:, :, 1].mean(axis=0, dtype=np.float64)
  context.arrays["coverage"] = parts[:, :, 0].mean(axis=0, dtype=np.float64)
  of_level = parts[:, LEVELS.index(_LEVEL)].astype(np.float64)
  difference = of_level[:, 0] - of_level[:, 1]
  error = standard_error(difference)
  warns = abs(mean(difference)) > max(3 * error, _OF_COVERAGE)
  return [
    Finding(
      "coverage",
      f"coverage of {_LEVEL:.0%} intervals",
      mean(of_level[:, 0]),
      "",
      error,
      "warn" if warns else "ok",
      f"It is {mean(of_level[:, 1]):.3f} for draws from p(x|z).",
      _advice(warns, mean(difference) > 0),
    )
  ]


def _replicated(context, x, rows):
  """p(x|z) at a draw of z ~ q(z|x), and a draw from it with the same missing values."""
  vae = context.vae
  family = vae.posterior_family
  q = vae.encode(x)
  z = family.sample(q, family.noise(context.draw(0), rows, 1))[0]
  distribution = vae.decode(z)
  seed = random.derive(context.draw(1), Purpose.X_GIVEN_Z)
  noise = random.uniform(seed, rows, math.prod(vae.event_shape))
  noise = tf.reshape(noise, [-1, *vae.event_shape])
  replicate = _quantile(vae.likelihood_family, distribution, noise)
  return distribution, tf.where(tf.math.is_nan(x), x, replicate)


def _quantile(family, distribution, uniform):
  try:
    return family.quantile(distribution, uniform)
  except TypeError as error:  # there is no inverse CDF
    raise Refused(str(error)) from error


def _check_values(context):
  values = context.test.x[~np.isnan(context.test.x)]
  likelihood = complete_of(context.vae.likelihood_family)
  # A ContinuousBernoulli is a Bernoulli by its class, but draws grey levels.
  has_bits = isinstance(likelihood, Bernoulli) and not isinstance(
    likelihood, ContinuousBernoulli
  )
  if has_bits and not np.isin(values, (0.0, 1.0)).all():
    raise Refused(
      "the data have grey levels, and a Bernoulli p(x|z) draws only 0 and 1: binarize "
      "the data, or use a likelihood of levels, such as 'discretized_logistic'."
    )


def _advice(warns, is_too_wide):
  if not warns:
    return ""
  return _TOO_WIDE if is_too_wide else _TOO_NARROW
