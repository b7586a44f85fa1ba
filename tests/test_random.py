import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aevb_tf import random
from tests import stats


def words(*values):
  return tuple(tf.constant(np.uint32(v).astype(np.int32)) for v in values)


# Random123's kat_vectors for threefry2x32-20: counter, key, answer.
@pytest.mark.parametrize(
  "counter, key, answer",
  [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
    (
      (0x243F6A88, 0x85A308D3),
      (0x13198A2E, 0x03707344),
      (0xC4923A9C, 0x483DF7A0),
    ),
  ],
)
def test_threefry_gives_the_published_vectors(counter, key, answer):
  out = random.threefry2x32(words(*key), words(*counter))
  assert tuple(int(word) & 0xFFFFFFFF for word in out) == answer


def test_seeds_of_ints_and_pairs():
  assert random.as_seed(1).numpy().tolist() == [0, 1]
  assert random.as_seed((1 << 32) + 5).numpy().tolist() == [1, 5]
  assert random.as_seed(-1).numpy().tolist() == [-1, -1]
  assert random.as_seed([3, -4]).numpy().tolist() == [3, -4]
  assert random.as_seed(np.int64(7)).numpy().tolist() == [0, 7]
  for bad in ("1", 1.5, True, [1, 2, 3], (1, 2.5), None):
    with pytest.raises(TypeError, match="an int or a pair of int32"):
      random.as_seed(bad)


@pytest.mark.parametrize("draw", [random.bits, random.uniform, random.normal])
@pytest.mark.parametrize("columns", [1, 2, 5])
def test_a_row_depends_only_on_seed_and_number(draw, columns):
  long = draw(3, tf.range(10), columns).numpy()
  np.testing.assert_array_equal(draw(3, tf.range(4), columns), long[:4])
  np.testing.assert_array_equal(draw(3, tf.constant([7, 2]), columns), long[[7, 2]])
  assert long.shape == (10, columns)
  assert len(np.unique(long)) == long.size
  assert not np.any(draw(4, tf.range(10), columns).numpy() == long)


@pytest.mark.parametrize("draw", [random.bits, random.uniform, random.normal])
@pytest.mark.parametrize("columns", range(1, 8))
@pytest.mark.parametrize("more", [1, 2, 5])
def test_a_wider_row_begins_with_the_first_half_of_the_narrower(draw, columns, more):
  narrow = draw(3, tf.range(10), columns).numpy()
  wide = draw(3, tf.range(10), columns + more).numpy()
  shared = -(-columns // 2)
  np.testing.assert_array_equal(wide[:, :shared], narrow[:, :shared])
  # One more column than an odd number takes a word that was cut off: all are the same.
  if (columns + more + 1) // 2 > shared:
    assert not np.any(wide[:, shared:columns] == narrow[:, shared:])


@pytest.mark.parametrize("jit", [False, True])
def test_bits_are_equal_eagerly_compiled_and_under_xla(jit):
  function = tf.function(lambda s: random.bits(s, tf.range(64), 8), jit_compile=jit)
  seed = random.as_seed(11)
  np.testing.assert_array_equal(function(seed), random.bits(seed, tf.range(64), 8))


@pytest.mark.parametrize("jit", [False, True])
def test_normals_agree_between_compilers(jit):
  function = tf.function(lambda s: random.normal(s, tf.range(512), 9), jit_compile=jit)
  seed = random.as_seed(11)
  eager = random.normal(seed, tf.range(512), 9).numpy()
  # Two units in the last place of numbers up to 5.3.
  np.testing.assert_allclose(function(seed), eager, atol=2**-20, rtol=0)


def test_uniforms_are_uniform_and_never_0_or_1(seeds):
  u = random.uniform(seeds(0), tf.range(20000), 5).numpy()
  assert 0.0 < u.min() and u.max() < 1.0
  stats.assert_ks(u.ravel(), scipy.stats.uniform.cdf)


def test_normals_are_normal(seeds):
  z = random.normal(seeds(1), tf.range(20000), 5).numpy()
  stats.assert_ks(z.ravel(), scipy.stats.norm.cdf)
  stats.assert_ks((z[:, 0] + z[:, 3]) / np.sqrt(2), scipy.stats.norm.cdf)
  stats.assert_ks((z[:-1, 1] - z[1:, 1]) / np.sqrt(2), scipy.stats.norm.cdf)


def test_normals_at_the_ends_of_their_bits():
  ends = tf.constant([0.5 - 2.0**22, -0.5, 0.5, 2.0**22 - 0.5]) * 2.0**-22
  z = np.sqrt(2.0) * random._erfinv(ends).numpy()
  exact = scipy.stats.norm.ppf(0.5 + 0.5 * ends.numpy().astype(np.float64))
  np.testing.assert_allclose(z, exact, rtol=3e-6)


def test_folded_seeds_differ_and_repeat():
  seeds = {tuple(random.fold_in(0, i).numpy()) for i in range(100)}
  assert len(seeds) == 100
  np.testing.assert_array_equal(random.fold_in(5, 3), random.fold_in(5, tf.constant(3)))


def test_samples_are_apart_and_more_begin_with_the_fewer():
  rows = tf.range(4)
  draw = lambda seed: random.normal(seed, rows, 3)  # noqa: E731
  few, many = random.per_sample(draw, 5, 0, 3), random.per_sample(draw, 5, 0, 8)
  np.testing.assert_array_equal(few, many[:3])
  np.testing.assert_array_equal(random.per_sample(draw, 5, 6, 2), many[6:])
  assert len(np.unique(many)) == many.shape.num_elements()


def test_samples_are_normal_across_samples(seeds):
  rows = tf.range(3)
  noises = random.per_sample(lambda s: random.normal(s, rows, 1), seeds(), 0, 5000)
  stats.assert_ks(noises[:, 1, 0], scipy.stats.norm.cdf)
