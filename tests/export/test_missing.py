"""An exported model of incomplete examples takes NaN for what was not observed."""

import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.export import conversion, metadata, runtimes, signatures
from aevb_tf.export.saved_model import write
from tests.models.test_missing import images_with_gaps, make


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
@pytest.mark.parametrize("encode_mask", [False, True])
def test_it_answers_as_the_model_does(encode_mask, tmp_path):
  x = images_with_gaps(np.random.default_rng(0))
  vae = make(aevb.VAE, {"encode_mask": encode_mask, "fill_value": 0.5})
  seed = np.asarray(aevb.random.as_seed(3))
  given = {
    "reconstruct": {"x": x},
    "elbo": {"x": x, "seed": seed},
    "log_marginal": {"x": x, "seed": seed},
  }
  requested = signatures.build(vae, num_importance_samples=20, only=list(given))
  frozen = write(vae, requested, tmp_path / "1", default=False)
  wanted = {
    "reconstruct": {"x_mean": vae.reconstruct(x)},
    "elbo": {"elbo": vae.elbo(x, seed=3)},
    "log_marginal": {"log_marginal": vae.log_marginal(x, num_samples=20, seed=3)},
  }
  for name, values in wanted.items():
    found = frozen.functions[name](
      **{k: tf.constant(v) for k, v in given[name].items()}
    )
    for key, value in values.items():
      assert np.all(np.isfinite(value))
      np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-5)
  described = metadata.describe(vae, requested, frozen.functions)
  assert described["likelihood"] == "Bernoulli"
  assert "NaN for missing values" in described["x_range"]

  content, left_out = conversion.convert(
    tmp_path / "1", frozen.functions, lambda converter, names: None
  )
  assert not left_out
  (tmp_path / "a.tflite").write_bytes(content)
  calls = [runtimes.Call(name, values) for name, values in given.items()]
  answers = runtimes.run("litert", tmp_path / "a.tflite", calls)
  for call, answer in zip(calls, answers, strict=True):
    for key, value in wanted[call.signature].items():
      np.testing.assert_allclose(answer.outputs[key], value, 1e-4, 1e-4, err_msg=key)
