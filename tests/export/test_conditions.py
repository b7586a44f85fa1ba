"""Exported models with a condition answer as `vae.X(..., condition=)` does."""

import json

import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
import aevb_tf.export as export
from aevb_tf.export import (
  flatbuffer,
  manifest,
  runtimes,
  signatures,
  verify,
)
from aevb_tf.export.exporting import export as export_run
from aevb_tf.export.saved_model import METADATA
from tests.export.conftest import (
  OPTIONS,
  answers_of,
  run_folder_of,
  small_vae,
)

SCHEMA = aevb.tables.Schema(
  [
    {"name": "age", "kind": "real", "location": 50.0, "scale": 17.0},
    {"name": "sex", "kind": "binary", "levels": ["female", "male"], "type": "text"},
    {"name": "visits", "kind": "count", "scale": 3.0, "type": "int"},
    {"name": "site", "kind": "categorical", "levels": ["a", "b", "c"], "type": "text"},
  ]
)
IMAGES = np.random.default_rng(2).random((5, 8, 6, 1)).astype(np.float32)
# Name to the model's condition, the conditions of five examples, and invalid ones.
KINDS = {
  "classes": (["cat", "dog"], np.array(["dog", "cat", "dog", "cat", "cat"]), (-1, 2)),
  "vector": ((2,), np.linspace(-1, 1, 10, dtype=np.float32).reshape(5, 2), np.nan),
  "image": ((8, 6, 1), IMAGES, np.inf),
  "columns": (SCHEMA, aevb.conditions.Columns(SCHEMA).examples(5), np.nan),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
  return request.param


@pytest.fixture(scope="module")
def conditional(kind):
  """A model of this kind of condition, whose prior also depends on it."""
  return small_vae(condition=KINDS[kind][0], prior="conditional")


@pytest.fixture(scope="module")
def answers(kind, conditional, x, seed):
  return answers_of(conditional, x, seed, KINDS[kind][1])


@pytest.fixture(scope="module")
def saved(conditional, tmp_path_factory):
  path = tmp_path_factory.mktemp("conditions") / "saved_model"
  return export.saved_model(conditional, path, **OPTIONS)


@pytest.fixture(scope="module")
def lite(conditional, tmp_path_factory):
  path = tmp_path_factory.mktemp("conditions") / "model.tflite"
  assert export.tflite(conditional, path, **OPTIONS)["left_out"] == {}
  return path


def _invalid(kind, codes):
  """Conditions of which the second is invalid, and perhaps the fourth."""
  broken = codes.copy()
  first, *others = np.atleast_1d(KINDS[kind][2])
  broken[1].fill(first) if broken.ndim > 1 else broken.put(1, first)
  for value in others:
    broken[3] = value
  return broken, [1, 3] if others else [1]


def test_a_saved_model_answers_as_the_model(saved, answers):
  loaded = tf.saved_model.load(saved).signatures
  for name, (inputs, outputs) in answers.items():
    result = loaded[name](**{key: tf.constant(v) for key, v in inputs.items()})
    assert set(result) == set(outputs), name
    for key, value in outputs.items():
      np.testing.assert_allclose(result[key], value, 2e-6, 2e-6, err_msg=name)


def test_a_lite_file_answers_as_the_model(lite, answers):
  calls = [runtimes.Call(name, inputs) for name, (inputs, _) in answers.items()]
  for found, (name, (_, outputs)) in zip(
    runtimes.run("litert", lite, calls), answers.items(), strict=True
  ):
    assert set(found.outputs) == set(outputs), name
    for key, value in outputs.items():
      np.testing.assert_allclose(found.outputs[key], value, 1e-5, 1e-5, err_msg=name)
    if name == "sample":
      np.testing.assert_allclose(found.outputs["z"], outputs["z"], 1e-6, 2.4e-7)


@pytest.mark.parametrize("kind", ["classes", "columns"], scope="module")
def test_a_fixed_batch_answers_as_the_model(kind, conditional, answers, tmp_path):
  path, size = tmp_path / "fixed.tflite", 4
  export.tflite(conditional, path, batch_size=size, **OPTIONS)
  assert "SHAPE" not in flatbuffer.operators(path.read_bytes())
  calls = []
  for name, (inputs, _) in answers.items():
    cut = {k: v if k in ("seed", "num") else v[:size] for k, v in inputs.items()}
    if cut.pop("num", None) is not None:
      cut["first"] = np.int32(0)
    calls.append(runtimes.Call(name, cut))
  for found, (name, (_, outputs)) in zip(
    runtimes.run("litert", path, calls), answers.items(), strict=True
  ):
    for key, value in outputs.items():
      value = value[:size]
      np.testing.assert_allclose(found.outputs[key], value, 1e-5, 1e-5, err_msg=name)


def test_one_condition_is_for_all(kind, conditional, saved, lite, x, seed):
  c = KINDS[kind][1][1:2]
  codes = conditional.condition.as_array(c)
  requests = {
    "sample": (
      {"num": np.int32(3), "seed": seed},
      conditional.sample(3, seed, condition=c),
    ),
    "reconstruct": ({"x": x}, conditional.reconstruct(x, condition=c)),
  }
  loaded = tf.saved_model.load(saved).signatures
  for name, (inputs, value) in requests.items():
    inputs = {**inputs, "condition": codes}
    result = loaded[name](**{k: tf.constant(v) for k, v in inputs.items()})["x_mean"]
    np.testing.assert_allclose(result, value, 2e-6, 2e-6)
    (found,) = runtimes.run("litert", lite, [runtimes.Call(name, inputs)])
    np.testing.assert_allclose(found.outputs["x_mean"], value, 1e-5, 1e-5)


def test_an_invalid_condition_is_an_error_or_nan(kind, answers, saved, lite):
  loaded = tf.saved_model.load(saved).signatures
  wanted, calls = {}, []
  for name, (inputs, outputs) in answers.items():
    if "condition" not in inputs:
      continue
    condition, wrong = _invalid(kind, inputs["condition"])
    inputs = {**inputs, "condition": condition}
    with pytest.raises(tf.errors.InvalidArgumentError, match="invalid values. Th"):
      loaded[name](**{k: tf.constant(v) for k, v in inputs.items()})
    calls.append(runtimes.Call(name, inputs))
    wanted[name] = outputs, wrong
  for found, (name, (outputs, wrong)) in zip(
    runtimes.run("litert", lite, calls), wanted.items(), strict=True
  ):
    for key, value in outputs.items():
      value = np.array(value)
      value[wrong] = np.nan
      np.testing.assert_allclose(found.outputs[key], value, 1e-5, 1e-5, err_msg=name)


def test_the_number_of_conditions_is_that_of_the_rows(answers, saved, lite):
  loaded = tf.saved_model.load(saved).signatures
  calls = []
  for name, (inputs, _) in answers.items():
    if "condition" not in inputs:
      continue
    inputs = {**inputs, "condition": inputs["condition"][:2]}
    with pytest.raises(
      tf.errors.InvalidArgumentError, match="one for all rows, or one"
    ):
      loaded[name](**{k: tf.constant(v) for k, v in inputs.items()})
    calls.append(runtimes.Call(name, inputs))
  for call, found in zip(calls, runtimes.run("litert", lite, calls), strict=True):
    for value in found.outputs.values():
      assert np.isnan(value).all(), call.signature


def test_a_condition_of_another_shape_is_refused(saved, answers):
  loaded = tf.saved_model.load(saved).signatures
  inputs, _ = answers["reconstruct"]
  wrong = np.stack([inputs["condition"]] * 2, axis=-1)
  with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
    loaded["reconstruct"](x=tf.constant(inputs["x"]), condition=tf.constant(wrong))


def test_the_metadata_describe_the_condition(kind, conditional, saved, lite):
  described = json.loads((saved / METADATA).read_text())
  assert described["condition"] == conditional.condition.get_config()
  assert aevb.conditions.get(described["condition"]) is not None
  assert flatbuffer.metadata(lite.read_bytes())["condition"] == described["condition"]
  for name, signature in described["signatures"].items():
    if name == "classify":
      assert "condition" not in signature["inputs"]
      continue
    spec = signature["inputs"]["condition"]
    shape = [-1, *conditional.condition.shape]
    assert (spec["dtype"], spec["shape"]) == (conditional.condition.dtype.name, shape)
    assert spec["doc"].startswith("that of each row, or one for all. Th")
  assert ("classify" in described["signatures"]) == (kind == "classes")


def test_a_model_without_a_condition_has_no_such_input(vae):
  for signature in signatures.build(vae).values():
    assert "condition" not in [spec.name for spec in signature.inputs]
  assert "classify" not in signatures.build(vae)


def test_more_samples_than_allowed_have_their_conditions(x, seed):
  vae = small_vae(condition=3, prior="conditional")
  sample = signatures.build(vae, max_samples=2, clamp=True)["sample"].function
  found = sample(tf.constant(5), seed, tf.constant([2, 0, 1, 1, 1]))
  np.testing.assert_allclose(
    found["x_mean"], vae.sample(2, seed=seed, condition=[2, 0]), 1e-6, 1e-6
  )


def test_classes_of_unscorable_examples_are_nan(x, seed):
  vae = small_vae(condition=3)
  classify = signatures.build(vae)["classify"].function
  broken = x.copy()
  broken[1, 0, 0, 0] = np.nan
  probs = classify(tf.constant(broken), seed)["probs"].numpy()
  assert np.isnan(probs[1]).all()
  np.testing.assert_allclose(
    probs[[0, 2]], vae.classify(x[[0, 1, 2]], seed=seed).numpy()[[0, 2]], 1e-5
  )


def test_a_run_is_exported_and_verified(tmp_path):
  """A model of digits by their class: bounds are measured given the classes."""
  vae = small_vae(shape=(28, 28, 1), condition=10, prior="conditional")
  run = run_folder_of(vae, tmp_path / "run")
  options = {"name": "digits", "batch_size": 2, "quantize": "float16", "max_nats": 50.0}
  formats = ("saved_model", "tflite")
  report = export_run(run.path, tmp_path / "export", formats, **options, **OPTIONS)
  assert report.breaches == [] and report.skipped == []
  found = {(d.artifact, d.signature) for d in report.differences}
  assert {(path, "classify") for path in ("saved_model", "digits.tflite")} <= found
  names = {
    case.signature for case in verify.load_cases(tmp_path / "export/reference.npz")
  }
  assert names >= {"sample", "elbo_png", "classify"}
  for artifact in manifest.read(tmp_path / "export")["artifacts"]:
    if artifact["quantize"] == "float16":
      assert artifact["told"]["quantization"]["num_examples"] > 100
      assert artifact["told"]["quantization"]["nats"] != 0.0


@pytest.mark.parametrize("kind", ["int8", "dynamic"])
def test_a_quantized_file_is_judged_given_conditions(kind, tmp_path, seed):
  vae = small_vae(condition=["cat", "dog"], prior="conditional")
  rng = np.random.default_rng(5)
  x = rng.random((40, 8, 6, 1)).astype(np.float32)
  c = np.array(["cat", "dog"])[rng.integers(0, 2, 40)]
  path, only = tmp_path / "a.tflite", ["sample", "elbo"]
  result = export.tflite(vae, path, kind, [(x, c)], max_nats=5.0, only=only)
  assert result["quantization"]["num_examples"] == 40
  codes = vae.condition.as_array(c)
  call = runtimes.Call("elbo", {"x": x, "seed": seed, "condition": codes})
  (found,) = runtimes.run("litert", path, [call])
  exact = vae.elbo(x, seed=seed, condition=c)
  assert abs(np.mean(found.outputs["elbo"] - exact)) < 5.0
  assert not np.allclose(vae.elbo(x, seed=seed, condition=c[::-1]), exact, atol=5.0)


def test_data_without_conditions_are_refused(tmp_path, x):
  vae = small_vae(condition=3)
  with pytest.raises(ValueError, match="and test_data has none: give batches"):
    export.tflite(vae, tmp_path / "a", "float16", test_data=x)
  with pytest.raises(ValueError, match="The classes are 0, ..., 2"):
    export.tflite(vae, tmp_path / "a", "float16", test_data=[(x, [3] * len(x))])
  stream = tf.data.Dataset.from_tensor_slices((x, [3] * len(x))).batch(2)
  with pytest.raises(ValueError, match="invalid values. The classes are 0, ..., 2"):
    export.tflite(vae, tmp_path / "a", "float16", test_data=stream)
