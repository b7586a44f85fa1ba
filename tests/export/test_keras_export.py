"""Keras' own `vae.export(path)` does what Keras documents."""

import numpy as np
import pytest
import tensorflow as tf

from tests.export.conftest import small_vae


def test_the_endpoint_serve_reconstructs(tmp_path, x):
  vae = small_vae()
  vae(x)  # Keras exports what was called
  vae.export(str(tmp_path / "model"), verbose=False)
  loaded = tf.saved_model.load(str(tmp_path / "model"))
  np.testing.assert_allclose(loaded.serve(x), vae.reconstruct(x), 1e-6, 1e-6)
  assert "serving_default" in loaded.signatures


@pytest.mark.parametrize("condition", [3, (2,)], ids=["labels", "vector"])
def test_a_model_with_a_condition_takes_pairs(tmp_path, x, condition):
  vae = small_vae(condition=condition)
  c = vae.condition.examples(len(x))
  vae.export(str(tmp_path / "model"), verbose=False)
  loaded = tf.saved_model.load(str(tmp_path / "model"))
  right = vae.reconstruct(x, condition=c)
  np.testing.assert_allclose(loaded.serve((x, c)), right, 1e-6, 1e-6)
