import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import bounds
from tests.oracle import tiny_vae

WARM_UP = {"name": "warm_up", "num_steps": 4}


def terms():
  rng = np.random.default_rng(0)
  densities = rng.normal(size=(3, 4, 5)).astype(np.float32)
  parts = rng.random((5, 2)).astype(np.float32)
  return bounds.Terms(*densities, parts.sum(1), parts)


def test_the_weight_multiplies_only_the_kl():
  t = terms()
  log_likelihood = t.log_likelihood.mean(0)
  sampled = (t.log_q - t.log_prior).mean(0)
  b, a = bounds.SGVB("B", 4, kl_weight=4), bounds.SGVB("A", 4, kl_weight=0.5)
  np.testing.assert_allclose(b(t), log_likelihood - 4 * t.kl, rtol=1e-5)
  np.testing.assert_allclose(a(t), log_likelihood - 0.5 * sampled, rtol=1e-5)
  np.testing.assert_array_equal(bounds.SGVB("B", 4, kl_weight=1)(t), bounds.sgvb_b(t))


def test_free_bits_are_free_for_each_latent():
  t = terms()
  kl = np.maximum(t.kl_per_latent, 0.5).sum(1)
  bound = bounds.SGVB("B", 4, free_bits=0.5)
  np.testing.assert_allclose(bound(t), t.log_likelihood.mean(0) - kl, rtol=1e-5)
  parts = tf.constant(t.kl_per_latent)
  with tf.GradientTape() as tape:
    tape.watch(parts)
    value = bound(t._replace(kl_per_latent=parts))
  expected = -(t.kl_per_latent > 0.5).astype(np.float32)
  np.testing.assert_array_equal(tape.gradient(value, parts), expected)


def test_a_warm_up_is_a_straight_line_to_its_end():
  warm_up = bounds.WarmUp(4, start=0.2, end=1.0)
  weights = [float(warm_up(step)) for step in (0, 1, 4, 100)]
  np.testing.assert_allclose(weights, [0.2, 0.4, 1.0, 1.0], rtol=1e-6)


def test_weights_follow_the_updates_and_metrics_stay_the_bound(tmp_path):
  vae = tiny_vae(bound={"name": "sgvb", "kl_weight": WARM_UP})
  vae.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
  x = np.random.default_rng(0).random((20, 4, 3, 1), np.float32)
  for step in range(6):
    result = vae.evaluate(x, batch_size=20, return_dict=True, verbose=0)
    weighted = result["log_likelihood"] - min(step / 4, 1) * result["kl"]
    np.testing.assert_allclose(-result["loss"], weighted, rtol=1e-5)
    elbo = result["log_likelihood"] - result["kl"]
    np.testing.assert_allclose(result["elbo"], elbo, rtol=1e-5)
    if step == 1:
      vae.save(tmp_path / "vae.keras")
      again = aevb.load(tmp_path / "vae.keras")
      assert again.evaluate(x, batch_size=20, return_dict=True, verbose=0) == result
    vae.fit(x, batch_size=20, verbose=0)


def test_schedules_of_keras_fit():
  schedule = keras.optimizers.schedules.PolynomialDecay(4.0, 10, 1.0)
  bound = bounds.SGVB(kl_weight=schedule)
  again = bounds.SGVB.from_config(bound.get_config())
  np.testing.assert_allclose(again(terms(), 3), bound(terms(), 3))
  assert not np.allclose(bound(terms(), 3), bound(terms(), 5))


@pytest.mark.parametrize(
  "options",
  [
    {"kl_weight": -1},
    {"kl_weight": True},
    {"kl_weight": {"name": "warm"}},
    {"kl_weight": {"name": "warm_up", "num_steps": 0}},
    {"free_bits": -0.1},
    {"free_bits": 0.1, "estimator": "A"},
  ],
  ids=str,
)
def test_invalid_options_are_refused(options):
  with pytest.raises(ValueError, match="kl_weight|free_bits|warm_up"):
    bounds.get({"name": "sgvb", **options})
