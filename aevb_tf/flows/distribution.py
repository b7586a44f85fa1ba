"""The distribution of a flow's samples, whose moments have no closed form."""

from tensorflow_probability import distributions as tfd


class FlowDistribution(tfd.TransformedDistribution):
  """`tfd.TransformedDistribution` whose error about a moment says what to do."""

  def _mean(self, **kwargs):
    raise _no_closed_form("mean")

  def _mode(self, **kwargs):
    raise _no_closed_form("mode")

  def _stddev(self, **kwargs):
    raise _no_closed_form("stddev")

  def _variance(self, **kwargs):
    raise _no_closed_form("variance")

  def _covariance(self, **kwargs):
    raise _no_closed_form("covariance")

  def _entropy(self, **kwargs):
    raise _no_closed_form("entropy")


def _no_closed_form(name):
  return NotImplementedError(
    f"`{name}` of a flow has no closed form: estimate it from `sample(1000)`. For the "
    "code of an example, use `vae.posterior_family.point_estimate(vae.encode(x))`."
  )
