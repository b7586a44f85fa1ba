"""Every posterior, prior, likelihood and bound exports, or is left out with the reason.

A cover with every member runs by default, of pairs with `--every-composition`.
"""

import numpy as np
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.export import conversion, runtimes, signatures
from aevb_tf.export.frozen import operators
from aevb_tf.export.saved_model import write
from tests import compositions
from tests.models.test_compositions import _name

# What LiteRT cannot compute.
_LACKING = {"Lgamma", "MatrixTriangularSolve"}


def _members(row):
  return set(enumerate(map(str, row)))


# Whose programs are short: members that are not of interest in a row are of these.
_PLAIN = _members(
  ("gaussian", "standard_normal", "bernoulli", {"name": "sgvb", "estimator": "A"})
)


def _cover(rows):
  """Few rows in which every member is, beside plain ones where it can be."""
  rows = sorted(rows, key=lambda row: row[0] in ("gamma", "chi2", "f"))
  left, cover = set().union(*map(_members, rows)), []

  def gain(row):
    return len(_members(row) & left), len(_members(row) & _PLAIN)

  while left:
    cover.append(max(rows, key=gain))
    left -= _members(cover[-1])
  return cover


def pytest_generate_tests(metafunc):
  if "composition" in metafunc.fixturenames:
    every = metafunc.config.getoption("--every-composition")
    choose = compositions.pairwise if every else _cover
    rows = choose(compositions.everything())
    metafunc.parametrize("composition", rows, ids=_name)


def _requests(x, condition):
  seed = np.asarray(aevb.random.as_seed(3))
  z = np.full((len(x), compositions.LATENT_DIM), 0.5, np.float32)
  c = {} if condition is None else {"condition": condition.astype(np.int32)}
  return {
    "encode": {"x": x, **c},
    "decode": {"z": z, **c},
    "elbo": {"x": x, "seed": seed, **c},
  }


def test_it_answers_as_the_model_does(composition, tmp_path):
  vae, x = compositions.vae(*composition), compositions.data(composition[2])
  vae.build(x.shape)
  condition = compositions.condition(composition[1], len(x))
  requests = _requests(x, condition)
  requested = signatures.build(vae, only=list(requests))
  frozen = write(vae, requested, tmp_path / "1", default=False)
  exact = {
    name: {
      key: value.numpy()
      for key, value in frozen.functions[name](
        **{key: tf.constant(value) for key, value in given.items()}
      ).items()
    }
    for name, given in requests.items()
  }
  wanted = vae.elbo(x, seed=3, condition=condition)
  np.testing.assert_allclose(exact["elbo"]["elbo"], wanted, 1e-4, 1e-4)
  point = exact["encode"].get("z", exact["encode"].get("mean"))
  right = vae.posterior_family.point_estimate(vae.encode(x, condition=condition))
  np.testing.assert_allclose(point, right, 1e-5, 1e-5)

  content, left_out = conversion.convert(
    tmp_path / "1", frozen.functions, lambda converter, names: None
  )
  for name, reason in left_out.items():
    lacking = reason.removeprefix("LiteRT has no builtin ").split(", ")
    assert set(lacking) <= operators(frozen.functions[name])
    assert set(lacking) & _LACKING, reason
  (tmp_path / "a.tflite").write_bytes(content)
  calls = [runtimes.Call(k, v) for k, v in requests.items() if k not in left_out]
  result = runtimes.run("litert", tmp_path / "a.tflite", calls)
  for call, answer in zip(calls, result, strict=True):
    for key, value in exact[call.signature].items():
      np.testing.assert_allclose(answer.outputs[key], value, 1e-3, 1e-3, err_msg=key)


def test_the_cover_has_every_member():
  rows = compositions.everything()
  cover = _cover(rows)
  assert set().union(*map(_members, cover)) == set().union(*map(_members, rows))
  assert len(cover) < len(rows) / 10
