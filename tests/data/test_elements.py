"""Scaling and binarization: exact on every path, and with the right frequencies."""

import numpy as np
import pytest
import tensorflow as tf

from aevb_tf.data import ArrayDataset, elements
from tests import stats

LEVELS = np.arange(256, dtype=np.uint8).reshape(2, 128)


def _paths(function):
  """The function eagerly, as a graph, and under XLA."""
  return [function, tf.function(function), tf.function(function, jit_compile=True)]


def test_scaling_is_the_rounded_quotient_on_every_path():
  expected = LEVELS.astype(np.float32) / np.float32(255)
  for scale in _paths(elements.scale):
    np.testing.assert_array_equal(scale(tf.constant(LEVELS)).numpy(), expected)


def test_floats_are_not_scaled():
  x = tf.constant([[-3.0, 0.5, 7.0]])
  np.testing.assert_array_equal(elements.scale(x).numpy(), x.numpy())


@pytest.mark.parametrize("binarization", elements.BINARIZATIONS)
@pytest.mark.parametrize("shape", [(7, 5, 5, 1), (7, 3)])  # no multiples of 4
def test_every_path_gives_the_same_bits(binarization, shape):
  rng = np.random.default_rng(0)
  for x in (rng.integers(0, 256, shape, np.uint8), rng.random(shape, np.float32)):

    def element(x, rows, epoch, binarization=binarization):
      return elements.element(x, rows, epoch, 5, binarization)

    arguments = tf.constant(x), tf.range(len(x)), tf.constant(3)
    eager, graph, compiled = (path(*arguments).numpy() for path in _paths(element))
    np.testing.assert_array_equal(eager, graph)
    np.testing.assert_array_equal(eager, compiled)


def test_bits_depend_only_on_seed_epoch_and_row():
  x = tf.fill((6, 40), np.uint8(128))

  def draw(rows, epoch, seed):
    rows = tf.constant(rows, tf.int32)
    chosen = tf.gather(x, rows)
    return elements.element(chosen, rows, epoch, seed, "stochastic").numpy()

  whole = draw([0, 1, 2, 3, 4, 5], 2, 7)
  np.testing.assert_array_equal(draw([4, 1], 2, 7), whole[[4, 1]])
  assert (draw([0, 1, 2, 3, 4, 5], 3, 7) != whole).any(axis=1).all()
  assert (draw([0, 1, 2, 3, 4, 5], 2, 8) != whole).any(axis=1).all()
  assert len(np.unique(whole, axis=0)) == len(whole)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_frequencies(dtype, seeds):
  """z-test of each level's q / 256, at the failure rate of the suite."""
  levels = np.array([1, 64, 127, 128, 200, 254])
  if dtype == np.uint8:
    x, q = levels.astype(np.uint8), levels + (levels >= 128)
  else:
    x, q = (levels / 256).astype(np.float32), levels
  x = tf.tile(tf.constant(x)[tf.newaxis], (20_000, 1))
  drawn = elements.element(x, tf.range(20_000), 0, seeds(), "stochastic")
  stats.assert_mean(drawn.numpy(), q / 256)


def test_black_and_white_are_certain():
  for x in (np.uint8([[0, 255]]), np.float32([[0, 1]])):
    x = np.repeat(x, 5_000, axis=0)
    drawn = elements.element(tf.constant(x), tf.range(5_000), 0, 1, "stochastic")
    np.testing.assert_array_equal(drawn.numpy(), np.tile([0, 1], (5_000, 1)))


def test_probability_misses_by_at_most_one_in_512():
  q = elements._thresholds(tf.constant(LEVELS)).numpy()
  assert np.abs(q / 256 - LEVELS / 255).max() <= 1 / 512
  assert q.min() == 0 and q.max() == 256


def test_neighbouring_pixels_are_independent(seeds):
  x = tf.fill((20_000, 8), np.uint8(128))
  drawn = elements.draw(x, seeds(), tf.range(20_000)).numpy() - 129 / 256
  products = drawn[:, :1] * drawn[:, 1:]
  stats.assert_mean(products, np.zeros(7))


def test_fixed_is_drawn_once_and_kept_binary():
  x = np.full((3, 50), 128, np.uint8)
  first, again = (ArrayDataset(x, seed=2, binarization="fixed") for _ in range(2))
  assert set(np.unique(first.x)) == {0, 255}
  np.testing.assert_array_equal(first.x, again.x)
  np.testing.assert_array_equal(list(first)[0][0], list(first)[0][0])
  assert (ArrayDataset(x, seed=3, binarization="fixed").x != first.x).any()


def test_fixed_in_chunks_equals_fixed_at_once(monkeypatch):
  x = np.random.default_rng(0).random((10, 6), np.float32)
  whole = elements.binarize_once(x, 4)
  monkeypatch.setattr(elements, "_CHUNK_ROWS", 3)
  np.testing.assert_array_equal(elements.binarize_once(x, 4), whole)


def test_unknown_binarization():
  with pytest.raises(ValueError, match="stochastik.*Did you mean stochastic"):
    elements.check_binarization("stochastik")
