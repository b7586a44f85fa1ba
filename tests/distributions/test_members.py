"""Every registered distribution, and one of a user's own, in the harness.

The tests are generated from the registry: a new member enters `cases.CASES`, or the
collection fails.
"""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats as sps

from aevb_tf import distributions, reparameterization
from tests import stats
from tests.distributions import cases, harness

CHECKS = [
  pytest.param(check, member, case, id=f"{check.__name__}-{member.name}-{i}")
  for i, (member, case) in enumerate(cases.every_case())
  for check in harness.checks_for(member, case)
]


@pytest.mark.parametrize(("check", "member", "case"), CHECKS)
def test_members(check, member, case, seeds):
  check(member, case, seeds)


def test_a_gradient_that_misses_a_tenth_is_noticed(seeds):
  member, case = next(pair for pair in cases.every_case() if pair[0].name == "gamma")
  (gradient, _) = harness.gradients_of(member, case, tf.atan, seeds())
  exact = cases.exact_gradient(np.arctan, case, 0)
  stats.assert_mean(gradient, exact)
  with pytest.raises(AssertionError):
    stats.assert_mean(0.9 * gradient, exact)


class Lomax(distributions.ClosedForm):
  """Lomax(concentration, scale): z = scale * ((1 - u)^(-1 / concentration) - 1)."""

  name = "lomax"
  families = ("inverse_cdf",)
  parameters = {"concentration": "positive", "scale": "positive"}
  support = "positive"

  def g(self, u, concentration, scale):
    return scale * tf.math.expm1(-tf.math.log1p(-u) / concentration)

  def formula(self, z, concentration, scale):
    log_ratio = tf.math.log(concentration) - tf.math.log(scale)
    return log_ratio - (concentration + 1) * tf.math.log1p(z / scale)

  def cdf(self, z, concentration, scale):
    return -tf.math.expm1(-concentration * tf.math.log1p(z / scale))


@pytest.fixture
def unregistered(monkeypatch):
  """What a test registers is unknown again after it."""
  known = dict(distributions.registered._registry._members)
  monkeypatch.setattr(distributions.registered._registry, "_members", known)


def test_a_distribution_of_ones_own(unregistered, seeds):
  distributions.register("lomax")(Lomax)
  case = cases.Case((2.5, 0.8), lambda c, scale: sps.lomax(c, scale=scale))
  harness.check_member(distributions.get("lomax"), case, seeds)


def test_a_distribution_made_of_functions_is_deprecated(unregistered, seeds):
  @reparameterization.register("reversed_gumbel")
  def make():
    return reparameterization.Reparameterization(
      name="reversed_gumbel",
      families=("inverse_cdf",),
      parameters={"loc": "real", "scale": "positive"},
      support="real",
      g=lambda u, loc, scale: loc - scale * tf.math.log(-tf.math.log(u)),
      density=tfp.distributions.Gumbel,
      sound={"loc": (-100.0, 100.0)},
    )

  with pytest.warns(DeprecationWarning, match="write a subclass"):
    member = reparameterization.get("reversed_gumbel")
  assert member.sound == {"loc": (-100.0, 100.0)}
  case = cases.Case((-0.5, 1.5), sps.gumbel_r)
  for check in harness.checks_for(member, case):
    if check is not harness.config_round_trip:  # `get` warns at each call
      check(member, case, seeds)
  with (
    pytest.warns(DeprecationWarning),
    pytest.raises(TypeError, match="Unknown arguments: sounds"),
  ):
    reparameterization.Reparameterization("x", (), {}, "real", None, None, sounds={})


def test_the_paper_s_name_has_the_same_members():
  assert reparameterization.names() == distributions.names()
  assert reparameterization.get is distributions.get
