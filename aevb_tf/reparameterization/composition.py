"""Family 3 of section 2.4: compositions of the variables of the other two.

Log-normal is the exp of a normal; the rest are made of standard gammas, in logs:

    gamma      G(a) / rate                 beta   G(a) / (G(a) + G(b))
    dirichlet  G(a_i) / sum_j G(a_j)       chi2   2 G(df / 2)
    f          (chi2(df1) / df1) / (chi2(df2) / df2)

Where the shape parameters are integers (Python's or NumPy's), G is the sum of as many
exponentials, as in the paper, and has no gradient in its shape; where they are floats
or tensors it is reparameterized implicitly, and has one. `gammas.py` says how.
"""

import math

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.normal import LogNormal
from aevb_tf.reparameterization import densities, gammas
from aevb_tf.reparameterization.base import Reparameterization
from aevb_tf.reparameterization.numerics import bounded_exp, open_uniform
from aevb_tf.reparameterization.registered import register

tfd = tfp.distributions

_FAMILY = ("composition",)


@register("log_normal")
def make_log_normal() -> Reparameterization:
  """LogNormal(loc, scale): z = exp(loc + scale * eps), eps ~ N(0, 1)."""
  return Reparameterization(
    name="log_normal",
    families=_FAMILY,
    parameters={"loc": "real", "scale": "positive"},
    support="positive",
    g=lambda eps, loc, scale: bounded_exp(loc + scale * eps),
    density=LogNormal,
    noise="normal",
    sound={"loc": (-20.0, 20.0), "scale": (0.0, 12.0)},
  )


@register("gamma")
def make_gamma() -> Reparameterization:
  """Gamma(concentration, rate): z = G(concentration) / rate.

  The noise is `concentration` uniforms for an integer concentration, one otherwise.
  """
  return Reparameterization(
    name="gamma",
    families=_FAMILY,
    parameters={"concentration": "positive", "rate": "positive"},
    support="positive",
    g=gammas.sample,
    density=tfd.Gamma,
    noise_event=lambda concentration, rate: gammas.noise_event(concentration),
    counted=("concentration",),
    sound={"concentration": (0.1, math.inf)},
  )


@register("dirichlet")
def make_dirichlet() -> Reparameterization:
  """Dirichlet(concentration [..., d]): normalised gammas, a softmax of their logs.

  The noise is `[d]` uniforms a draw; `[d, largest concentration]` for integers. Float32
  is coarse near 1: all concentrations but one have to sum to 0.5 or more.
  """

  def g(u, concentration):
    z = tf.nn.softmax(gammas.log_standard(u, concentration), axis=-1)
    return tf.maximum(z, np.finfo(np.float32).tiny)

  return Reparameterization(
    name="dirichlet",
    families=_FAMILY,
    parameters={"concentration": "positive"},
    support="simplex",
    g=g,
    density=tfd.Dirichlet,
    noise_event=lambda a: [a.shape[-1], *gammas.noise_event(a)],
    parameter_ndims={"concentration": 1},
    counted=("concentration",),
    sound={"concentration": (0.1, math.inf)},
  )


@register("beta")
def make_beta() -> Reparameterization:
  """Beta(concentration1, concentration0): z = G1 / (G1 + G0).

  The noise is two uniforms a draw, or `[2, largest concentration]` for integers. Float32
  is coarse near 1: a concentration0 of 0.5 is enough for a concentration1 up to 8, and
  one of 1 for a concentration1 up to 10,000.
  """

  def g(u, concentration1, concentration0):
    z = tf.sigmoid(_log_ratio(u, concentration1, concentration0))
    return open_uniform(tf.cast(z, u.dtype))

  return Reparameterization(
    name="beta",
    families=_FAMILY,
    parameters={"concentration1": "positive", "concentration0": "positive"},
    support="unit_interval",
    g=g,
    density=tfd.Beta,
    noise_event=lambda a, b: [2, *gammas.noise_event(a, b)],
    counted=("concentration1", "concentration0"),
    sound={"concentration1": (0.1, math.inf), "concentration0": (0.5, math.inf)},
  )


@register("chi2")
def make_chi2() -> Reparameterization:
  """Chi2(df): z = 2 G(df / 2).

  The noise is df / 2 uniforms a draw for an even integer df, one otherwise.
  """

  def g(u, df):
    log_z = gammas.log_standard(u, _half(df)) + math.log(2.0)
    return bounded_exp(log_z, u.dtype)

  return Reparameterization(
    name="chi2",
    families=_FAMILY,
    parameters={"df": "positive"},
    support="positive",
    g=g,
    density=tfd.Chi2,
    noise_event=lambda df: gammas.noise_event(_half(df)),
    counted=("df",),
    sound={"df": (0.2, math.inf)},
  )


@register("f")
def make_f() -> Reparameterization:
  """F(df1, df2): the ratio of two chi-squareds, each over its degrees of freedom.

  The noise is two uniforms a draw, or `[2, largest df / 2]` for even integers.
  """

  def g(u, df1, df2):
    halves = _halves(df1, df2)
    log_dfs = [tf.math.log(tf.cast(df, tf.float64)) for df in (df1, df2)]
    log_z = _log_ratio(u, *halves) - log_dfs[0] + log_dfs[1]
    return bounded_exp(log_z, u.dtype)

  return Reparameterization(
    name="f",
    families=_FAMILY,
    parameters={"df1": "positive", "df2": "positive"},
    support="positive",
    g=g,
    density=densities.explicit("f", densities.F),
    noise_event=lambda df1, df2: [2, *gammas.noise_event(*_halves(df1, df2))],
    counted=("df1", "df2"),
    sound={"df1": (0.25, math.inf), "df2": (0.25, math.inf)},
  )


def _log_ratio(u, concentration1, concentration0) -> tf.Tensor:
  """log(G1 / G0); the noise of the two stands side by side, before any counted axis."""
  axis = -1 if tf.is_tensor(concentration1) else -2
  u1, u0 = tf.unstack(u, axis=axis)
  log1 = gammas.log_standard(u1, concentration1)
  return log1 - gammas.log_standard(u0, concentration0)


def _halves(*dfs) -> list:
  """Halves each df: counts if all are even integers, else float tensors."""
  if not any(tf.is_tensor(df) for df in dfs) and all(np.all(df % 2 == 0) for df in dfs):
    return [df // 2 for df in dfs]
  return [tf.cast(df, tf.float64) / 2 for df in dfs]


def _half(df):
  return _halves(df)[0]
