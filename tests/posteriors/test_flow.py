import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import flows, posteriors, priors
from tests.jacobian import change_of_variables, roughen

FLOWS = ["iaf", "real_nvp"]


def case(name, rough=True, latent_dim=3, **options):
  """A flow posterior and what an encoder gives for five data."""
  posterior = posteriors.get({"name": name, "hidden_units": (8,), **options})
  posterior.build((latent_dim,))
  if rough:
    roughen(posterior)
  raw = np.random.default_rng(1).normal(size=(5, posterior.params_size(latent_dim)))
  return posterior, tf.constant(raw, tf.float32)


@pytest.mark.parametrize("name", FLOWS)
def test_a_new_flow_is_the_gaussian(name):
  posterior, params = case(name, rough=False)
  gaussian = posteriors.get("gaussian")
  gaussian.build((3,))
  noise = posterior.noise(0, tf.range(5), 2)
  q, p = posterior.distribution(params), gaussian.distribution(params)
  z = posterior.sample(q, noise)
  np.testing.assert_allclose(z, gaussian.sample(p, noise), rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(q.log_prob(z), p.log_prob(z), rtol=1e-5)
  np.testing.assert_allclose(posterior.point_estimate(q), p.mean(), rtol=1e-5)


@pytest.mark.parametrize("name", [*FLOWS, "maf"])
def test_a_moment_without_a_closed_form_says_what_to_use(name):
  if name == "maf":
    prior = priors.get("maf")
    prior.build((3,))
    q = prior.distribution()
  else:
    posterior, params = case(name)
    q = posterior.distribution(params)
  for moment in ("mean", "mode", "stddev", "variance", "covariance", "entropy"):
    with pytest.raises(NotImplementedError, match="sample.1000.*point_estimate") as e:
      getattr(q, moment)()
    assert str(e.value).startswith(f"`{moment}` of a flow")


@pytest.mark.parametrize("options", [{}, {"num_steps": 3, "context_size": 2}], ids=str)
@pytest.mark.parametrize("name", FLOWS)
def test_its_density_is_that_of_its_draws(name, options):
  posterior, params = case(name, **options)
  q = posterior.distribution(params)
  noise = posterior.noise(0, tf.range(5), 1)[0]
  z, expected = change_of_variables(
    lambda eps: posterior.sample(q, eps[tf.newaxis])[0], noise
  )
  close = {"rtol": 1e-4, "atol": 1e-4}
  fresh = posterior.distribution(params)  # remembers no draw: must invert
  np.testing.assert_allclose(fresh.log_prob(z), expected, **close)
  z = posterior.sample(q, noise[tf.newaxis])
  np.testing.assert_allclose(q.log_prob(z)[0], expected, **close)
  gaussian = posteriors.get("gaussian").distribution(params[:, :6])
  assert not np.allclose(gaussian.log_prob(z)[0], expected, atol=0.1)


@pytest.mark.parametrize("name", FLOWS)
def test_the_context_bends_the_flow(name):
  posterior, params = case(name, context_size=2)
  other = params + tf.constant([0.0] * 6 + [1.0] * 2)
  noise = posterior.noise(0, tf.range(5), 1)
  z = [posterior.sample(posterior.distribution(p), noise) for p in (params, other)]
  assert not np.allclose(*z, atol=1e-2)


def test_an_autoregressive_network_sees_only_what_is_before():
  network = flows.Conditioner(4, 4, (9, 7), autoregressive=True)
  roughen(network)
  z = tf.random.stateless_normal((6, 4), (0, 1))
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(z)
    outputs = network.parameters(z)
  for output in outputs:
    jacobian = tape.batch_jacobian(output, z).numpy()
    np.testing.assert_array_equal(np.triu(jacobian), 0)
    assert np.all(np.abs(jacobian[:, *np.tril_indices(4, -1)]) > 0)


def test_a_single_latent_has_an_iaf_but_no_halves():
  posterior, params = case("iaf", latent_dim=1, context_size=1)
  q = posterior.distribution(params)
  assert np.isfinite(q.log_prob(posterior.point_estimate(q))).all()
  with pytest.raises(ValueError, match="real_nvp needs at least two latents"):
    posteriors.get("real_nvp").build((1,))


@pytest.mark.parametrize(
  "options", [{"num_steps": 0}, {"hidden_units": ()}, {"context_size": -1}], ids=str
)
def test_invalid_options_are_refused(options):
  with pytest.raises(ValueError, match=next(iter(options))):
    posteriors.get({"name": "iaf", **options})
