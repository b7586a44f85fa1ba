"""An exported model of a table answers as the model does, in every kind of column."""

import json

import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import export
from aevb_tf.export import conversion, flatbuffer, runtimes, signatures
from aevb_tf.export.saved_model import METADATA, write
from tests.models.test_tables import SCHEMA, X


@pytest.mark.parametrize("missing", [False, True])
def test_it_answers_as_the_model_does(missing, tmp_path):
  x = X[:5].copy()
  if missing:
    x[np.random.default_rng(0).random(x.shape) < 0.3] = np.nan
  vae = aevb.VAE.for_table(SCHEMA, 2, (8,), missing=missing, seed=0)
  seed = np.asarray(aevb.random.as_seed(3))
  given = {"encode": {"x": x}, "reconstruct": {"x": x}, "elbo": {"x": x, "seed": seed}}
  requested = signatures.build(vae, only=list(given))
  frozen = write(vae, requested, tmp_path / "1", default=False)
  content, left_out = conversion.convert(
    tmp_path / "1", frozen.functions, lambda converter, names: None
  )
  assert not left_out
  (tmp_path / "a.tflite").write_bytes(content)
  calls = [runtimes.Call(name, values) for name, values in given.items()]
  answers = runtimes.run("litert", tmp_path / "a.tflite", calls)
  posterior = vae.encode(x)
  wanted = {
    "encode": vae.posterior_family.named_parameters(posterior),
    "reconstruct": {"x_mean": vae.reconstruct(x)},
    "elbo": {"elbo": vae.elbo(x, seed=3)},
  }
  for call, answer in zip(calls, answers, strict=True):
    tensors = {k: tf.constant(v) for k, v in given[call.signature].items()}
    saved = frozen.functions[call.signature](**tensors)
    for key, value in wanted[call.signature].items():
      assert np.all(np.isfinite(value))
      np.testing.assert_allclose(saved[key], value, 1e-5, 1e-5)
      np.testing.assert_allclose(answer.outputs[key], value, 1e-4, 1e-4)


def test_the_metadata_have_the_schema(tmp_path):
  vae = aevb.VAE.for_table(SCHEMA, 2, (8,), seed=0)
  export.saved_model(vae, tmp_path / "1", only=["decode"])
  export.tflite(vae, tmp_path / "a.tflite", only=["decode"])
  described = json.loads((tmp_path / "1" / METADATA).read_text())
  assert aevb.tables.Schema.from_dict(described["schema"]) == SCHEMA
  x_mean = described["signatures"]["decode"]["outputs"]["x_mean"]
  assert x_mean["doc"].endswith("the most probable category or the median level")
  assert (
    flatbuffer.metadata((tmp_path / "a.tflite").read_bytes())["schema"]
    == (described["schema"])
  )
