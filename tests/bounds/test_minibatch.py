import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

import aevb_tf as aevb
from tests.oracle import tiny_vae


def test_scaling_is_n_over_m_times_the_sum():
  bound = tf.constant([-1.0, -2.0, -6.0])
  value = aevb.bounds.minibatch_bound
  np.testing.assert_allclose(value(bound), -3.0, rtol=1e-6)
  np.testing.assert_allclose(value(bound, 60000), 60000 / 3 * -9.0, rtol=1e-6)
  weights = tf.constant([1.0, 0.0, 2.0])
  np.testing.assert_allclose(value(bound, 300, weights), 300 / 3 * -13.0, rtol=1e-6)


def test_parameter_prior_is_a_normal_density():
  values = [np.array([[1.0, -2.0]], np.float32), np.array([0.5], np.float32)]
  ours = aevb.bounds.log_parameter_prior([keras.Variable(v) for v in values], 0.3)
  exact = sum(scipy.stats.norm.logpdf(v, 0, 0.3).sum() for v in values)
  np.testing.assert_allclose(ours, exact, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [10, 20, 40])
def test_the_prior_counts_once_for_the_data_set(batch_size):
  """Constant weights: the loss does not depend on how the data are cut."""
  vae = tiny_vae(dataset_size=40, parameter_prior_stddev=0.5)
  for variable in vae.trainable_variables:
    variable.assign(tf.fill(variable.shape, 0.1))
  vae.compile(keras.optimizers.SGD(0.0))
  x = np.random.default_rng(0).random((40, 4, 3, 1), np.float32)
  result = vae.evaluate(x, batch_size=batch_size, return_dict=True, verbose=0)
  count = sum(
    v.shape.num_elements() for v in map(tf.convert_to_tensor, vae.trainable_variables)
  )
  prior = count * scipy.stats.norm.logpdf(0.1, 0, 0.5)
  np.testing.assert_allclose(result["loss"], -40 * result["elbo"] - prior, rtol=1e-6)


def test_map_shrinks_the_weights_by_the_prior_s_gradient():
  plain, penalised = (
    tiny_vae(dataset_size=8),
    tiny_vae(dataset_size=8, parameter_prior_stddev=0.5),
  )
  x = np.random.default_rng(0).random((8, 4, 3, 1), np.float32)
  before = [v.numpy() for v in plain.trainable_variables]
  for vae in (plain, penalised):
    # Eager: to compile takes longer than the one step.
    vae.compile(keras.optimizers.SGD(1e-3), run_eagerly=True, jit_compile=False)
    vae.fit(x, batch_size=8, epochs=1, verbose=0)
  variables = zip(
    before, plain.trainable_variables, penalised.trainable_variables, strict=True
  )
  for start, a, b in variables:
    np.testing.assert_allclose(b - a, -1e-3 * start / 0.5**2, atol=1e-6)


@pytest.mark.parametrize(
  "options, message",
  [
    ({"parameter_prior_stddev": 1.0}, "needs dataset_size"),
    ({"parameter_prior_stddev": 0.0, "dataset_size": 5}, "must be positive"),
    ({"dataset_size": 0}, "dataset_size=0"),
  ],
)
def test_invalid_options_are_refused(options, message):
  with pytest.raises(ValueError, match=message):
    tiny_vae(**options)
