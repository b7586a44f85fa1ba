"""What SciPy says of each member: one entry, and every test covers it.

A case has parameters, and the distribution in SciPy of `project(z)`, a scalar. Integer
parameters take the integer path of the compositions, and are not differentiated.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import stats

from aevb_tf import distributions


def _identity(z):
  return z


@dataclasses.dataclass(frozen=True)
class Case:
  """Parameters of one member, and the oracle for them."""

  params: tuple
  oracle: Callable[..., Any]
  options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  project: Callable = _identity
  joint: Callable[..., Any] | None = None

  def learned(self) -> list[int]:
    """The positions of the parameters that have gradients."""
    kinds = [np.asarray(param).dtype.kind for param in self.params]
    return [i for i, kind in enumerate(kinds) if kind == "f"]


# A direction with no symmetry, for projections of vectors.
_DIRECTION = np.array([0.5, -1.0, 2.0])
_LOC = np.array([0.3, -1.0, 0.7])
_SCALE_TRIL = np.array([[0.8, 0.0, 0.0], [-0.5, 1.2, 0.0], [0.3, 0.4, 0.6]])


def _along(z):
  return z @ _DIRECTION.astype(z.dtype.as_numpy_dtype)[:, None]


def _project_vector(z):
  return _along(z)[..., 0]


def _width(scale_tril):
  return np.linalg.norm(np.tril(scale_tril).T @ _DIRECTION)


def _covariance(scale_tril):
  return np.tril(scale_tril) @ np.tril(scale_tril).T


def _first(z):
  return z[..., 0]


def _first_two(z):
  return z[..., 0] + z[..., 1]


def _gamma(concentration, rate):
  return stats.gamma(concentration, scale=1 / rate)


def _dirichlet_first(a):
  return stats.beta(a[0], a[1] + a[2])


def _dirichlet_first_two(a):
  return stats.beta(a[0] + a[1], a[2])


CASES: dict[str, list[Case]] = {
  "beta": [
    Case((2.5, 0.7), stats.beta),
    Case((3, 2), stats.beta),
    Case((0.2, 0.5), stats.beta),
  ],
  "cauchy": [Case((0.5, 1.5), stats.cauchy)],
  "chi2": [Case((3.3,), stats.chi2), Case((6,), stats.chi2), Case((3,), stats.chi2)],
  "dirichlet": [
    Case(([0.5, 1.5, 3.0],), _dirichlet_first, project=_first, joint=stats.dirichlet),
    Case(
      ([0.5, 1.5, 3.0],),
      _dirichlet_first_two,
      project=_first_two,
      joint=stats.dirichlet,
    ),
    Case(([1, 3, 2],), _dirichlet_first, project=_first, joint=stats.dirichlet),
  ],
  "elliptical": [
    Case(
      (_LOC, _SCALE_TRIL),
      lambda loc, tril: stats.norm(loc @ _DIRECTION, _width(tril)),
      project=_project_vector,
      joint=lambda loc, tril: stats.multivariate_normal(loc, _covariance(tril)),
    ),
    Case(
      (_LOC, _SCALE_TRIL),
      lambda loc, tril: stats.t(3, loc @ _DIRECTION, _width(tril)),
      options={"df": 3},
      project=_project_vector,
      joint=lambda loc, tril: stats.multivariate_t(loc, _covariance(tril), df=3),
    ),
  ],
  "erlang": [Case((1, 0.5), _gamma), Case((4, 2.0), _gamma)],
  "exponential": [Case((2.0,), lambda rate: stats.expon(scale=1 / rate))],
  "f": [
    Case((3.0, 5.5), stats.f),
    Case((4, 6), stats.f),
    Case((3, 6), stats.f),
  ],
  "gamma": [
    Case((2.5, 0.5), _gamma),
    Case((0.3, 1.0), _gamma),
    Case((2000.0, 1000.0), _gamma),
    Case((3, 2.0), _gamma),
  ],
  "gompertz": [
    Case((0.4, 2.0), lambda c, rate: stats.gompertz(c, scale=1 / rate)),
  ],
  "gumbel": [Case((-0.5, 1.5), stats.gumbel_r)],
  "laplace": [Case((0.5, 1.5), stats.laplace)],
  "log_normal": [Case((0.2, 0.6), lambda loc, s: stats.lognorm(s, scale=np.exp(loc)))],
  "logistic": [Case((0.5, 1.5), stats.logistic)],
  "normal": [Case((0.5, 1.5), stats.norm)],
  "pareto": [Case((1.5, 0.8), lambda c, scale: stats.pareto(c, scale=scale))],
  "rayleigh": [Case((1.3,), lambda scale: stats.rayleigh(scale=scale))],
  "reciprocal": [Case((0.1, 20.0), stats.loguniform)],
  "student_t": [Case((2.5, 0.5, 1.5), stats.t), Case((40.0, -1.0, 0.3), stats.t)],
  "triangular": [
    Case(
      (-1.0, 2.0, 1.2),
      lambda low, high, peak: stats.triang(
        (peak - low) / (high - low), loc=low, scale=high - low
      ),
    )
  ],
  "uniform": [
    Case((-1.0, 0.5), lambda low, high: stats.uniform(low, high - low)),
  ],
  "weibull": [
    Case((1.7, 0.8), lambda c, scale: stats.weibull_min(c, scale=scale)),
    Case((0.4, 0.8), lambda c, scale: stats.weibull_min(c, scale=scale)),
  ],
}


def every_case() -> list:
  """(member, case) for each registered name; a name without a case fails here."""
  missing = set(distributions.names()) - set(CASES)
  if missing:
    raise ValueError(f"Add what SciPy says of {sorted(missing)} to CASES.")
  return [
    (distributions.get({"name": name, **case.options}), case)
    for name, cases in CASES.items()
    for case in cases
  ]


def one_of_each_path() -> list:
  """The cases with distinct graphs: the first of each member, options and types."""
  seen = {}
  for member, case in every_case():
    key = (member.name, *case.options.items(), *case.learned())
    seen.setdefault(key, (member, case))
  return list(seen.values())


def in_float64(member, case) -> list:
  """The parameters as float64 tensors, but for those that must be integers."""
  return [
    param if constraint == "positive_integer" else tf.constant(param, tf.float64)
    for param, constraint in zip(case.params, member.parameters.values(), strict=True)
  ]


def label(value) -> str | None:
  """A test id: the member's name and the parameters' kind."""
  if isinstance(value, Case):
    return "x".join(str(np.ravel(np.asarray(p))[0]) for p in value.params)
  return getattr(value, "name", None)


def expectation(f: Callable, distribution: Any) -> float:
  """E[f(z)] of a frozen SciPy distribution: the integral of f(F^-1(u)) over (0, 1).

  The double exponential rule, u = 1 / (1 + exp(-pi sinh t)), whose nodes crowd at both
  ends, so that no quantile's singularity there costs digits.
  """
  t = np.linspace(-3.6, 3.6, 401)
  left = 1 / (1 + np.exp(-np.pi * np.sinh(t)))  # u; 1 - u by symmetry
  right = left[::-1]
  weight = np.pi * np.cosh(t) * left * right * (t[1] - t[0])
  low = t < 0
  z = np.where(
    low,
    distribution.ppf(np.where(low, left, 0.5)),
    distribution.isf(np.where(low, 0.5, right)),
  )
  return float(np.sum(weight * f(z)))


def exact_gradient(f: Callable, case: Case, position: int) -> np.ndarray:
  """The gradient of E[f(project(z))] in one parameter, by central differences."""
  params = [np.asarray(param, np.float64) for param in case.params]
  value = params[position]
  gradient = np.zeros_like(value)
  for index in np.ndindex(value.shape):
    step = 1e-4 * max(abs(value[index]), 1e-2)
    ends = []
    for sign in (1, -1):
      moved = value.copy()
      moved[index] += sign * step
      arguments = [*params[:position], moved, *params[position + 1 :]]
      ends.append(expectation(f, case.oracle(*arguments)))
    gradient[index] = (ends[0] - ends[1]) / (2 * step)
  return gradient
