"""Whatever may be composed trains, saves, loads and evaluates; the rest is refused.

A pairwise cover runs by default; `--every-composition` runs all of them.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from tests import compositions


def _name(row):
  *names, bound = row
  return "-".join([*names, *map(str, bound.values())])


def pytest_generate_tests(metafunc):
  if "composition" not in metafunc.fixturenames:
    return
  rows = compositions.everything()
  if not metafunc.config.getoption("--every-composition"):
    rows = compositions.pairwise(rows)
  metafunc.parametrize("composition", rows, ids=_name)


def test_it_trains_saves_loads_and_evaluates(composition, tmp_path):
  vae = compositions.vae(*composition)
  # Eager: to compile each would take far longer than to run it.
  vae.compile(keras.optimizers.SGD(1e-3), run_eagerly=True, jit_compile=False)
  x = compositions.data(composition[2])
  y = compositions.condition(composition[1], len(x))
  before = [v.numpy() for v in vae.trainable_variables]
  vae.fit(x, y, batch_size=len(x), epochs=1, verbose=0)
  changed = zip(before, vae.trainable_variables, strict=True)
  assert all(np.isfinite(v).all() for v in vae.trainable_variables)
  moved = [v.path for b, v in changed if not np.array_equal(b, v)]
  for part in ("encoder", "decoder"):
    assert any(v.path in moved for v in getattr(vae, part).trainable_variables)
  result = vae.evaluate(x, y, return_dict=True, verbose=0)
  vae.save(tmp_path / "vae.keras")
  again = aevb.load(tmp_path / "vae.keras")
  assert again.evaluate(x, y, return_dict=True, verbose=0) == result
  given = {} if y is None else {"condition": 1}
  drawn = vae.sample(3, seed=1, **given)
  np.testing.assert_array_equal(again.sample(3, seed=1, **given), drawn)


COMPILED = [
  ("iaf", "maf", "bernoulli", {"name": "score_function"}),
  ("gamma", "vamp", "bernoulli", {"name": "piwae", "num_samples": 2}),
]


@pytest.mark.parametrize("hard", COMPILED, ids=lambda row: "-".join(row[:2]))
def test_the_hardest_compile(hard):
  x = compositions.data()
  results = []
  for options in ({"jit_compile": True}, {"run_eagerly": True, "jit_compile": False}):
    vae = compositions.vae(*hard)
    vae.compile(keras.optimizers.SGD(1e-2), **options)
    vae.fit(x, batch_size=2, epochs=1, shuffle=False, verbose=0)
    results.append(vae.get_weights())
  for compiled, eager in zip(*results, strict=True):
    np.testing.assert_allclose(compiled, eager, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("prior", ["mixture", "vamp", "maf"])
def test_densities_stay_float32_under_mixed_precision(prior):
  before = keras.mixed_precision.dtype_policy()
  keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
  try:
    vae = compositions.vae("iaf", prior, "bernoulli", {"name": "ciwae"})
  finally:
    keras.mixed_precision.set_dtype_policy(before)
  vae.compile(keras.optimizers.SGD(1e-3), run_eagerly=True, jit_compile=False)
  x = compositions.data()
  vae.fit(x, batch_size=2, verbose=0)
  assert vae.encoder(x).dtype == "bfloat16"
  assert vae.elbo(x, seed=0).dtype == tf.float32
  assert np.isfinite(np.asarray(vae.reconstruct(x), np.float32)).all()


def test_the_cover_has_every_member_and_is_small():
  rows = compositions.everything()
  cover = compositions.pairwise(rows)
  for i in range(4):
    assert {str(row[i]) for row in cover} == {str(row[i]) for row in rows}
  assert set(map(str, cover)) <= set(map(str, rows))
  assert len(cover) < len(rows) / 10


@pytest.mark.parametrize(
  "posterior, prior, bound, message",
  [
    ("gamma", "standard_normal", "sgvb", "gamma are positive.*prior='gamma'"),
    ("gaussian", "gamma", "sgvb", "Gaussian are real.*prior='standard_normal'"),
    (
      "laplace",
      "standard_normal",
      "sgvb",
      r"SGVB-B needs.*laplace.*SGVB\(estimator='A'",
    ),
    ("iaf", "maf", "sgvb", r"SGVB-B needs.*InverseAuto.*SGVB\(estimator='A'"),
    ("gaussian", "vamp", "sgvb", r"SGVB-B needs.*VampPrior.*SGVB\(estimator='A'"),
    ("full_gaussian", None, {"name": "sgvb", "free_bits": 0.1}, "sum over latents"),
  ],
)
def test_what_does_not_fit_is_refused_at_construction(posterior, prior, bound, message):
  with pytest.raises(ValueError, match=message):
    compositions.vae(posterior, prior, "bernoulli", bound)
