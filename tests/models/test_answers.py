"""Answers follow changes that are made to the model after the first answer."""

import numpy as np
import tensorflow as tf

import aevb_tf as aevb
from tests.models.test_vae import digits
from tests.oracle import tiny_vae


def means(vae, x):
  return vae.encode(x).mean().numpy(), vae.encoder.posterior(x).mean().numpy()


def test_answers_follow_variables_that_layers_add():
  vae, x = tiny_vae(), digits(4)
  before, _ = means(vae, x)
  layer = vae.encoder.hidden[0]
  layer.enable_lora(2)
  for variable in (layer.lora_kernel_a, layer.lora_kernel_b):
    variable.assign(tf.ones_like(variable))
  after, expected = means(vae, x)
  np.testing.assert_allclose(after, expected, rtol=1e-5, atol=1e-6)
  assert not np.allclose(after, before)


def test_inferred_latents_follow_variables_that_layers_add():
  decoder, x = aevb.networks.MLPDecoder((4, 3, 1), (8,)), digits(4)
  em = aevb.MonteCarloEM(decoder, 2, num_transitions=2, seed=0)
  em.build((None, 4, 3, 1))
  before = em.infer(x, seed=0).numpy()
  layer = em.decoder.hidden[0]
  layer.enable_lora(2)
  np.testing.assert_array_equal(em.infer(x, seed=0), before)  # b is 0 at first
  for variable in (layer.lora_kernel_a, layer.lora_kernel_b):
    variable.assign(tf.ones_like(variable))
  after = em.infer(x, seed=0).numpy()
  em.run_eagerly = True
  np.testing.assert_allclose(em.infer(x, seed=0), after, rtol=1e-4, atol=1e-5)
  assert not np.allclose(after, before)


def test_answers_follow_variables_that_layers_exchange():
  vae, x = tiny_vae(), digits(4)
  before, _ = means(vae, x)
  vae.encoder.hidden[0].quantize("int8")
  after, expected = means(vae, x)
  np.testing.assert_allclose(after, expected, rtol=1e-5, atol=1e-6)
  assert np.any(after != before)
